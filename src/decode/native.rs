//! Bailiwick's own form of an event: one JSON object (`schemas/event.schema.json`).
//!
//! In: a record's text. Out: an event that borrows from it. It knows no other format, and it
//! guesses nothing: a needed field that is missing or a field of the wrong type is a reason.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::code::{Code, Unreadable};
use crate::event::{
    Action, Capability, Event, EventId, InPlay, Names, PlaceName, Purpose, ServiceName,
};

use super::json::{self, Key, skip_list, skip_object};
use super::time;

/// Reads a native event.
///
/// # Errors
/// When the text is no JSON object, a needed field is missing, a known field has a value of
/// the wrong type, or a time is no time.
pub fn decode(record: &str) -> Result<Event<'_>, Unreadable> {
    let fields: Fields<'_> =
        serde_json::from_str(record).map_err(|error| json::unreadable(&error, record))?;
    if let Some(fault) = fields.fault {
        return Err(fault);
    }
    let missing = |field| Unreadable::at(Code::MissingField, field);
    let moment = |text: Cow<'_, str>, field| {
        time::parse_rfc3339(&text).ok_or(Unreadable::at(Code::InvalidTime, field))
    };
    let id = fields.id.ok_or(missing("id"))?;
    let time = moment(fields.time.ok_or(missing("time"))?, "time")?;
    let service = ServiceName::Named(fields.service.ok_or(missing("service"))?);
    let mut event = Event::new(time, service, fields.tenant.ok_or(missing("tenant"))?);
    event.id = Some(EventId::Plain(id));
    event.operation = fields.operation;
    event.data_categories = fields.data_categories.unwrap_or_default();
    event.attributes = fields.attributes.unwrap_or_default();
    event.location_at_rest = fields.location_at_rest.map(PlaceName::Plain);
    event.processing_location = fields.processing_location.map(PlaceName::Plain);
    event.access_location = fields.access_location;
    event.collaborating_tenant = fields.collaborating_tenant;
    event.subject = fields.subject;
    event.recorded = fields.recorded.map(|text| moment(text, "recorded")).transpose()?;
    event.certifications = fields.certifications;
    event.unknown.fields = fields.unknown;
    if let Some(action) = fields.action {
        let known = Action::parse(&action);
        event.unknown.action = known.is_none();
        event.action = known.unwrap_or_default();
    }
    if let Some(purpose) = fields.purpose {
        let purpose = Purpose::parse(&purpose);
        event.unknown.purpose = purpose == Purpose::Other;
        event.purpose = Some(purpose);
    }
    if let Some(names) = fields.capabilities {
        let known: Vec<Capability> = names.iter().filter_map(|n| Capability::parse(n)).collect();
        event.unknown.capabilities = (names.len() - known.len()) as u16;
        event.in_play = InPlay::listed(known);
    }
    Ok(event)
}

#[derive(Default)]
struct Fields<'a> {
    id: Option<Cow<'a, str>>,
    time: Option<Cow<'a, str>>,
    service: Option<Cow<'a, str>>,
    tenant: Option<Cow<'a, str>>,
    operation: Option<Cow<'a, str>>,
    action: Option<Cow<'a, str>>,
    data_categories: Option<Names<'a>>,
    attributes: Option<Names<'a>>,
    location_at_rest: Option<Cow<'a, str>>,
    processing_location: Option<Cow<'a, str>>,
    access_location: Option<Cow<'a, str>>,
    purpose: Option<Cow<'a, str>>,
    capabilities: Option<Names<'a>>,
    collaborating_tenant: Option<Cow<'a, str>>,
    subject: Option<Cow<'a, str>>,
    recorded: Option<Cow<'a, str>>,
    certifications: Option<Names<'a>>,
    unknown: u16,
    fault: Option<Unreadable>,
}

/// Fields by their names; the position is the field's bit.
const FIELDS: [&str; 17] = [
    "id",
    "time",
    "service",
    "tenant",
    "operation",
    "action",
    "data_categories",
    "attributes",
    "location_at_rest",
    "processing_location",
    "access_location",
    "purpose",
    "capabilities",
    "collaborating_tenant",
    "subject",
    "recorded",
    "certifications",
];

fn field(key: &str) -> Option<(usize, &'static str)> {
    FIELDS.iter().enumerate().find(|(_, name)| **name == key).map(|(bit, name)| (bit, *name))
}

impl<'a> Fields<'a> {
    fn set(&mut self, name: &'static str, value: Value<'a>) {
        let text = match name {
            "id" => &mut self.id,
            "time" => &mut self.time,
            "service" => &mut self.service,
            "tenant" => &mut self.tenant,
            "operation" => &mut self.operation,
            "action" => &mut self.action,
            "location_at_rest" => &mut self.location_at_rest,
            "processing_location" => &mut self.processing_location,
            "access_location" => &mut self.access_location,
            "purpose" => &mut self.purpose,
            "collaborating_tenant" => &mut self.collaborating_tenant,
            "subject" => &mut self.subject,
            "recorded" => &mut self.recorded,
            _ => return self.set_list(name, value),
        };
        match value {
            Value::Absent => {}
            Value::Text(value) => *text = Some(value),
            Value::List(_) | Value::Wrong => self.wrong(name),
        }
    }

    fn set_list(&mut self, name: &'static str, value: Value<'a>) {
        let list = match name {
            "data_categories" => &mut self.data_categories,
            "attributes" => &mut self.attributes,
            "capabilities" => &mut self.capabilities,
            _ => &mut self.certifications,
        };
        match value {
            Value::Absent => {}
            Value::List(names) => *list = Some(names),
            Value::Text(_) | Value::Wrong => self.wrong(name),
        }
    }

