//! The dictionaries: what requests and answers have in common, so that it need not travel. Each is
//! a file under `schema/wire/`, and never changes once it was released; a better one gets a new
//! number and is put in front.

use std::sync::OnceLock;

use zstd::bulk::Compressor;
use zstd::dict::{DecoderDictionary, EncoderDictionary};

use crate::{LARGE_LEVEL, SMALL_BYTES, SMALL_LEVEL};

/// Every dictionary that is known, the newest first.
pub static DICTIONARIES: [Dictionary; 1] =
    [Dictionary::new(40_001, include_bytes!("../../../schema/wire/40001.dict"))];

/// A dictionary of the protocol (RFC 8878, section 5).
pub struct Dictionary {
    /// Its number, which stands in the file and in each frame that needs it. Between 32,768 and
    /// 65,535: private by the RFC, and two bytes in a frame.
    pub id: u32,
    /// The file.
    pub bytes: &'static [u8],
    small: OnceLock<EncoderDictionary<'static>>,
    large: OnceLock<EncoderDictionary<'static>>,
    expanding: OnceLock<DecoderDictionary<'static>>,
}

impl std::fmt::Debug for Dictionary {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Dictionary({})", self.id)
    }
}

impl PartialEq for Dictionary {
    fn eq(&self, other: &Self) -> bool {
        self.id == other.id
    }
}

impl Eq for Dictionary {}

impl Dictionary {
    const fn new(id: u32, bytes: &'static [u8]) -> Self {
        Self {
            id,
            bytes,
            small: OnceLock::new(),
            large: OnceLock::new(),
            expanding: OnceLock::new(),
        }
    }

    /// The dictionary with this number, where it is known.
    pub fn with_id(id: u32) -> Option<&'static Self> {
        DICTIONARIES.iter().find(|dictionary| dictionary.id == id)
    }

    /// Compresses with it; none where the library has no memory.
    pub(crate) fn compress(&'static self, plain: &[u8]) -> Option<Vec<u8>> {
        let prepared = if plain.len() <= SMALL_BYTES {
            self.small.get_or_init(|| EncoderDictionary::copy(self.bytes, SMALL_LEVEL))
        } else {
            self.large.get_or_init(|| EncoderDictionary::copy(self.bytes, LARGE_LEVEL))
        };
        Compressor::with_prepared_dictionary(prepared).ok()?.compress(plain).ok()
    }

    pub(crate) fn prepared_to_expand(&'static self) -> &'static DecoderDictionary<'static> {
        self.expanding.get_or_init(|| DecoderDictionary::copy(self.bytes))
    }
}
