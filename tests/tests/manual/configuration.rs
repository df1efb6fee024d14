//! `docs/operations.md`: the table of configuration.

use std::fmt::Write as _;

use doorstep_sync_server::Config;

#[test]
fn the_table_of_configuration_is_what_the_server_takes() {
    let mut table = "| key | default | unit | meaning |\n|---|---|---|---|\n".to_owned();
    for key in Config::reference() {
        let default =
            if key.default.is_empty() { String::new() } else { format!("`{}`", key.default) };
        writeln!(table, "| `{}` | {default} | {} | {} |", key.name, key.unit, key.meaning)
            .expect("text can be written to a string");
    }
    crate::compare("docs/operations.md", "configuration", &table);
}
