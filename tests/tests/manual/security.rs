//! `docs/security.md`: the table of what OWASP ASVS asks for names tests that are there.

use std::collections::BTreeSet;

use doorstep_tests::tree::{self, TextFile};

/// What is wrong with the table: a row without a test says why there is none.
fn faults(table: &str, tests: &BTreeSet<String>) -> Vec<String> {
    let mut faults = Vec::new();
    let mut before = Vec::new();
    for row in table.lines().filter(|line| line.starts_with("| V")) {
        let cells: Vec<_> = row.split('|').map(str::trim).collect();
        let [_, id, _, place, test, _] = cells.as_slice() else {
            faults.push(format!("not five cells: {row}"));
            continue;
        };
        let parts = id.trim_start_matches('V').split('.');
        let number: Vec<u32> = parts.filter_map(|part| part.parse().ok()).collect();
        if number.len() != 3 || number <= before {
            faults.push(format!("{id}: out of its order, or no requirement"));
        }
        before = number;
        if *test == "–" {
            if place.is_empty() {
                faults.push(format!("{id}: neither a test nor a word"));
            }
        } else {
            let named = test.split(", ").map(|test| test.trim_matches('`'));
            let missing = named.filter(|test| !tests.contains(*test));
            faults.extend(missing.map(|test| format!("{id}: there is no test {test}")));
        }
    }
    faults
}

/// The functions that are tests, by name.
fn tests(files: &[TextFile]) -> BTreeSet<String> {
    let mut found = BTreeSet::new();
    for file in files.iter().filter(|file| file.has_extension(&["rs"])) {
        let mut is_test = false;
        for (_, line) in file.numbered() {
            let line = line.trim();
            if line.starts_with("#[test]") || line.starts_with("#[tokio::test") {
                is_test = true;
            } else if let Some((_, rest)) = line.split_once("fn ").filter(|_| is_test) {
                found.extend(rest.split('(').next().map(str::to_owned));
                is_test = false;
            }
        }
    }
    found
}

#[test]
fn every_test_that_the_table_of_requirements_names_is_there() {
    let page = tree::read("docs/security.md").text;
    let (_, table) = page.split_once("## OWASP ASVS").expect("the page has the table");
    let tests = tests(&tree::files());
    assert!(table.lines().filter(|line| line.starts_with("| V")).count() > 80);
    assert_eq!(faults(table, &tests), [""; 0]);
    let planted = "| V1.2.1 | a | b | `no_such_test` |\n| V1.1.1 | a | | – |\n| V2 | a |";
    assert_eq!(faults(planted, &tests).len(), 4);
}
