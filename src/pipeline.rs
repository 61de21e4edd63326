//! One record through decode, classify and judge: pure, and the same for every command.
//!
//! In: a record's bytes. Out: an outcome for each event in it, handed to the caller one by
//! one, so that nothing is collected on the way. It does not know where the bytes came from
//! or what becomes of the outcomes.

use std::sync::Arc;

use crate::catalog::program::Program;
use crate::classify::{Classified, InputRules};
use crate::code::Unreadable;
use crate::directory::Directory;
use crate::event::Event;
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
    /// The catalog.
    pub program: Arc<Program>,
    /// The tenant table.
    pub directory: Arc<Directory>,
    /// What the operator says of the input.
    pub rules: Arc<InputRules>,
}

/// Which format an input's records are in.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Format {
    /// Each record says by its shape.
    #[default]
    Auto,
    /// Native events.
    Native,
    /// Azure Monitor resource logs.
    AzureMonitor,
}

impl Pipeline {
    /// A pipeline for one input.
    pub fn new(
        program: Arc<Program>,
        directory: Arc<Directory>,
        rules: Arc<InputRules>,
        _format: Format,
        _max_record_bytes: usize,
    ) -> Self {
        Self { program, directory, rules }
    }

    /// Reads one Kafka record's value, or one record of a file, and hands each outcome over in
    /// the order of the envelope. `payload` is `None` for a tombstone.
    pub fn record(&mut self, payload: Option<&[u8]>, mut each: impl FnMut(Outcome<'_>)) {
        let _ = (payload, &mut each);
    }
}
