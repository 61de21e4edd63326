//! Files and standard input as records, in constant memory.
//!
//! In: a path. Out: each record with its number, and an id that depends on the file's content
//! alone. A file is read twice: its digest is part of every id, so it has to be known first.

use std::fs::File;
use std::io::{self, Read, Seek, Write};
use std::ops::Range;
use std::path::Path;

use sha2::{Digest, Sha256};

use crate::decode::frames::{Frames, Step};
use crate::position::short_hash;

const PIECE: usize = 1 << 20;

/// A file that can be read from the start, and its digest.
pub(super) struct Input {
    /// The name as it was given.
    pub(super) name: String,
    /// Its length.
    pub(super) bytes: u64,
    digest: [u8; 32],
    file: File,
}

impl Input {
    /// Opens a file; `-` is standard input, which is put by in a temporary file.
    pub(super) fn open(path: &Path) -> io::Result<Self> {
        let name = path.display().to_string();
        let mut digest = Sha256::new();
        let mut piece = vec![0; PIECE];
        let mut bytes = 0;
        let mut take = |from: &mut dyn Read, mut to: Option<&mut File>| -> io::Result<()> {
            loop {
                let read = match from.read(&mut piece) {
                    Ok(0) => return Ok(()),
                    Ok(read) => piece.get(..read).unwrap_or_default(),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                    Err(error) => return Err(error),
                };
                digest.update(read);
                bytes += read.len() as u64;
                if let Some(to) = &mut to {
                    to.write_all(read)?;
                }
            }
        };
        let mut file = if path.as_os_str() == "-" {
            let mut file = tempfile::tempfile()?;
            take(&mut io::stdin().lock(), Some(&mut file))?;
            file
        } else {
            let mut file = File::open(path)?;
            take(&mut file, None)?;
            file
        };
        file.rewind()?;
        Ok(Self { name, bytes, digest: digest.finalize().into(), file })
    }

    /// What the ids of its records are made from.
    pub(super) fn identity(&self) -> Identity {
        Identity(self.digest)
    }

    /// Its records, in order.
    pub(super) fn records(&mut self, max_record_bytes: usize) -> Records<'_> {
        Records {
            file: &mut self.file,
            buffer: Vec::new(),
            whole: false,
            frames: Frames::default(),
            max_record_bytes,
            consumed: 0,
        }
    }
}

/// A file's digest.
#[derive(Clone, Copy)]
pub(super) struct Identity([u8; 32]);

impl Identity {
    /// The verdict's id for a record of this file.
    pub(super) fn id(&self, index: u64) -> String {
        short_hash(&[&self.0, &index.to_le_bytes()])
    }
}

/// The records of a file, a piece of it at a time.
pub(super) struct Records<'f> {
    file: &'f mut File,
    buffer: Vec<u8>,
    whole: bool,
    frames: Frames,
    max_record_bytes: usize,
    /// Bytes of the file that are no longer in the buffer.
    consumed: u64,
}

/// A piece of a file that is meant as a record.
pub(super) enum Found {
    /// A record.
    Record(Range<usize>),
    /// A second list of records in one envelope.
    Repeated(Range<usize>),
}

impl Records<'_> {
    /// The next record, as a range of [`Self::bytes`]; `None` at the end of the file.
    pub(super) fn next(&mut self) -> io::Result<Option<Found>> {
        let done = self.frames.position();
        if done > PIECE {
            self.buffer.drain(..done);
            self.frames.drop(done);
            self.consumed += done as u64;
        }
        loop {
            let step = match self.frames.next(&self.buffer, self.whole) {
                Step::More
                    if self.buffer.len() - self.frames.position() > self.max_record_bytes =>
                {
                    self.frames.give_up(&self.buffer)
                }
                step => step,
            };
            match step {
                Step::Frame(range) => return Ok(Some(Found::Record(range))),
                Step::Repeated(range) => return Ok(Some(Found::Repeated(range))),
                Step::End => return Ok(None),
                Step::More => {
                    let before = self.buffer.len();
                    let read =
                        Read::by_ref(self.file).take(PIECE as u64).read_to_end(&mut self.buffer)?;
                    self.whole = read == 0 && self.buffer.len() == before;
                }
            }
        }
    }

    /// Bytes of a range.
    pub(super) fn bytes(&self, range: Range<usize>) -> &[u8] {
        self.buffer.get(range).unwrap_or_default()
    }

    /// Shortens a range that turned out to be no JSON, where it swallowed its neighbours.
    pub(super) fn split(&mut self, range: Range<usize>) -> Range<usize> {
        self.frames.split(&self.buffer, range)
    }

    /// How far the file has been read.
    pub(super) fn position(&self) -> u64 {
        self.consumed + self.frames.position() as u64
    }
}
