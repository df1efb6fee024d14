//! The words of the console: Fluent messages in `wording/`, by key.

use doorstep_wording::Wording;

/// The files of the wording, with their names for messages about them.
pub const FILES: [(&str, &str); 7] = [
    ("child.ftl", include_str!("../../wording/child.ftl")),
    ("inbox.ftl", include_str!("../../wording/inbox.ftl")),
    ("numbers.ftl", include_str!("../../wording/numbers.ftl")),
    ("record.ftl", include_str!("../../wording/record.ftl")),
    ("set-up.ftl", include_str!("../../wording/set-up.ftl")),
    ("sign-in.ftl", include_str!("../../wording/sign-in.ftl")),
    ("team.ftl", include_str!("../../wording/team.ftl")),
];

/// The wording of the pages.
pub static WORDING: Wording = Wording::new(&FILES);

/// The words under a key, with what they speak of: `text!("kept-title")`.
macro_rules! text {
    ($($asked:tt)+) => {
        doorstep_wording::words!($crate::console::text::WORDING, $($asked)+)
    };
}
pub(crate) use text;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use doorstep_core::event::{AddressKnown, Known, NewAppointment, Referral, Subject};

    use super::*;
    use crate::console::record;

    fn sources(folder: &Path, into: &mut String) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, into);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let text = fs::read_to_string(path).unwrap();
                into.push_str(text.split("#[cfg(test)]\nmod tests").next().unwrap());
            }
        }
    }

    /// The keys that are put together from a beginning and a word.
    fn made() -> BTreeSet<String> {
        fn keys<T>(prefix: &str, all: &[T], word: impl Fn(&T) -> &str) -> Vec<String> {
            all.iter().map(|it| format!("{prefix}-{}", word(it))).collect()
        }
        let decisions = Subject::ALL.iter().flat_map(|on| record::decisions(*on));
        [
            record::Kind::all().map(|kind| format!("record-do-{}", kind.word())).collect(),
            decisions.map(|word| format!("record-decided-{word}")).collect(),
            keys("record-referral", Referral::ALL, |it| it.as_str()),
            keys("record-address", AddressKnown::ALL, |it| it.as_str()),
            keys("record-known", Known::ALL, |it| it.as_str()),
            keys("record-needs", Known::ALL, |it| it.as_str()),
            keys("record-appointment", NewAppointment::ALL, |it| it.as_str()),
            keys("record-found", &["confirmed", "corrected"], |it| it),
            keys("numbers-step", &["arrived", "told", "acknowledged"], |it| it),
            keys("inbox-show", &["open", "closed", "all"], |it| it),
        ]
        .concat()
        .into_iter()
        .collect()
    }

    /// Every text between quotation marks that looks like a key.
    fn quoted(source: &str) -> BTreeSet<String> {
        let is_key = |text: &&str| {
            text.starts_with(|c: char| c.is_ascii_lowercase())
                && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        };
        source.split('"').filter(is_key).map(str::to_owned).collect()
    }

    /// The keys that the source asks for by name.
    fn asked_for(source: &str) -> BTreeSet<String> {
        let calls = source.split("text!(").skip(1).map(str::trim_start);
        let literal = calls.filter_map(|rest| rest.strip_prefix('"'));
        literal.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect()
    }

    #[test]
    fn every_key_has_words_and_none_lies_unused() {
        let mut source = String::new();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        sources(&root.join("src/console"), &mut source);
        let written: BTreeSet<String> = WORDING.keys().into_iter().collect();
        assert_eq!(written.len(), WORDING.keys().len(), "a key is written twice");
        let made = made();
        let wanted: BTreeSet<_> = asked_for(&source).union(&made).cloned().collect();
        let missing: Vec<_> = wanted.difference(&written).collect();
        assert!(wanted.len() > 50 && missing.is_empty(), "without words: {missing:?}");
        let used: BTreeSet<_> = quoted(&source).union(&made).cloned().collect();
        let unused: Vec<_> = written.difference(&used).collect();
        assert!(unused.is_empty(), "unused: {unused:?}");
    }

    #[test]
    fn the_words_accuse_nobody() {
        assert_eq!(WORDING.accusing(), []);
    }
}
