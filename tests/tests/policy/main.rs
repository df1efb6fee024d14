//! Packs of an organisation's own that must not be taken into use, each with the sentence that says
//! why (GA-0.2).

use std::fs;

use doorstep_core::policy::{Policy, PolicyDocument};
use doorstep_tests::tree;

#[test]
fn every_weaker_pack_is_refused_with_its_sentence() {
    let folder = tree::root().join("tests/tests/policy/weaker");
    let mut refused = 0;
    for entry in fs::read_dir(folder).expect("the folder is there") {
        let file = entry.expect("the folder can be read").path();
        let pack = fs::read_to_string(&file).expect("the pack can be read");
        let sentence = pack.lines().next().and_then(|line| line.strip_prefix("# refused: "));
        let sentence = sentence.expect("the first line says why the pack is refused").to_owned();
        let mut policy = Policy::built_in();
        let refusal = policy.adopt(&pack).expect_err("the pack is weaker").to_string();
        assert!(refusal.contains(&sentence), "{}: {refusal}", file.display());
        let document = PolicyDocument { packs: vec![pack], ..PolicyDocument::default() };
        assert!(Policy::of(&document).is_err(), "{}", file.display());
        refused += 1;
    }
    assert!(refused >= 12, "the packs are there");
}
