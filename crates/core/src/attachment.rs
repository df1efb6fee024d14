//! Attachments: how a record names one, what may be one, and how it is told.
//!
//! A record names an attachment by the hash of its bytes; the bytes travel apart from it and may
//! come later, or never. Nothing that is judged depends on whether they have come.

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::seal::Hash;
use crate::words::{Word, words};

/// The most attachments of one record.
pub const ATTACHMENTS_MAX: usize = 10;
/// So many of the first bytes tell what type an attachment is.
pub const TYPE_BYTES: usize = 12;

words!(
    /// What an attachment may be. Decided by its first bytes, never by what somebody claims.
    MediaType {
        /// A photograph (ITU T.81).
        Jpeg = "image/jpeg",
        /// An image (RFC 2083).
        Png = "image/png",
        /// An image (RFC 9649).
        Webp = "image/webp",
        /// A document (ISO 32000).
        Pdf = "application/pdf",
    }
);

impl MediaType {
    /// What begins with these bytes; none where it is nothing that may be attached.
    pub fn of(start: &[u8]) -> Option<Self> {
        match start {
            [0xff, 0xd8, 0xff, ..] => Some(Self::Jpeg),
            [0x89, b'P', b'N', b'G', 0x0d, 0x0a, 0x1a, 0x0a, ..] => Some(Self::Png),
            [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'E', b'B', b'P', ..] => Some(Self::Webp),
            [b'%', b'P', b'D', b'F', b'-', ..] => Some(Self::Pdf),
            _ => None,
        }
    }

    /// What people call it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Jpeg => "JPEG",
            Self::Png => "PNG",
            Self::Webp => "WebP",
            Self::Pdf => "PDF",
        }
    }

    /// How names of such files end.
    pub const fn extension(self) -> &'static str {
        match self {
            Self::Jpeg => "jpg",
            Self::Png => "png",
            Self::Webp => "webp",
            Self::Pdf => "pdf",
        }
    }
}

words!(
    /// What an attachment shows.
    Shows {
        /// A letter or a written appointment (NA-4.15).
        Letter = "letter",
        /// A card that was left.
        Card = "card",
        /// Something else.
        Other = "other",
    }
);

/// How a record names an attachment. There is no file name of a person's choosing: such names tell
/// whom a letter is about. [`Attachment::file_name`] makes one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "schema", derive(schemars::JsonSchema))]
pub struct Attachment {
    /// SHA-256 of its bytes.
    pub hash: Hash,
    /// What it is. A type that is not known here came from a newer device.
    pub media_type: Word<MediaType>,
    /// How many bytes it has.
    pub bytes: u64,
    /// What it shows.
    pub shows: Word<Shows>,
}

impl Attachment {
    /// A name for its file, for example `letter-3c68ad0b.pdf`: free of personal data.
    pub fn file_name(&self) -> String {
        let shows = self.shows.known().unwrap_or(Shows::Other);
        let stem = if shows == Shows::Other { "attachment" } else { shows.as_str() };
        let extension = self.media_type.known().map_or("bin", MediaType::extension);
        format!("{stem}-{}.{extension}", self.short())
    }

    /// The beginning of its hash, by which a person can name it.
    pub fn short(&self) -> String {
        self.hash.to_string()[..8].to_owned()
    }

    /// What it is, for example `letter, PDF, 120 KB`.
    pub fn in_words(&self) -> String {
        let shows = match self.shows.known() {
            Some(Shows::Other) | None => "attachment",
            Some(shows) => shows.as_str(),
        };
        let kind = self.media_type.known().map_or("of a newer app", MediaType::name);
        format!("{shows}, {kind}, {}", size_in_words(self.bytes))
    }
}

/// A size as people read it: `812 bytes`, `120 KB`, `2.4 MB`.
pub fn size_in_words(bytes: u64) -> String {
    const KB: u64 = 1024;
    const MB: u64 = KB * KB;
    match bytes {
        0..KB => format!("{bytes} bytes"),
        KB..MB => format!("{} KB", bytes.div_ceil(KB)),
        _ => format!("{}.{} MB", bytes / MB, bytes % MB * 10 / MB),
    }
}

