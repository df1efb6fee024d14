//! How many bytes a request and an answer have on the wire: as they are, with gzip, with Zstandard,
//! and with Zstandard and the dictionary. The messages are others than those that the dictionary
//! was made from.

use doorstep_benches::messages::Talk;
use doorstep_benches::{Subject, head, medians, row};
use doorstep_coding::{Chosen, Coding, DICTIONARIES, decode, encode};
use serde::Serialize;

/// Devices that are listened to; the table has the medians over them.
const TALKS: usize = 201;

const NOTES: &[&str] = &[
    "Nobody in. Lights on upstairs, television could be heard.",
    "Grandmother opened and said they are away until Friday.",
    "Letter put through the box, number on it.",
    "Phone goes straight to voicemail; message left.",
];

/// What is measured: messages of one kind, and by how many events their size is divided.
struct Kind {
    name: &'static str,
    events: usize,
    bodies: Vec<Vec<Vec<u8>>>,
}

fn main() {
    let codings: [(&str, Chosen); 4] = [
        ("none", Chosen::PLAIN),
        ("gzip", Chosen { coding: Coding::Gzip, dictionary: None }),
        ("zstd", Chosen { coding: Coding::Zstd, dictionary: None }),
        ("zstd + dictionary", Chosen::hopeful()),
    ];
    let mut cells = vec!["bytes (median; worst in brackets)"];
    cells.extend(codings.iter().map(|(name, _)| *name));
    head(&cells);
    for kind in kinds() {
        let mut cells = vec![kind.name.to_owned()];
        cells.extend(codings.iter().map(|(_, chosen)| sizes(&kind, *chosen)));
        row(&cells);
    }
    time();
}

fn kinds() -> Vec<Kind> {
    let mut kinds = Vec::new();
    for (name, events) in [
        ("push of one failed contact, request", 1),
        ("push of one event of any type, request", 1),
        ("push of 20, request, per event", 20),
        ("push of 100, request, per event", 100),
    ] {
        let bodies = talks().map(|(number, mut talk)| {
            let events = (0..events).map(|turn| {
                let only = name.contains("failed contact");
                if only { talk.record_failed_contact() } else { talk.record(number + turn) }
            });
            let events = events.collect();
            vec![json(&talk.request(events))]
        });
        kinds.push(Kind { name, events, bodies: bodies.collect() });
    }
    let both = talks().map(|(_, mut talk)| {
        let request = talk.request(Vec::new());
        vec![json(&request), json(&talk.answer(&request, 0))]
    });
    kinds.push(Kind { name: "nothing new: request and answer", events: 1, bodies: both.collect() });
    for (name, events) in [("answer to a push of one", 1), ("answer to a push of 20", 20)] {
        let bodies = talks().map(|(number, mut talk)| {
            let events = (0..events).map(|turn| talk.record(number + turn)).collect();
            let request = talk.request(events);
            vec![json(&talk.answer(&request, 0))]
        });
        kinds.push(Kind { name, events: 1, bodies: bodies.collect() });
    }
    kinds
}

fn talks() -> impl Iterator<Item = (usize, Talk)> {
    (0..TALKS).map(|number| (number, Talk::new(&format!("measuring {number}"), NOTES)))
}

fn sizes(kind: &Kind, chosen: Chosen) -> String {
    let size = |bodies: &Vec<Vec<u8>>| {
        let all: usize = bodies.iter().map(|body| encode(chosen, body.clone()).1.len()).sum();
        all.div_ceil(kind.events)
    };
    let mut sizes: Vec<_> = kind.bodies.iter().map(size).collect();
    sizes.sort_unstable();
    format!("{} ({})", sizes[sizes.len() / 2], sizes[sizes.len() - 1])
}

/// What coding costs beside writing the JSON, which is done in any case.
fn time() {
    let chosen = Chosen::hopeful();
    head(&["time", "write the JSON", "compress", "expand"]);
    for (name, events) in [("one event", 1), ("20 events", 20), ("500 events", 500)] {
        let mut talk = Talk::new("timing", NOTES);
        let events = (0..events).map(|turn| talk.record(turn)).collect();
        let request = talk.request(events);
        let plain = json(&request);
        let (_, coded) = encode(chosen, plain.clone());
        let mut subjects = [
            Subject::new("write", || json(&request)),
            Subject::new("compress", || encode(chosen, plain.clone())),
            Subject::new("expand", || decode(Coding::Zstd, &coded, plain.len()).map(|it| it.len())),
        ];
        let times = medians(&mut subjects, 301);
        let micros = |at: usize| format!("{:.1} µs", times[at].as_secs_f64() * 1e6);
        row(&[name.to_owned(), micros(0), micros(1), micros(2)]);
    }
    let dictionary = &DICTIONARIES[0];
    row(&[
        format!("dictionary {}", dictionary.id),
        format!("{} bytes", dictionary.bytes.len()),
        "-".to_owned(),
        "-".to_owned(),
    ]);
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("a message has only string keys")
}
