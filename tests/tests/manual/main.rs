//! What the manual says of the program is what the program says of itself.

mod bad_input;
mod configuration;
mod policy;
mod security;
mod sync_protocol;

use std::fs;

use doorstep_tests::tree;

/// Compares what stands between two marks of a page with what is generated; writes it, where the
/// command that generates runs.
fn compare(page: &str, name: &str, generated: &str) {
    let (begin, end) = (format!("<!-- begin: {name} -->\n"), format!("<!-- end: {name} -->"));
    let text = tree::read(page).text;
    let (before, rest) = text.split_once(&begin).expect("the page has the mark where it begins");
    let (written, after) = rest.split_once(&end).expect("the page has the mark where it ends");
    if std::env::var_os(tree::GENERATE).is_some() {
        let text = format!("{before}{begin}{generated}{end}{after}");
        fs::write(tree::root().join(page), text).expect("the page can be written");
    } else {
        assert!(written == generated, "{page} is out of date: run `make generate`");
    }
}