    fn wrong(&mut self, field: &'static str) {
        self.fault.get_or_insert(Unreadable::at(Code::WrongType, field));
    }
}

impl<'de> Deserialize<'de> for Fields<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct FieldsVisitor;
        impl<'de> Visitor<'de> for FieldsVisitor {
            type Value = Fields<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Fields<'de>, A::Error> {
                let mut fields = Fields::default();
                let mut seen = 0u32;
                while let Some(key) = map.next_key_seed(Key(field))? {
                    let Some((bit, name)) = key else {
                        fields.unknown = fields.unknown.saturating_add(1);
                        map.next_value::<IgnoredAny>()?;
                        continue;
                    };
                    let bit = 1u32.wrapping_shl(bit as u32);
                    if seen & bit != 0 {
                        fields.fault = Some(Unreadable::at(Code::DuplicateKey, name));
                    }
                    seen |= bit;
                    let value = map.next_value()?;
                    fields.set(name, value);
                }
                Ok(fields)
            }
        }
        deserializer.deserialize_map(FieldsVisitor)
    }
}

/// A field's value, by its type.
enum Value<'a> {
    /// `null` or an empty text.
    Absent,
    Text(Cow<'a, str>),
    List(Names<'a>),
    Wrong,
}

impl<'de> Deserialize<'de> for Value<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ValueVisitor;
        impl<'de> Visitor<'de> for ValueVisitor {
            type Value = Value<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("any value")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Value<'de>, E> {
                Ok(if text.is_empty() { Value::Absent } else { Value::Text(text.into()) })
            }
            fn visit_str<E>(self, text: &str) -> Result<Value<'de>, E> {
                Ok(if text.is_empty() {
                    Value::Absent
                } else {
                    Value::Text(text.to_owned().into())
                })
            }
            fn visit_unit<E>(self) -> Result<Value<'de>, E> {
                Ok(Value::Absent)
            }
            fn visit_bool<E>(self, _: bool) -> Result<Value<'de>, E> {
                Ok(Value::Wrong)
            }
            fn visit_i64<E>(self, _: i64) -> Result<Value<'de>, E> {
                Ok(Value::Wrong)
            }
            fn visit_u64<E>(self, _: u64) -> Result<Value<'de>, E> {
                Ok(Value::Wrong)
            }
            fn visit_f64<E>(self, _: f64) -> Result<Value<'de>, E> {
                Ok(Value::Wrong)
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Value<'de>, A::Error> {
                skip_object(map)?;
                Ok(Value::Wrong)
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Value<'de>, A::Error> {
                let mut names = Names::new();
                while let Some(value) = list.next_element()? {
                    match value {
                        Value::Text(name) => names.push(name),
                        // An empty name says nothing.
                        Value::Absent => {}
                        Value::List(_) | Value::Wrong => {
                            skip_list(list)?;
                            return Ok(Value::Wrong);
                        }
                    }
                }
                Ok(Value::List(names))
            }
        }
        deserializer.deserialize_any(ValueVisitor)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const LEAST: &str = r#"{"id":"1","time":"2026-01-02T03:04:05Z","service":"s","tenant":"t""#;

    fn with(rest: &str) -> Result<Event<'static>, Unreadable> {
        let text: &'static str = Box::leak(format!("{LEAST}{rest}}}").into_boxed_str());
        decode(text)
    }

    #[test]
    fn the_fields_of_the_table_are_the_fields_of_the_published_schema() {
        let schema =
            serde_json::to_value(schemars::schema_for!(crate::event::NativeEvent)).unwrap();
        let published: Vec<&String> = schema["properties"].as_object().unwrap().keys().collect();
        let mut read: Vec<&str> = FIELDS.to_vec();
        read.sort_unstable();
        assert_eq!(published, read);
    }

    #[test]
    fn null_and_empty_text_count_as_absent() {
        let event =
            with(r#","purpose":null,"location_at_rest":"","data_categories":null"#).unwrap();
        assert_eq!(event.purpose, None);
        assert_eq!(event.location_at_rest, None);
        assert_eq!(decode(r#"{"id":"","time":"x"}"#).unwrap_err().field, "id");
    }

    #[test]
    fn unknown_words_are_read_and_counted() {
        let event = with(
            r#","action":"ponder","purpose":"fun","capabilities":["cdn","warp"],"colour":{"a":[1]}"#,
        )
        .unwrap();
        assert_eq!((event.action, event.purpose), (Action::Handle, Some(Purpose::Other)));
        assert_eq!(event.in_play.get(Capability::Cdn), Some(true));
        assert_eq!(event.in_play.get(Capability::MultiGeo), Some(false));
        let unknown = event.unknown;
        assert!(unknown.action && unknown.purpose);
        assert_eq!((unknown.capabilities, unknown.fields), (1, 1));
    }

    #[test]
    fn each_fault_has_its_own_code_and_field() {
        let fault = |rest| with(rest).map(|_| ()).unwrap_err();
        assert_eq!(fault(r#","tenant":"u""#), Unreadable::at(Code::DuplicateKey, "tenant"));
        assert_eq!(fault(r#","purpose":7"#), Unreadable::at(Code::WrongType, "purpose"));
        assert_eq!(
            fault(r#","attributes":["a",{}]"#),
            Unreadable::at(Code::WrongType, "attributes")
        );
        assert_eq!(fault(r#","recorded":"soon""#), Unreadable::at(Code::InvalidTime, "recorded"));
        assert_eq!(decode("[]").unwrap_err().code, Code::NotAnObject);
        assert_eq!(decode("{").unwrap_err().code, Code::NotJson);
        assert_eq!(with(r#","purpose":NaN"#).unwrap_err().code, Code::NotANumber);
    }
}
