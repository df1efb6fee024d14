//! `docs/policy.md`: the table of clauses, and the example of an organisation's own pack.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;

use doorstep_core::policy::scenario::{self, Scenario};
use doorstep_core::policy::{Clause, Policy, upheld_by};
use doorstep_tests::tree;

/// How many scenarios a row names before it only counts them.
const NAMED_MAX: usize = 4;

#[test]
fn the_table_of_clauses_is_what_packs_code_and_scenarios_say() {
    let functions = functions();
    let scenarios = scenarios();
    let mut table =
        "| clause | what it says | function | scenarios |\n|---|---|---|---|\n".to_owned();
    for clause in Policy::built_in().packs().newest().flat_map(|pack| pack.clauses.iter()) {
        let function = functions.get(&*clause.id.0).map_or(upheld_by(clause), String::as_str);
        let named = named(clause, &scenarios);
        writeln!(table, "| {} | {} | {function} | {named} |", clause.id, says(clause))
            .expect("text can be written to a string");
    }
    crate::compare("docs/policy.md", "clauses", &table);
}

fn says(clause: &Clause) -> String {
    let words = clause.question.as_deref().unwrap_or(&clause.sentence);
    let limit = clause.limit.map(|limit| format!(", {}", limit.in_words())).unwrap_or_default();
    match clause.kind.as_str() {
        "duty" => format!("{words} *({}: {}{limit})*", clause.modality, clause.owner),
        kind => format!("{words} *({kind})*"),
    }
}

/// The function of each clause, as its source names it; for the others, where they are upheld.
fn functions() -> BTreeMap<String, String> {
    let mut functions = BTreeMap::new();
    for file in ["no_access.rs", "failure_to_gain_access.rs"] {
        let source = tree::read(&format!("crates/core/src/policy/clauses/{file}")).text;
        for line in source.lines().filter(|line| line.trim_start().starts_with("(\"")) {
            let mut quoted = line.split('"').skip(1);
            let Some(id) = quoted.next() else { continue };
            let named = line.split_once("InEpisode(").or_else(|| line.split_once("Overall("));
            let name = named.and_then(|(_, rest)| rest.split(')').next());
            if let Some(name) = name {
                functions.insert(id.to_owned(), format!("`{name}`"));
            }
        }
    }
    functions
}

fn scenarios() -> Vec<(String, Scenario)> {
    let mut found = Vec::new();
    collect(&tree::root().join("schema/policy/scenarios"), &mut found);
    found.sort_by(|(one, _), (other, _)| one.cmp(other));
    found
}

fn collect(folder: &Path, found: &mut Vec<(String, Scenario)>) {
    for entry in std::fs::read_dir(folder).expect("the folder can be read") {
        let path = entry.expect("the folder can be read").path();
        if path.is_dir() {
            collect(&path, found);
            continue;
        }
        let text = std::fs::read_to_string(&path).expect("the scenario can be read");
        let name = path.file_stem().expect("a file has a name").to_string_lossy().into_owned();
        let scenario = scenario::read(&text).unwrap_or_else(|fault| panic!("{name}: {fault}"));
        found.push((name, scenario));
    }
}

fn named(clause: &Clause, scenarios: &[(String, Scenario)]) -> String {
    let names: Vec<&str> = scenarios
        .iter()
        .filter(|(_, scenario)| scenario.clauses().contains(&*clause.id.0))
        .map(|(name, _)| name.as_str())
        .collect();
    let (first, rest) = names.split_at(names.len().min(NAMED_MAX));
    let more = if rest.is_empty() { String::new() } else { format!(" and {} more", rest.len()) };
    format!("{}{more}", first.join(", "))
}

#[test]
fn every_clause_is_pinned_down_by_a_scenario() {
    use doorstep_core::policy::Coverage;
    let mut coverage = Coverage::of(&Policy::built_in());
    for (_, scenario) in scenarios() {
        coverage.add(&scenario);
    }
    let missing: Vec<String> = coverage
        .rows()
        .flat_map(|(clause, states)| {
            let missing = states.iter().filter(|(_, reached)| !**reached);
            missing.map(move |(state, _)| format!("{clause} {state}"))
        })
        .collect();
    assert!(missing.is_empty(), "no scenario pins down: {}", missing.join(", "));
}

#[test]
fn the_example_of_an_own_pack_is_taken_into_use() {
    let mut policy = Policy::built_in();
    let page = tree::read("docs/policy.md").text;
    let (_, rest) = page.split_once("```toml\n").expect("the page shows a pack");
    let (pack, _) = rest.split_once("```").expect("the example ends");
    let reference = policy.adopt(pack).unwrap_or_else(|refusal| panic!("{refusal}"));
    assert_eq!(&*reference.id, "exampleshire-failure-to-gain-access");
}
