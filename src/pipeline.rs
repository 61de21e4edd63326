//! One record through decode, classify and judge: pure, and the same for every command.
//!
//! In: a record's bytes. Out: an outcome for each event in it, handed to the caller one by
//! one, so that nothing is collected on the way. It does not know where the bytes came from
//! or what becomes of the outcomes.

use std::sync::Arc;

use crate::catalog::program::Program;
use crate::classify::{Classified, InputRules, classify};
use crate::code::{Code, Unreadable};
use crate::decode::frames::{Frames, Step};
use crate::decode::{Format, decode};
use crate::directory::Directory;
use crate::event::Event;
use crate::judge::judge;
use crate::verdict::Judgement;

/// What became of one event of a record.
#[derive(Debug)]
pub enum Outcome<'a> {
    /// It was read and judged.
    Judged(Judged<'a>),
    /// It could not be read.
    Unreadable {
        /// Which record of the envelope, from 0.
        index: u32,
        /// That record alone, as far as its bounds are known.
        raw: &'a [u8],
        /// Why.
        why: Unreadable,
    },
}

/// An event and its judgement.
#[derive(Clone, Copy, Debug)]
pub struct Judged<'a> {
    /// Which record of the envelope, from 0.
    pub index: u32,
    /// The format it was read as: `native` or `azure-monitor`.
    pub format: &'static str,
    /// The event.
    pub event: &'a Event<'a>,
    /// The event in the catalog's terms.
    pub classified: &'a Classified<'a>,
    /// What was found.
    pub judgement: &'a Judgement,
}

/// The way of a record, for one input. One a thread.
#[derive(Debug)]
pub struct Pipeline {
    program: Arc<Program>,
    directory: Arc<Directory>,
    rules: Arc<InputRules>,
    format: Format,
    max_record_bytes: usize,
    judgement: Judgement,
}

impl Pipeline {
    /// A pipeline for one input. Records of more than `max_record_bytes` are not read.
    pub fn new(
        program: Arc<Program>,
        directory: Arc<Directory>,
        rules: Arc<InputRules>,
        format: Format,
        max_record_bytes: usize,
    ) -> Self {
        let judgement = Judgement::default();
        Self { program, directory, rules, format, max_record_bytes, judgement }
    }

    /// The catalog that judges.
    pub fn program(&self) -> &Program {
        &self.program
    }

    /// Records of more bytes are not read.
    pub fn max_record_bytes(&self) -> usize {
        self.max_record_bytes
    }

    /// Reads one Kafka record's value and hands each outcome over in the order of the
    /// envelope. `payload` is `None` for a tombstone.
    pub fn record(&mut self, payload: Option<&[u8]>, mut each: impl FnMut(Outcome<'_>)) {
        let refused = |code| Outcome::Unreadable {
            index: 0,
            raw: payload.unwrap_or_default(),
            why: Unreadable::whole(code),
        };
        let Some(bytes) = payload else { return each(refused(Code::Tombstone)) };
        if bytes.len() > self.max_record_bytes {
            return each(refused(Code::Oversize));
        }
        if bytes.iter().all(u8::is_ascii_whitespace) {
            return each(refused(Code::Empty));
        }
        if bytes.starts_with(b"\xEF\xBB\xBF") {
            return each(refused(Code::ByteOrderMark));
        }
        let mut frames = Frames::default();
        for index in 0.. {
            match frames.next(bytes, true) {
                Step::Frame(range) => {
                    let raw = bytes.get(range.clone()).unwrap_or_default();
                    let read = self.frame(index, raw, &mut each);
                    if let Err(why) = read {
                        let shorter = match why.code {
                            Code::NotJson | Code::NotUtf8 => frames.split(bytes, range),
                            _ => range,
                        };
                        let raw = bytes.get(shorter).unwrap_or_default();
                        // A record that is all there is stays whole, blanks included.
                        let raw = if raw == bytes.trim_ascii() { bytes } else { raw };
                        each(Outcome::Unreadable { index, raw, why });
                    }
                }
                Step::Repeated(range) => {
                    let raw = bytes.get(range).unwrap_or_default();
                    let why = Unreadable::at(Code::DuplicateKey, "records");
                    each(Outcome::Unreadable { index, raw, why });
                }
                Step::More | Step::End => break,
            }
        }
    }

    /// Reads and judges one record that stands alone.
    ///
    /// # Errors
    /// When it cannot be read; then nothing was handed over.
    pub fn frame(
        &mut self,
        index: u32,
        raw: &[u8],
        each: &mut impl FnMut(Outcome<'_>),
    ) -> Result<(), Unreadable> {
        let (event, format) = decode(self.format, raw)?;
        let classified = classify(&self.program, &self.directory, &self.rules, &event);
        judge(&self.program, &classified, &mut self.judgement);
        let (classified, judgement) = (&classified, &self.judgement);
        each(Outcome::Judged(Judged { index, format, event: &event, classified, judgement }));
        Ok(())
    }
}
