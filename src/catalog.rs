//! The rule catalog: reference data, documents, and what they compile to.
//!
//! In: YAML files, built in or from the user's directories. Out: a [`program::Program`], or
//! every fault at once with file, line and snippet. It knows neither Kafka nor formats.

pub mod compile;
pub mod examples;
pub mod layers;
pub mod program;
pub mod source;
