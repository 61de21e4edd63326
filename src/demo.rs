//! The whole product on one machine: an embedded Kafka, an invented stream, the real pipeline.
//!
//! In: a seed, a rate and a share of violations. Out: live counts and a table of what was
//! planted and what was found. It knows how its events were made, and not how they are judged.

mod azure;
pub mod generator;
mod native;
mod random;
mod tenants;
