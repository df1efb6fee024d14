//! The managers' pages over a large organisation: 50,000 children with 40 events each, 500 open
//! escalations, and 10,000 limits that pass at 17:00. `cargo bench --bench console -- --full` takes
//! all of them and needs a quarter of an hour and 4 GB; without `--full` it is a fiftieth.

mod five_o_clock;
mod live;
mod pages;
mod town;

use doorstep_benches::server::{Server, be_the_server_if_asked};
use doorstep_benches::{Stopwatch, asked, mb, ms, say, say_the_load};

use town::Town;

fn main() {
    be_the_server_if_asked();
    let people = if asked("--full") { 2_500 } else { 50 };
    say("\n## console");
    say_the_load();
    let watch = Stopwatch::start();
    let mut town = Town::found(people);
    say(&format!("{}, made in {}", town.figures(), ms(watch.elapsed())));
    let watch = Stopwatch::start();
    let server = Server::start(town.office.folder());
    server.wait_for_first_sweep();
    say(&format!("every child was assessed again after the start in {}\n", ms(watch.elapsed())));
    pages::measure(&town, &server);
    live::measure(&mut town, &server);
    say(&format!("\npeak memory {}", mb(server.usage().memory_peak)));
    drop(server);
    five_o_clock::measure(&mut town);
}
