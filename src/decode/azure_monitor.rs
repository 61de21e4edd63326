//! Azure Monitor diagnostic records (being written on a branch of its own).

use crate::code::{Code, Unreadable};
use crate::event::Event;

/// Reads one record.
///
/// # Errors
/// Always, until the decoder lands.
pub fn decode(_record: &str) -> Result<Event<'_>, Unreadable> {
    Err(Unreadable::whole(Code::UnrecognisedFormat))
}
