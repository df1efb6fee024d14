//! What the manual says of the program is what the program says of itself.

use std::fmt::Write as _;
use std::fs;

use doorstep_sync_server::Config;
use doorstep_tests::tree;

const PAGE: &str = "docs/operations.md";
const BEGIN: &str = "<!-- begin: configuration -->\n";
const END: &str = "<!-- end: configuration -->";

fn configuration() -> String {
    let mut table = "| key | default | unit | meaning |\n|---|---|---|---|\n".to_owned();
    for key in Config::reference() {
        let default =
            if key.default.is_empty() { String::new() } else { format!("`{}`", key.default) };
        writeln!(table, "| `{}` | {default} | {} | {} |", key.name, key.unit, key.meaning)
            .expect("text can be written to a string");
    }
    table
}

#[test]
fn the_table_of_configuration_is_what_the_server_takes() {
    let page = tree::read(PAGE).text;
    let (before, rest) = page.split_once(BEGIN).expect("the page has the mark where it begins");
    let (table, after) = rest.split_once(END).expect("the page has the mark where it ends");
    let expected = configuration();
    if std::env::var_os(tree::GENERATE).is_some() {
        let page = format!("{before}{BEGIN}{expected}{END}{after}");
        fs::write(tree::root().join(PAGE), page).expect("the page can be written");
    } else {
        assert!(table == expected, "{PAGE} is out of date: run `make generate`");
    }
}
