//! The words of the pages: Fluent messages in `wording/`, by key.

use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};

/// The files of the wording, with their names for messages about them.
pub const FILES: [(&str, &str); 5] = [
    ("app.ftl", include_str!("../wording/app.ftl")),
    ("child.ftl", include_str!("../wording/child.ftl")),
    ("device.ftl", include_str!("../wording/device.ftl")),
    ("record.ftl", include_str!("../wording/record.ftl")),
    ("today.ftl", include_str!("../wording/today.ftl")),
];

/// The words under a key, with what they speak of: `text!("today-more", count = 3)`.
macro_rules! text {
    ($key:expr) => {
        $crate::text::find($key, None)
    };
    ($key:expr, $($name:ident = $value:expr),+ $(,)?) => {{
        let mut values = fluent_bundle::FluentArgs::new();
        $(values.set(stringify!($name), $value);)+
        $crate::text::find($key, Some(&values))
    }};
}
pub(crate) use text;

/// The words under a key; the key itself where there are none, which a test rules out.
pub fn find(key: &str, values: Option<&FluentArgs<'_>>) -> String {
    let bundle = bundle();
    let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
        debug_assert!(false, "the wording has no \"{key}\"");
        return key.to_owned();
    };
    let mut errors = Vec::new();
    let words = bundle.format_pattern(pattern, values, &mut errors).into_owned();
    debug_assert!(errors.is_empty(), "the wording of \"{key}\" asks for more: {errors:?}");
    words
}

fn bundle() -> &'static FluentBundle<FluentResource> {
    static BUNDLE: OnceLock<FluentBundle<FluentResource>> = OnceLock::new();
    BUNDLE.get_or_init(|| {
        let english = "en-GB".parse().expect("the tag is a constant");
        let mut bundle = FluentBundle::new_concurrent(vec![english]);
        // The marks around values are for mixed directions of writing, and would be copied along.
        bundle.set_use_isolating(false);
        for (name, text) in FILES {
            // A broken line is left out, and the test of the keys tells which.
            let file = FluentResource::try_new(text.to_owned()).unwrap_or_else(|(file, errors)| {
                debug_assert!(errors.is_empty(), "{name}: {errors:?}");
                file
            });
            let added = bundle.add_resource(file);
            debug_assert!(added.is_ok(), "{name} has a key that is there already: {added:?}");
        }
        bundle
    })
}

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

    /// What may not be written: it blames a child or a parent, or speaks down (NA-2.1, NA-4.1).
    const FORBIDDEN: &[&str] = &[
        "attend",
        "dna",
        "fail to",
        "failed to",
        "refuse",
        "uncooperative",
        "non-compli",
        "hostile",
        "no show",
        "no-show",
        "missed appointment",
        "suspicious",
        "guilty",
        "neglectful",
        "blame",
        "at fault",
        "client",
        "manipulat",
        "hard to reach",
        "error code",
        "invalid",
        "illegal",
        "abort",
        "please",
        "sorry",
    ];

    /// The keys that have words.
    fn written() -> BTreeSet<String> {
        let lines = FILES.iter().flat_map(|(_, text)| text.lines());
        let keys = lines.filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()));
        keys.filter_map(|line| Some(line.split_once('=')?.0.trim().to_owned())).collect()
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
        let lines = FILES.iter().flat_map(|(_, text)| text.lines());
        let keys = lines.filter(|line| {
            line.starts_with(|c: char| c.is_ascii_lowercase()) && line.contains('=')
        });
        assert_eq!(keys.count(), written().len());
    }

    fn forbidden_in(text: &str) -> Vec<String> {
        let spoken = text.lines().filter(|line| !line.starts_with('#'));
        let words = spoken.map(|line| {
            let line = line.split_once(" = ").map_or(line, |(_, words)| words);
            line.to_lowercase()
        });
        words.filter(|line| FORBIDDEN.iter().any(|word| line.contains(word))).collect()
    }

    #[test]
    fn the_words_accuse_nobody() {
        for (name, text) in FILES {
            let found = forbidden_in(text);
            assert!(found.is_empty(), "{name}: {found:?}");
        }
        assert_eq!(
            forbidden_in(concat!("key = Amber did", " not attend\nother = Not seen")).len(),
            1
        );
        assert_eq!(forbidden_in("# A refused form\nrefused = Not asked in").len(), 0);
    }

    #[test]
    fn numbers_have_their_own_forms() {
        assert_eq!(text!("state-here", count = 1), "1 record on this device only");
        assert_eq!(text!("state-here", count = 2), "2 records on this device only");
        let none = text!("child-counts", failed = 0, no_access = 0);
        assert_eq!(none, "No failed contact since the child was last assured.");
    }
}
