//! The words of pages: Fluent messages by key. Whoever draws pages brings its own files; this finds
//! the words in them, and knows which words may never be written.

#[cfg(any(test, feature = "testing"))]
pub mod testing;

use std::sync::OnceLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource};

pub use fluent_bundle;

/// The wording of one set of pages.
pub struct Wording {
    files: &'static [(&'static str, &'static str)],
    bundle: OnceLock<FluentBundle<FluentResource>>,
}

impl Wording {
    /// The wording in these files: each its name, for messages about it, and its text.
    pub const fn new(files: &'static [(&'static str, &'static str)]) -> Self {
        Self { files, bundle: OnceLock::new() }
    }

    /// The words under a key; the key itself where there are none, which a test rules out.
    pub fn find(&self, key: &str, values: Option<&FluentArgs<'_>>) -> String {
        let bundle = self.bundle();
        let Some(pattern) = bundle.get_message(key).and_then(|message| message.value()) else {
            debug_assert!(false, "the wording has no \"{key}\"");
            return key.to_owned();
        };
        let mut errors = Vec::new();
        let words = bundle.format_pattern(pattern, values, &mut errors).into_owned();
        debug_assert!(errors.is_empty(), "the wording of \"{key}\" asks for more: {errors:?}");
        words
    }

    /// Whether there are words under a key.
    pub fn has(&self, key: &str) -> bool {
        self.bundle().has_message(key)
    }

    /// The keys that have words, in the order of the files; one that is written twice comes twice.
    pub fn keys(&self) -> Vec<String> {
        let lines = self.files.iter().flat_map(|(_, text)| text.lines());
        let keys = lines.filter(|line| line.starts_with(|c: char| c.is_ascii_lowercase()));
        keys.filter_map(|line| Some(line.split_once('=')?.0.trim().to_owned())).collect()
    }

    /// The lines that accuse somebody or speak down, each with the name of its file.
    pub fn accusing(&self) -> Vec<(&'static str, String)> {
        let found = self.files.iter().map(|(name, text)| (*name, accusing(text)));
        found.flat_map(|(name, lines)| lines.into_iter().map(move |line| (name, line))).collect()
    }

    fn bundle(&self) -> &FluentBundle<FluentResource> {
        self.bundle.get_or_init(|| {
            let english = "en-GB".parse().expect("the tag is a constant");
            let mut bundle = FluentBundle::new_concurrent(vec![english]);
            // The marks around values are for mixed directions of writing, and would be copied.
            bundle.set_use_isolating(false);
            for (name, text) in self.files {
                // A broken line is left out, and the test of the keys tells which.
                let file =
                    FluentResource::try_new((*text).to_owned()).unwrap_or_else(|(file, errors)| {
                        debug_assert!(errors.is_empty(), "{name}: {errors:?}");
                        file
                    });
                let added = bundle.add_resource(file);
                debug_assert!(added.is_ok(), "{name} has a key that is there already: {added:?}");
            }
            bundle
        })
    }
}

/// The words under a key of a [`Wording`], with what they speak of:
/// `words!(WORDING, "today-more", count = 3)`.
#[macro_export]
macro_rules! words {
    ($wording:expr, $key:expr) => {
        $wording.find($key, None)
    };
    ($wording:expr, $key:expr, $($name:ident = $value:expr),+ $(,)?) => {{
        let mut values = $crate::fluent_bundle::FluentArgs::new();
        $(values.set(stringify!($name), $value);)+
        $wording.find($key, Some(&values))
    }};
}

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

fn accusing(text: &str) -> Vec<String> {
    let spoken = text.lines().filter(|line| !line.starts_with('#'));
    let words = spoken.map(|line| {
        let line = line.split_once(" = ").map_or(line, |(_, words)| words);
        line.to_lowercase()
    });
    words.filter(|line| FORBIDDEN.iter().any(|word| line.contains(word))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    static WORDING: Wording = Wording::new(&[(
        "test.ftl",
        "# A refused form\nseen = Seen\nrefused = Not asked in\nleft =\n    { $count ->\n        \
         [one] 1 hour left\n       *[other] { $count } hours left\n    }\n",
    )]);

    #[test]
    fn numbers_have_their_own_forms() {
        assert_eq!(words!(WORDING, "left", count = 1), "1 hour left");
        assert_eq!(words!(WORDING, "left", count = 2), "2 hours left");
        assert_eq!(words!(WORDING, "seen"), "Seen");
        assert!(WORDING.has("left") && !WORDING.has("right"));
    }

    #[test]
    fn words_that_accuse_are_found_and_keys_and_comments_are_not_words() {
        assert_eq!(WORDING.accusing(), []);
        assert_eq!(WORDING.keys(), ["seen", "refused", "left"]);
        let lines = accusing(concat!("key = Amber did", " not attend\nother = Not seen"));
        assert_eq!(lines.len(), 1);
    }
}
