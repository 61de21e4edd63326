//! A second, slow and plain implementation of the judgement, for the tests to compare the product with.
//!
//! It shares no code and no data files with the product. It is written to be read side by side with the
//! table of clauses: `clauses` is that table, `places` and `categories` are the two vocabularies, `facts` is
//! what an event and its tenant say, `exceptions` asks the conditions of one exception, `evaluate` judges one
//! event, and `generate` draws the cases.
#![allow(dead_code, missing_docs, unreachable_pub)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod categories;
mod clauses;
mod evaluate;
mod exceptions;
mod facts;
mod generate;
mod places;
#[rustfmt::skip]
mod pools;

#[allow(unused_imports)]
pub use evaluate::evaluate;
#[allow(unused_imports)]
pub use generate::case;

/// Kleene's three truth values.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    Yes,
    No,
    Unknown,
}

/// The names that may stand under `failed`, `missing` and `assumed`, in the order in which they are listed.
const FACTS: [&str; 15] = [
    "activity",
    "category",
    "place",
    "purpose",
    "capabilities",
    "collaborating_tenant",
    "certifications",
    "tenant",
    "tenant.country",
    "tenant.location",
    "tenant.created",
    "tenant.capabilities",
    "tenant.migration",
    "tenant.intune_geography",
    "tenant.legacy_placement",
];

/// The given facts in the order of `FACTS`, each once.
fn in_order(facts: &[&'static str]) -> Vec<&'static str> {
    for fact in facts {
        assert!(FACTS.contains(fact), "{fact} is no name of a fact");
    }
    FACTS.into_iter().filter(|fact| facts.contains(fact)).collect()
}
