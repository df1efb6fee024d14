//! The words of the pages: Fluent messages in `wording/`, by key.

use doorstep_wording::Wording;

/// The files of the wording, with their names for messages about them.
pub const FILES: [(&str, &str); 5] = [
    ("app.ftl", include_str!("../wording/app.ftl")),
    ("child.ftl", include_str!("../wording/child.ftl")),
    ("device.ftl", include_str!("../wording/device.ftl")),
    ("record.ftl", include_str!("../wording/record.ftl")),
    ("today.ftl", include_str!("../wording/today.ftl")),
];

/// The wording of the pages.
pub static WORDING: Wording = Wording::new(&FILES);

/// The words under a key, with what they speak of: `text!("today-more", count = 3)`.
macro_rules! text {
    ($($asked:tt)+) => {
        doorstep_wording::words!($crate::text::WORDING, $($asked)+)
    };
}
pub(crate) use text;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use doorstep_core::event::{
        AddressKnown, ArrangedBy, CommunicationNeed, ConcernLevel, Form, Known, NewAppointment,
        Question, Referral, Step,
    };

    use super::*;
    use crate::pages;

    /// The keys that have words.
    fn written() -> BTreeSet<String> {
        WORDING.keys().into_iter().collect()
    }

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

    /// Every text between quotation marks that looks like a key.
    fn quoted(source: &str) -> BTreeSet<String> {
        let is_key = |text: &&str| {
            text.starts_with(|c: char| c.is_ascii_lowercase())
                && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
        };
        source.split('"').filter(is_key).map(str::to_owned).collect()
    }

    /// The keys that are put together from a beginning and a word.
    fn made() -> BTreeSet<String> {
        fn keys<T>(prefix: &str, all: &[T], word: impl Fn(&T) -> &str) -> Vec<String> {
            all.iter().map(|it| format!("{prefix}-{}", word(it))).collect()
        }
        let questions = Question::ALL.iter().map(|it| it.as_str().replace('.', "-"));
        let states =
            ["on-this-device", "received", "backed-up", "needs-you", "corrected", "dismissed"];
        [
            pages::wording_keys(),
            questions.map(|word| format!("question-{word}")).collect(),
            keys("record-state", &states, |word| word),
            keys("result", Form::ALL, |it| it.as_str()),
            keys("step", Step::ALL, |it| it.as_str()),
            keys("do-step", Step::ALL, |it| it.as_str()),
            keys("concern", ConcernLevel::ALL, |it| it.as_str()),
            keys("need", CommunicationNeed::ALL, |it| it.as_str()),
            keys("needs", Known::ALL, |it| it.as_str()),
            keys("known", Known::ALL, |it| it.as_str()),
            keys("address", AddressKnown::ALL, |it| it.as_str()),
            keys("appointment", NewAppointment::ALL, |it| it.as_str()),
            keys("referral", Referral::ALL, |it| it.as_str()),
            keys("arranged", ArrangedBy::ALL, |it| it.as_str()),
            keys("records", &["correct", "withdraw"], |word| word),
            keys("found", &["confirmed", "corrected"], |word| word),
        ]
        .concat()
        .into_iter()
        .collect()
    }

    /// The keys that the source asks for by name.
    fn asked_for(source: &str) -> BTreeSet<String> {
        let after = |mark: &str| {
            let calls = source.split(mark).skip(1);
            calls.filter_map(|rest| rest.split('"').next()).map(str::to_owned).collect::<Vec<_>>()
        };
        let keys = ["text!(\"", "text!(\n        \"", "row(\"", "(\"sync-"];
        let found = keys.iter().flat_map(|mark| {
            let prefix = if mark.ends_with("sync-") { "sync-" } else { "" };
            after(mark).into_iter().map(move |key| format!("{prefix}{key}"))
        });
        found.collect()
    }

    #[test]
    fn every_key_has_words_and_none_lies_unused() {
        let mut source = String::new();
        sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut source);
        let (written, made) = (written(), made());
        let wanted: BTreeSet<_> = asked_for(&source).union(&made).cloned().collect();
        let missing: Vec<_> = wanted.difference(&written).collect();
        assert!(wanted.len() > 200 && missing.is_empty(), "without words: {missing:?}");
        let used: BTreeSet<_> = quoted(&source).union(&made).cloned().collect();
        let unused: Vec<_> = written.difference(&used).collect();
        assert!(unused.is_empty(), "unused: {unused:?}");
    }

    #[test]
    fn no_key_is_written_twice() {
        assert_eq!(WORDING.keys().len(), written().len());
    }

    #[test]
    fn the_words_accuse_nobody() {
        assert_eq!(WORDING.accusing(), []);
    }

    #[test]
    fn numbers_have_their_own_forms() {
        assert_eq!(text!("state-here", count = 1), "1 record on this device only");
        assert_eq!(text!("state-here", count = 2), "2 records on this device only");
        let none = text!("child-counts", failed = 0, no_access = 0);
        assert_eq!(none, "No failed contact since the child was last assured.");
    }
}
