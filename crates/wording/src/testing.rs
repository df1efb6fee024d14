//! What does not fit between the words and the pages that ask for them, for the tests of whoever
//! draws pages. It reads their source.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use crate::Wording;

/// How a page's source asks for words: what stands before the quotation mark, and how the key
/// behind it begins.
pub type Mark = (&'static str, &'static str);

/// How every page asks for words.
const ASKS: Mark = ("text!(", "");

/// What does not fit.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Gaps {
    /// Keys that are asked for and have no words.
    pub missing: Vec<String>,
    /// Keys that have words and are not asked for.
    pub unused: Vec<String>,
    /// Keys that have words twice.
    pub twice: Vec<String>,
}

/// The pages' source: every Rust file under a folder, without its tests.
///
/// # Panics
/// Where the folder cannot be read.
pub fn source(folder: &Path) -> String {
    let mut text = String::new();
    let entries = fs::read_dir(folder).expect("the source is a folder");
    for entry in entries {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            text.push_str(&source(&path));
        } else if path.extension().is_some_and(|it| it == "rs") {
            let file = fs::read_to_string(&path).expect("a source file is text");
            text.push_str(file.split("#[cfg(test)]\nmod tests").next().unwrap_or_default());
        }
    }
    text
}

/// Compares. `made` are the keys that the pages put together, and `marks` are other ways in which
/// their source names one.
pub fn gaps(wording: &Wording, source: &str, made: &BTreeSet<String>, marks: &[Mark]) -> Gaps {
    let (mut written, mut twice) = (BTreeSet::new(), Vec::new());
    for key in wording.keys() {
        if !written.insert(key.clone()) {
            twice.push(key);
        }
    }
    let asked: BTreeSet<_> =
        marks.iter().chain([&ASKS]).flat_map(|of| named(source, *of)).collect();
    let without = |key: &&String| !written.contains(*key);
    let quoted = quoted(source);
    let idle = |key: &&String| !made.contains(*key) && !quoted.contains(key.as_str());
    Gaps {
        missing: asked.union(made).filter(without).cloned().collect(),
        unused: written.iter().filter(idle).cloned().collect(),
        twice,
    }
}

/// The keys that the source names after this mark.
fn named(source: &str, (mark, prefix): Mark) -> Vec<String> {
    let begins = format!("\"{prefix}");
    let after = source.split(mark).skip(1).map(str::trim_start);
    let rest = after.filter_map(|rest| rest.strip_prefix(begins.as_str()));
    rest.filter_map(|rest| Some(format!("{prefix}{}", rest.split('"').next()?))).collect()
}

/// Every text between quotation marks that looks like a key.
fn quoted(source: &str) -> BTreeSet<&str> {
    let is_key = |text: &&str| {
        text.starts_with(|c: char| c.is_ascii_lowercase())
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
    };
    source.split('"').filter(is_key).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    static WORDING: Wording = Wording::new(&[(
        "test.ftl",
        "seen = Seen\nkind-a = A\nrow-b = B\nidle = Nobody asks\nseen = Again\n",
    )]);

    #[test]
    fn every_gap_is_found() {
        let source =
            "text!(\"seen\") text!(\n  \"gone\", x = 1) row(\"row-b\") row(\"other\") \"kind\"";
        let made = ["kind-a", "kind-c"].map(str::to_owned).into();
        let gaps = gaps(&WORDING, source, &made, &[("row(", "row-")]);
        assert_eq!(gaps.missing, ["gone", "kind-c"]);
        assert_eq!(gaps.unused, ["idle"]);
        assert_eq!(gaps.twice, ["seen"]);
    }
}
