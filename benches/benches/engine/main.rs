//! The engine, from a record on a device to a server with a long past. `cargo bench --bench engine`
//! runs all of it in a few minutes; names after `--` choose, and `--full` takes the long ones.

mod first_sync;
mod growth;
mod ingest;
mod nine_o_clock;
mod record;

use doorstep_benches::server::be_the_server_if_asked;
use doorstep_benches::{asked, say, say_the_load};

/// Measures something and prints its table; in full, or quickly.
type Run = fn(bool);

/// Each benchmark by its name.
const ALL: [(&str, Run); 5] = [
    ("record", record::run),
    ("ingest", ingest::run),
    ("first-sync", first_sync::run),
    ("nine-o-clock", nine_o_clock::run),
    ("growth", growth::run),
];

fn main() {
    be_the_server_if_asked();
    let full = asked("--full");
    let chosen = ALL.iter().any(|(name, _)| asked(name));
    for (name, run) in ALL {
        if !chosen || asked(name) {
            say(&format!("\n## {name}"));
            say_the_load();
            run(full);
        }
    }
}
