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
    use std::path::Path;

    use doorstep_core::event::{
        AddressKnown, ArrangedBy, CommunicationNeed, ConcernLevel, Form, Known, NewAppointment,
        Question, Referral, Step,
    };

    use doorstep_wording::testing::{self, Gaps};

    use super::*;
    use crate::pages;

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

    #[test]
    fn every_key_has_words_and_none_lies_unused() {
        let source = testing::source(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"));
        let gaps = testing::gaps(&WORDING, &source, &made(), &[("row(", ""), ("(", "sync-")]);
        assert_eq!(gaps, Gaps::default());
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