/// Takes bytes in piece by piece, and tells the hash of the whole and what type it begins as.
#[derive(Clone, Debug, Default)]
pub struct Intake {
    hasher: Sha256,
    start: Vec<u8>,
    bytes: u64,
}

impl Intake {
    /// Takes the next bytes in.
    pub fn take(&mut self, bytes: &[u8]) {
        self.hasher.update(bytes);
        let wanted = TYPE_BYTES - self.start.len();
        self.start.extend(bytes.iter().take(wanted));
        self.bytes += bytes.len() as u64;
    }

    /// How many bytes there were.
    pub const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// What the whole begins as; none where it is nothing that may be attached.
    pub fn media_type(&self) -> Option<MediaType> {
        MediaType::of(&self.start)
    }

    /// The hash of the whole.
    pub fn hash(self) -> Hash {
        Hash(self.hasher.finalize().into())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_type_is_told_by_the_first_bytes_alone() {
        for (start, media_type) in [
            (&b"\xff\xd8\xff\xe0 and more"[..], Some(MediaType::Jpeg)),
            (b"\x89PNG\r\n\x1a\n and more", Some(MediaType::Png)),
            (b"RIFF\x01\x02\x03\x04WEBPVP8 ", Some(MediaType::Webp)),
            (b"%PDF-1.7\n", Some(MediaType::Pdf)),
            (b"RIFF\x01\x02\x03\x04WAVEfmt ", None),
            (b"\x89PNG", None),
            (b"<svg xmlns=", None),
            (b"<html><script>", None),
            (b"PK\x03\x04", None),
            (b"MZ\x90", None),
            (b" %PDF-1.7", None),
            (b"", None),
        ] {
            assert_eq!(MediaType::of(start), media_type, "{start:?}");
        }
    }

    #[test]
    fn a_file_is_named_by_what_it_is_and_never_by_whom_it_is_about() {
        let named = |shows: &str, media_type: &str| {
            let hash = Hash([0x3c; 32]);
            let text = format!(
                "{{\"hash\":\"{hash}\",\"media_type\":\"{media_type}\",\"bytes\":122880,\
                 \"shows\":\"{shows}\"}}"
            );
            let attachment: Attachment = serde_json::from_str(&text).unwrap();
            assert_eq!(serde_json::to_string(&attachment).unwrap(), text);
            (attachment.file_name(), attachment.in_words())
        };
        for (shows, media_type, name, words) in [
            ("letter", "application/pdf", "letter-3c3c3c3c.pdf", "letter, PDF, 120 KB"),
            ("card", "image/webp", "card-3c3c3c3c.webp", "card, WebP, 120 KB"),
            ("other", "image/jpeg", "attachment-3c3c3c3c.jpg", "attachment, JPEG, 120 KB"),
            (
                "hologram",
                "model/hologram",
                "attachment-3c3c3c3c.bin",
                "attachment, of a newer app, 120 KB",
            ),
        ] {
            assert_eq!(named(shows, media_type), (name.to_owned(), words.to_owned()));
        }
    }

    #[test]
    fn sizes_are_read_by_people() {
        for (bytes, words) in [
            (1, "1 bytes"),
            (1023, "1023 bytes"),
            (1024, "1 KB"),
            (1025, "2 KB"),
            (1024 * 1024, "1.0 MB"),
            (2_516_582, "2.3 MB"),
        ] {
            assert_eq!(size_in_words(bytes), words);
        }
    }

    #[test]
    fn bytes_may_come_in_any_pieces() {
        let whole = b"%PDF-1.7 and so much more than twelve bytes";
        for size in 1..=whole.len() {
            let mut intake = Intake::default();
            whole.chunks(size).for_each(|piece| intake.take(piece));
            assert_eq!(intake.media_type(), Some(MediaType::Pdf), "{size}");
            assert_eq!(intake.bytes(), whole.len() as u64);
            assert_eq!(intake.hash(), Hash::of(whole));
        }
    }
}
