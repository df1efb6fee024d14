//! Makes a dictionary of the protocol: `cargo run -p doorstep-benches --bin train-dictionary 40002`
//! writes `schema/wire/40002.dict`. The same code and the same version of Zstandard give the same
//! bytes; a dictionary that was released is never made again, but gets a successor.

use std::fs;
use std::io;
use std::path::Path;

use doorstep_benches::messages::Talk;
use serde::Serialize;

/// The size of the file. A larger one finds little more, and points further back each time.
const BYTES: usize = 6 * 1024;
/// Devices that are listened to.
const TALKS: usize = 150;

const NOTES: &[&str] = &[
    "No answer at the door; curtains drawn.",
    "Rang twice, left a card.",
    "Spoke to a neighbour, who has not seen the family this week.",
    "Text message sent; no reply yet.",
    "Will call again tomorrow morning.",
    "Seen at school, well and talkative.",
];

fn main() -> io::Result<()> {
    let number = std::env::args().nth(1).and_then(|number| number.parse::<u32>().ok());
    let number = number.filter(|number| (32_768..=65_535).contains(number));
    let number = number
        .ok_or_else(|| io::Error::other("say the dictionary's number, between 32768 and 65535"))?;
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("../schema/wire/{number}.dict"));
    if file.metadata().is_ok_and(|metadata| metadata.len() > 0) {
        return Err(io::Error::other("this dictionary is there already and never changes"));
    }
    let trained = zstd::dict::from_samples(&samples(), BYTES)?;
    let mut dictionary = tables(&trained)?.to_vec();
    dictionary.extend(content());
    // The number stands behind the four bytes that say what the file is (RFC 8878, section 5).
    dictionary[4..8].copy_from_slice(&number.to_le_bytes());
    fs::write(file, dictionary)
}

/// What stands before the content: the statistics of letters, lengths and distances. They end with
/// three distances that are expected first, which training always sets to these.
fn tables(trained: &[u8]) -> io::Result<&[u8]> {
    let distances: Vec<u8> = [1_u32, 4, 8].iter().flat_map(|it| it.to_le_bytes()).collect();
    let begin = trained.windows(distances.len()).position(|bytes| bytes == distances);
    let begin = begin.ok_or_else(|| io::Error::other("training gave no dictionary"))?;
    Ok(&trained[..begin + distances.len()])
}

/// The content is put together by hand: whole messages, what is said most at the end. A message
/// whose parts have the same lengths then finds each of its words at one and the same distance,
/// which costs next to nothing to say; what training chooses are pieces, each at its own.
fn content() -> Vec<u8> {
    let mut talk = Talk::new("content", NOTES);
    let mut content = Vec::new();
    for shape in 0..talk.types() {
        let body = talk.record(shape);
        let text = body.body.get();
        let tail = text.find("\"by\":").expect("a record says in which role it was made");
        content.extend_from_slice(&text.as_bytes()[tail..]);
    }
    let quiet = talk.request(Vec::new());
    content.extend(json(&talk.answer(&quiet, 2)));
    let events = [talk.record(talk.failed_contact()), talk.record(talk.failed_contact())];
    let push = talk.request(events.to_vec());
    content.extend(json(&talk.answer(&push, 0)));
    content.extend(json(&talk.answer(&quiet, 0)));
    content.extend(json(&quiet));
    let event = talk.record_failed_contact();
    content.extend(json(&talk.request(vec![event])));
    content
}

/// What is said most, most often: an up-to-date device's question and its answer, pushes of one
/// event and of a few, and the first pages.
fn samples() -> Vec<Vec<u8>> {
    let mut samples = Vec::new();
    for number in 0..TALKS {
        let mut talk = Talk::new(&format!("training {number}"), NOTES);
        for events in [0, 1, 1, 2, 0, 1, 4] {
            let events = (0..events).map(|_| {
                let shape = talk.next_type();
                talk.record(shape)
            });
            let events = events.collect();
            let request = talk.request(events);
            samples.push(json(&request));
            samples.push(json(&talk.answer(&request, 0)));
        }
        if number % 10 == 0 {
            let request = talk.request(Vec::new());
            samples.push(json(&talk.answer(&request, 3)));
        }
    }
    samples
}

fn json(value: &impl Serialize) -> Vec<u8> {
    serde_json::to_vec(value).expect("a message has only string keys")
}
