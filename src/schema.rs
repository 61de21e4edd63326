//! The published JSON Schemas, made from the types that read and write.
//!
//! In: nothing. Out: one schema a file format, by name. It judges nothing and describes no
//! shape of its own, so that the schemas cannot say something else than the program does.

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::Value;

use crate::catalog::source::CatalogFile;
use crate::event::NativeEvent;
use crate::record::VerdictRecord;
use crate::report::Figures;
use crate::settings::Settings;
use crate::tenant::TenantRecord;

/// Every published schema by its name: `event` is kept in `schemas/event.schema.json`.
pub fn all() -> Vec<(&'static str, Value)> {
    vec![
        ("catalog", of::<CatalogFile>(Side::Read)),
        ("config", Settings::schema().to_value()),
        ("event", of::<NativeEvent>(Side::Read)),
        ("report", of::<Figures<'_>>(Side::Written)),
        ("tenant", of::<TenantRecord>(Side::Read)),
        ("verdict", of::<VerdictRecord<'_>>(Side::Written)),
    ]
}

/// The schema of that name.
pub fn named(name: &str) -> Option<Value> {
    all().into_iter().find(|(known, _)| *known == name).map(|(_, schema)| schema)
}

/// Whether a format is read or written: what has a default may be left out of the former.
enum Side {
    Read,
    Written,
}

fn of<T: JsonSchema>(side: Side) -> Value {
    let settings = SchemaSettings::draft2020_12();
    let settings = match side {
        Side::Read => settings.for_deserialize(),
        Side::Written => settings.for_serialize(),
    };
    let schema: Schema = settings.into_generator().into_root_schema_for::<T>();
    schema.to_value()
}
