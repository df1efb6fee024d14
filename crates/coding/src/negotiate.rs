//! Which coding a body gets: what the other side says that it takes, in the terms of RFC 9110.

use crate::Coding;
use crate::dictionary::{DICTIONARIES, Dictionary};

/// The header in which a side lists the numbers of the dictionaries that it has, the newest first.
pub const DICTIONARY_HEADER: &str = "doorstep-dictionary";
/// What is said in `accept-encoding`, by a device of answers and by a server of requests.
pub const ACCEPTED: &str = "zstd, gzip";

/// How a body is coded.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Chosen {
    /// The coding.
    pub coding: Coding,
    /// With Zstandard: the dictionary, where both sides have one.
    pub dictionary: Option<&'static Dictionary>,
}

impl Chosen {
    /// As it is.
    pub const PLAIN: Self = Self { coding: Coding::Identity, dictionary: None };

    /// What a device tries before it knows anything of the server.
    pub fn hopeful() -> Self {
        Self { coding: Coding::Zstd, dictionary: DICTIONARIES.first() }
    }

    /// The best that the other side takes, by its headers `accept-encoding` and
    /// [`DICTIONARY_HEADER`]. Of codings that it likes equally well, Zstandard before gzip before
    /// none. Who says nothing gets the body as it is.
    pub fn of(accept_encoding: Option<&str>, dictionaries: Option<&str>) -> Self {
        let coding = accept_encoding.map_or(Coding::Identity, preferred);
        let dictionary = (coding == Coding::Zstd).then(|| common(dictionaries)).flatten();
        Self { coding, dictionary }
    }

    /// What to try after the server refused this one with `content-coding`, by the headers of the
    /// refusal. Always less than before, so that trying comes to an end.
    #[must_use]
    pub fn after_refusal(self, accept_encoding: Option<&str>, dictionaries: Option<&str>) -> Self {
        let next = Self::of(accept_encoding, dictionaries);
        if next.rank() < self.rank() { next } else { Self::PLAIN }
    }

    const fn rank(self) -> u8 {
        match (self.coding, self.dictionary) {
            (Coding::Zstd, Some(_)) => 3,
            (Coding::Zstd, None) => 2,
            (Coding::Gzip, _) => 1,
            (Coding::Identity, _) => 0,
        }
    }
}

/// The header's value for the dictionaries that are known here.
pub fn held() -> String {
    DICTIONARIES.iter().map(|known| known.id.to_string()).collect::<Vec<_>>().join(", ")
}

/// The numbers that a header lists; what is no number is skipped.
pub fn dictionaries(header: &str) -> impl Iterator<Item = u32> + '_ {
    header.split(',').filter_map(|id| id.trim().parse().ok())
}

/// The newest dictionary that is known on both sides.
fn common(header: Option<&str>) -> Option<&'static Dictionary> {
    let theirs: Vec<_> = dictionaries(header?).collect();
    DICTIONARIES.iter().find(|known| theirs.contains(&known.id))
}

fn preferred(accept_encoding: &str) -> Coding {
    let wishes: Vec<_> = accept_encoding.split(',').map(wish).collect();
    let weight = |coding: Coding| {
        let of = |name: &str| {
            let named = wishes.iter().find(|(wished, _)| wished == name);
            named.map(|(_, weight)| *weight)
        };
        let own = of(coding.name()).or_else(|| (coding == Coding::Gzip).then(|| of("x-gzip"))?);
        own.or_else(|| of("*"))
    };
    let (mut best, mut most) = (Coding::Identity, weight(Coding::Identity).unwrap_or(0));
    for coding in [Coding::Gzip, Coding::Zstd] {
        if let Some(weight) = weight(coding)
            && weight > 0
            && weight >= most
        {
            (best, most) = (coding, weight);
        }
    }
    best
}

/// A coding's name and its weight in thousandths: `gzip;q=0.5` is 500. A weight that cannot be read
/// is taken for none.
fn wish(text: &str) -> (String, u16) {
    let mut parts = text.split(';').map(str::trim);
    let name = parts.next().unwrap_or_default().to_ascii_lowercase();
    let given = parts.find_map(|part| {
        let (key, value) = part.split_once('=')?;
        key.trim().eq_ignore_ascii_case("q").then(|| value.trim().to_owned())
    });
    (name, given.map_or(1000, |value| thousandths(&value).unwrap_or(0)))
}

fn thousandths(value: &str) -> Option<u16> {
    let (whole, rest) = value.split_once('.').unwrap_or((value, ""));
    let digits = format!("{rest:0<3}");
    let parsed = whole.parse::<u16>().ok()?.checked_mul(1000)? + digits.parse::<u16>().ok()?;
    (rest.len() <= 3 && parsed <= 1000).then_some(parsed)
}
