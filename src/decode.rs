//! From bytes to events: one file a format.
//!
//! In: one record's bytes. Out: an [`Event`] that borrows from them, or the reason why there
//! is none. It knows neither catalog nor tenants, and its errors never quote a record.

pub mod azure_monitor;
pub mod frames;
pub mod json;
pub mod native;
pub mod time;

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::code::{Code, Unreadable};
use crate::event::Event;

/// How an input's records are to be read.
#[derive(
    Clone, Copy, PartialEq, Eq, Debug, Default, Serialize, Deserialize, JsonSchema, clap::ValueEnum,
)]
#[serde(rename_all = "kebab-case")]
pub enum Format {
    /// Each record as what its outermost keys show it to be.
    #[default]
    Auto,
    /// Bailiwick's own events.
    Native,
    /// Azure Monitor diagnostic records.
    AzureMonitor,
}

impl Format {
    /// The formats that a record can turn out to be of, as metrics name them.
    pub const READ: [&str; 2] = ["native", "azure-monitor"];
}

/// Reads one record: an event, and the format it was read as.
///
/// # Errors
/// When the record cannot be read.
pub fn decode(format: Format, record: &[u8]) -> Result<(Event<'_>, &'static str), Unreadable> {
    if record.iter().all(u8::is_ascii_whitespace) {
        return Err(Unreadable::whole(Code::Empty));
    }
    if record.starts_with(b"\xEF\xBB\xBF") {
        return Err(Unreadable::whole(Code::ByteOrderMark));
    }
    let outline = frames::outline(record);
    let text = std::str::from_utf8(record).map_err(|_| Unreadable::whole(Code::NotUtf8))?;
    if outline.too_deep {
        return Err(Unreadable::whole(Code::TooDeep));
    }
    let native = match format {
        Format::Native => true,
        Format::AzureMonitor => false,
        Format::Auto if outline.service && outline.tenant => true,
        Format::Auto if outline.named && outline.dated => false,
        Format::Auto if outline.service || outline.tenant => true,
        Format::Auto => {
            // What is no object at all deserves its own reason.
            let object: Result<Anything, _> = serde_json::from_str(text);
            let code = object
                .map_or_else(|e| json::unreadable(&e, text).code, |_| Code::UnrecognisedFormat);
            return Err(Unreadable::whole(code));
        }
    };
    if native {
        Ok((native::decode(text)?, "native"))
    } else {
        Ok((azure_monitor::decode(text)?, "azure-monitor"))
    }
}

/// An object, whatever is in it.
#[derive(Deserialize)]
struct Anything {}
