//! The words of the console: Fluent messages in `wording/`, by key.

use doorstep_wording::Wording;
use doorstep_wording::fluent_bundle::FluentArgs;
use maud::{Markup, html};

/// The files of the wording, with their names for messages about them.
pub const FILES: [(&str, &str); 15] = [
    ("access.ftl", include_str!("../../wording/access.ftl")),
    ("child.ftl", include_str!("../../wording/child.ftl")),
    ("devices.ftl", include_str!("../../wording/devices.ftl")),
    ("escalation.ftl", include_str!("../../wording/escalation.ftl")),
    ("inbox.ftl", include_str!("../../wording/inbox.ftl")),
    ("notices.ftl", include_str!("../../wording/notices.ftl")),
    ("numbers.ftl", include_str!("../../wording/numbers.ftl")),
    ("page.ftl", include_str!("../../wording/page.ftl")),
    ("policy.ftl", include_str!("../../wording/policy.ftl")),
    ("quarantine.ftl", include_str!("../../wording/quarantine.ftl")),
    ("record.ftl", include_str!("../../wording/record.ftl")),
    ("set-up.ftl", include_str!("../../wording/set-up.ftl")),
    ("sign-in.ftl", include_str!("../../wording/sign-in.ftl")),
    ("team.ftl", include_str!("../../wording/team.ftl")),
    ("visits.ftl", include_str!("../../wording/visits.ftl")),
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

/// What stands on both sides of a value's number in words that were not put together yet. No words
/// hold it.
const MARK: char = '\u{E000}';

/// The words under a key with parts that are more than words: links, instants, bold names.
pub fn put_together(key: &str, values: &[(&'static str, Markup)]) -> Markup {
    let mut places = FluentArgs::new();
    for (number, (name, _)) in values.iter().enumerate() {
        places.set(*name, format!("{MARK}{number}{MARK}"));
    }
    let words = WORDING.find(key, Some(&places));
    html! {
        @for (place, part) in words.split(MARK).enumerate() {
            @match part.parse::<usize>().ok().filter(|_| place % 2 == 1) {
                Some(number) => (values[number].1),
                None => (part),
            }
        }
    }
}

/// The words under a key, with parts that may be more than words:
/// `rich!("chain-heard", when = parts::instant(at, &words))`.
macro_rules! rich {
    ($key:expr, $($name:ident = $value:expr),+ $(,)?) => {
        $crate::console::text::put_together(
            $key, &[$((stringify!($name), maud::html! { ($value) })),+]
        )
    };
}
pub(crate) use rich;

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::Path;

    use doorstep_core::event::{AddressKnown, Known, NewAppointment, Referral, Subject};

    use doorstep_wording::testing::{self, Gaps};

    use super::*;
    use crate::console::record;
    use crate::store::accounts::Happening;

    /// What the inbox warns of.
    const EMERGENCY: [Happening; 3] =
        [Happening::EmergencyOpened, Happening::EmergencyUsed, Happening::EmergencyEnded];

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
            keys("happened", Happening::ALL, |it| it.as_str()),
            keys("happened-inbox", &EMERGENCY, |it| it.as_str()),
            keys("inbox-show", &["open", "closed", "all"], |it| it),
        ]
        .concat()
        .into_iter()
        .collect()
    }

    #[test]
    fn every_key_has_words_and_none_lies_unused() {
        let source = testing::source(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src/console"));
        let gaps = testing::gaps(&WORDING, &source, &made(), &[("rich!(", "")]);
        assert_eq!(gaps, Gaps::default());
    }

    /// Texts that are no words for people, though they look like some: of headers and drawings, of
    /// the log, and of pages for programmers.
    fn is_for_machines(file: &str, literal: &str) -> bool {
        const FOR_PROGRAMMERS: [&str; 4] =
            ["reference.rs", "accounts.rs", "emergency.rs", "password.rs"];
        const NO_WORDS: [&str; 12] = [
            "access log given",
            "child, to print",
            "doorstep second factor",
            "import what the files say",
            "protected address",
            "protection of the address",
            "set aside",
            "opened outside allocation",
            "Saturday",
            "Sunday",
            "Max-Age",
            "Secure",
        ];
        const BEGINNINGS: [&str; 9] = [
            "refused: ",
            "text/",
            "public, ",
            "govuk-",
            "ds-",
            "attachment; ",
            "doorstep-",
            "; ",
            "__Host-",
        ];
        FOR_PROGRAMMERS.contains(&file)
            || NO_WORDS.iter().any(|it| literal.trim_end_matches("\\n") == *it)
            || BEGINNINGS.iter().any(|it| literal.starts_with(it))
    }

    /// Whether a text is words for people: a capital letter and more behind it, or two words.
    fn is_words(literal: &str) -> bool {
        let mut words = literal.split(' ').filter(|word| {
            let letters = word.chars().filter(|c| c.is_alphabetic() && c.is_lowercase()).count();
            letters > 1 && word.chars().all(|c| c.is_alphabetic() || ",.;:!?’'“”()".contains(c))
        });
        let first = literal.trim_start().chars().next();
        let begins = first.is_some_and(char::is_uppercase) && literal.len() > 1;
        let count = words.by_ref().count();
        count > 1 || (begins && count > 0)
    }

    /// The texts between quotation marks, each with what stands before it on its line.
    fn literals(source: &str) -> Vec<(String, String)> {
        let mut found = Vec::new();
        for line in source
            .lines()
            .filter(|line| !line.trim_start().starts_with("//") && !line.contains("tracing::"))
        {
            let mut rest = line.split('"');
            let mut before = rest.next().unwrap_or_default().to_owned();
            while let (Some(literal), Some(after)) = (rest.next(), rest.next()) {
                found.push((before.clone(), literal.to_owned()));
                after.clone_into(&mut before);
            }
        }
        found
    }

    /// What stands before a text that nobody reads on a page.
    const NOT_ON_PAGES: [&str; 14] = [
        "expect(",
        "reason = ",
        "#[error(",
        "assert",
        "tracing::",
        "what: ",
        ".",
        "=",
        "strip_prefix(",
        "starts_with(",
        "target: ",
        "include_str!(",
        "event(",
        "with(",
    ];

    /// Attributes that are read out or shown.
    const SPOKEN: [&str; 4] = ["aria-label=", "alt=", "title=", "placeholder="];

    /// The words for people that stand in a source file instead of the wording.
    fn plain_words(file: &str, source: &str) -> Vec<String> {
        let on_page = |(before, literal): &(String, String)| {
            let before = before.trim_end();
            let spoken = SPOKEN.iter().any(|it| before.ends_with(it));
            let elsewhere = NOT_ON_PAGES.iter().any(|it| before.ends_with(it.trim_end()));
            is_words(literal) && !is_for_machines(file, literal) && (spoken || !elsewhere)
        };
        let found = literals(source).into_iter().filter(on_page);
        found.map(|(_, literal)| format!("{file}: {literal}")).collect()
    }

    #[test]
    fn every_word_on_a_page_stands_in_the_wording() {
        let mut found = Vec::new();
        let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/console");
        for folder in [root.clone(), root.join("record")] {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                let Ok(text) = fs::read_to_string(&path) else { continue };
                let source = text.split("#[cfg(test)]\nmod tests").next().unwrap();
                found.extend(plain_words(&path.file_name().unwrap().to_string_lossy(), source));
            }
        }
        assert!(found.is_empty(), "{found:#?}");
        let planted = "html! { p { \"Nobody answered\" } a aria-label=\"Go on\" { \"Inbox\" } }";
        assert_eq!(plain_words("planted.rs", planted).len(), 3);
    }

    #[test]
    fn the_words_accuse_nobody() {
        assert_eq!(WORDING.accusing(), []);
    }
}
