//! How bodies travel: as they are, with gzip (RFC 1952), with Zstandard (RFC 8878), and with
//! Zstandard and a dictionary of the protocol. Pure: bytes in, bytes out, never more than a limit.
//!
//! Which coding a side takes is said in the terms of RFC 9110. A Zstandard frame names its
//! dictionary itself; which dictionaries a side has, it says in the header [`DICTIONARY_HEADER`].

mod dictionary;
mod negotiate;

use std::borrow::Cow;
use std::io::Read;

use flate2::read::{GzEncoder, MultiGzDecoder};
use zstd::zstd_safe::{self, DParameter};

pub use dictionary::{DICTIONARIES, Dictionary};
pub use negotiate::{ACCEPTED, Chosen, DICTIONARY_HEADER, dictionaries, held};

/// The largest window of a Zstandard frame, as a power of two: 8 MiB (RFC 9659).
const WINDOW_LOG_MAX: u32 = 23;
/// How hard gzip tries, of 9.
const GZIP_LEVEL: u32 = 6;
/// Bodies up to so many bytes are compressed as small as can be: that takes microseconds, and they
/// are what a device sends most.
const SMALL_BYTES: usize = 4 * 1024;
/// How hard Zstandard tries with a small body, of 22.
const SMALL_LEVEL: i32 = 19;
/// How hard it tries with a large one.
const LARGE_LEVEL: i32 = 5;
/// Below so many bytes a body that has no dictionary only grows.
const WORTH_BYTES: usize = 128;

/// A content coding that is spoken here.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Coding {
    /// As it is.
    Identity,
    /// gzip.
    Gzip,
    /// Zstandard.
    Zstd,
}

impl Coding {
    /// Its registered name.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Identity => "identity",
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
        }
    }

    /// The coding of this name; a missing name is `identity`.
    pub fn named(name: Option<&str>) -> Option<Self> {
        match name.map(str::trim).unwrap_or_default().to_ascii_lowercase().as_str() {
            "" | "identity" => Some(Self::Identity),
            "gzip" | "x-gzip" => Some(Self::Gzip),
            "zstd" => Some(Self::Zstd),
            _ => None,
        }
    }
}

/// Why a body is not taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// It was coded with a dictionary that is not known here.
    #[error("the dictionary {id} is not known here")]
    Dictionary {
        /// Its number.
        id: u32,
    },
    /// It would expand beyond the limit.
    #[error("it expands to more than {limit} bytes")]
    TooLarge {
        /// The limit, in bytes.
        limit: usize,
    },
    /// It is not what its coding says, or it breaks off.
    #[error("it is not {}, or it breaks off", coding.name())]
    Damaged {
        /// The coding that it is said to have.
        coding: Coding,
    },
}

/// Codes a body. One that would only grow is left as it is: the coding that it got is returned
/// with it.
pub fn encode(chosen: Chosen, plain: Vec<u8>) -> (Coding, Vec<u8>) {
    let coded = match (chosen.coding, chosen.dictionary) {
        (Coding::Identity, _) => return (Coding::Identity, plain),
        (Coding::Zstd, Some(dictionary)) => dictionary.compress(&plain),
        _ if plain.len() < WORTH_BYTES => return (Coding::Identity, plain),
        (Coding::Zstd, None) => zstd::bulk::compress(&plain, level(plain.len())).ok(),
        (Coding::Gzip, _) => gzip(&plain),
    };
    match coded {
        Some(coded) if coded.len() < plain.len() => (chosen.coding, coded),
        _ => (Coding::Identity, plain),
    }
}

const fn level(bytes: usize) -> i32 {
    if bytes <= SMALL_BYTES { SMALL_LEVEL } else { LARGE_LEVEL }
}

fn gzip(plain: &[u8]) -> Option<Vec<u8>> {
    let mut coded = Vec::new();
    let mut encoder = GzEncoder::new(plain, flate2::Compression::new(GZIP_LEVEL));
    encoder.read_to_end(&mut coded).ok()?;
    Some(coded)
}

/// Expands a body, up to `limit` bytes. What would be more is noticed before it is there.
pub fn decode(coding: Coding, body: &[u8], limit: usize) -> Result<Cow<'_, [u8]>, DecodeError> {
    match coding {
        Coding::Identity if body.len() > limit => Err(DecodeError::TooLarge { limit }),
        Coding::Identity => Ok(Cow::Borrowed(body)),
        Coding::Gzip => bounded(MultiGzDecoder::new(body), coding, limit).map(Cow::Owned),
        Coding::Zstd => unzstd(body, limit).map(Cow::Owned),
    }
}

fn unzstd(body: &[u8], limit: usize) -> Result<Vec<u8>, DecodeError> {
    let damaged = || DecodeError::Damaged { coding: Coding::Zstd };
    // A frame that says how much it holds is believed where that is too much.
    let said = zstd_safe::get_frame_content_size(body).map_err(|_| damaged())?;
    if said.is_some_and(|bytes| bytes > limit as u64) {
        return Err(DecodeError::TooLarge { limit });
    }
    match zstd_safe::get_dict_id_from_frame(body) {
        None => expand(zstd::stream::read::Decoder::with_buffer(body), limit),
        Some(id) => {
            let id = id.get();
            let dictionary = Dictionary::with_id(id).ok_or(DecodeError::Dictionary { id })?;
            let prepared = dictionary.prepared_to_expand();
            expand(zstd::stream::read::Decoder::with_prepared_dictionary(body, prepared), limit)
        }
    }
}

fn expand(
    decoder: std::io::Result<zstd::stream::read::Decoder<'_, &[u8]>>,
    limit: usize,
) -> Result<Vec<u8>, DecodeError> {
    let damaged = |_| DecodeError::Damaged { coding: Coding::Zstd };
    let mut decoder = decoder.map_err(damaged)?;
    decoder.set_parameter(DParameter::WindowLogMax(WINDOW_LOG_MAX)).map_err(damaged)?;
    bounded(decoder, Coding::Zstd, limit)
}

/// Reads to the end, but never more than a byte beyond `limit`.
fn bounded(reader: impl Read, coding: Coding, limit: usize) -> Result<Vec<u8>, DecodeError> {
    let mut plain = Vec::new();
    let most = (limit as u64).saturating_add(1);
    let read = reader.take(most).read_to_end(&mut plain);
    if plain.len() > limit {
        return Err(DecodeError::TooLarge { limit });
    }
    read.map_err(|_| DecodeError::Damaged { coding })?;
    Ok(plain)
}

#[cfg(test)]
mod tests;
