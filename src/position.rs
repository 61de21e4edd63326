//! Where a record came from, and the ids that follow from it.

use sha2::{Digest, Sha256};

/// A Kafka record's coordinates and the number of the event in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Position<'a> {
    /// The input's name in the configuration.
    pub input: &'a str,
    /// The topic.
    pub topic: &'a str,
    /// The partition.
    pub partition: i32,
    /// The offset.
    pub offset: i64,
    /// Which record of the envelope, from 0.
    pub index: u32,
}

/// The first 128 bits of a SHA-256, as 32 hexadecimal digits: an id of ours.
pub fn short_hash(parts: &[&[u8]]) -> String {
    hex(digest(parts).get(..16).unwrap_or_default())
}

/// `sha256:` and the whole digest, as it stands for content in what Bailiwick puts out.
pub fn content_hash(parts: &[&[u8]]) -> String {
    format!("sha256:{}", hex(&digest(parts)))
}

fn digest(parts: &[&[u8]]) -> [u8; 32] {
    let mut hash = Sha256::new();
    for part in parts {
        // Lengths keep ("ab", "c") and ("a", "bc") apart.
        hash.update((part.len() as u64).to_le_bytes());
        hash.update(part);
    }
    hash.finalize().into()
}

/// Bytes as lower-case hexadecimal digits.
pub fn hex(bytes: &[u8]) -> String {
    use std::fmt::Write;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

/// Bytes as base64 (RFC 4648), as headers have it.
pub fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut out = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for chunk in bytes.chunks(3) {
        let at = |number: usize| chunk.get(number).copied().map_or(0, u32::from);
        let bits = at(0) << 16 | at(1) << 8 | at(2);
        for place in 0..4 {
            let sextet = (bits >> (18 - 6 * place)) as usize & 63;
            let letter = ALPHABET.get(sextet).copied().unwrap_or(b'A');
            out.push(if place > chunk.len() { '=' } else { char::from(letter) });
        }
    }
    out
}

impl Position<'_> {
    /// The verdict's id: the same for the same record of the same input, run after run.
    pub fn id(&self) -> String {
        short_hash(&[
            self.input.as_bytes(),
            self.topic.as_bytes(),
            &self.partition.to_le_bytes(),
            &self.offset.to_le_bytes(),
            &self.index.to_le_bytes(),
        ])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_depends_on_every_coordinate_and_on_nothing_else() {
        let here = Position { input: "entra", topic: "audit", partition: 0, offset: 42, index: 0 };
        assert_eq!(here.id(), here.id());
        let others = [
            Position { input: "intune", ..here },
            Position { topic: "other", ..here },
            Position { partition: 1, ..here },
            Position { offset: 43, ..here },
            Position { index: 1, ..here },
        ];
        for other in others {
            assert_ne!(here.id(), other.id(), "{other:?}");
        }
    }

    #[test]
    fn base64_is_that_of_the_rfc() {
        for (plain, coded) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v")] {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}
