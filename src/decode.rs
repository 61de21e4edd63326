//! From bytes to events: one file a format.
//!
//! In: one record's text. Out: an [`crate::event::Event`] that borrows from it, or the reason
//! why there is none. It knows neither catalog nor tenants, and its errors never quote a record.

pub mod azure_monitor;
pub mod json;
pub mod time;
