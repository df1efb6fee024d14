//! How long pages take and how large they are: from the request's last byte to the answer's last,
//! over a connection that is open, with the lines that the access log gets.

use std::net::SocketAddr;
use std::time::Duration;

use doorstep_benches::exchange::Connection;
use doorstep_benches::office::runtime;
use doorstep_benches::server::Server;
use doorstep_benches::{Stopwatch, head, ms, quantile, row};

use crate::town::Town;

/// How often each page is asked for; each time another child, where it is a child's.
const TIMES: usize = 300;

/// Measures the pages that a manager has open all day.
pub fn measure(town: &Town, server: &Server) {
    let (busy, manager) = (&town.busy_manager, &town.quiet_manager);
    let team = &town.quiet_children;
    let lines = town.office.look(|tx| tx.inbox(Some(town.busy_person)));
    let of_children = |rest: &str| team.iter().map(|id| format!("/children/{id}{rest}")).collect();
    let escalations = lines.iter().map(|line| format!("/escalations/{}", line.id)).collect();
    let cases: [(&str, &str, Vec<String>); 8] = [
        ("inbox with all that is open", busy, vec!["/inbox".to_owned()]),
        ("its team's, the last page", busy, vec!["/inbox?whose=team&page=99".to_owned()]),
        ("inbox with nothing open and a long past", manager, vec!["/inbox".to_owned()]),
        ("child", manager, of_children("")),
        ("child, to print", manager, of_children("/print")),
        ("escalation", busy, escalations),
        ("team", busy, vec!["/team".to_owned()]),
        ("numbers", busy, vec!["/numbers".to_owned()]),
    ];
    head(&["page", "median", "p95", "largest answer"]);
    for (name, cookie, paths) in cases {
        let (mut times, largest) = fetch(server.address, cookie, &paths);
        row(&[
            name.to_owned(),
            ms(quantile(&mut times, 0.5)),
            ms(quantile(&mut times, 0.95)),
            format!("{} KB", largest / 1000),
        ]);
    }
}

/// Asks for the pages in turn; how long each took, and the bytes of the largest.
fn fetch(address: SocketAddr, cookie: &str, paths: &[String]) -> (Vec<Duration>, usize) {
    runtime().block_on(async {
        let mut connection = Connection::open(address).await;
        let (mut times, mut largest) = (Vec::with_capacity(TIMES), 0);
        for path in paths.iter().cycle().take(TIMES) {
            let watch = Stopwatch::start();
            let answer = connection.get(path, cookie).await;
            times.push(watch.elapsed());
            let said = || String::from_utf8_lossy(answer.body);
            assert_eq!(answer.status, 200, "{path}: {}", said());
            largest = largest.max(answer.body.len());
        }
        (times, largest)
    })
}
