//! serde over the tree, with errors that know which node they are about.

use std::fmt;

use serde::de::{
    self, DeserializeSeed, Deserializer, EnumAccess, IntoDeserializer, MapAccess, SeqAccess,
    VariantAccess, Visitor,
};

use super::located::LOCATED;
use super::tree::{Node, Value};
use super::{Span, suggest};

/// What an error is about.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(unreachable_pub, reason = "an associated type of a public impl")]
pub enum Target {
    /// A node.
    Node(usize),
    /// An entry of a map, by the map's number and the entry's index.
    Key(usize, usize),
}

impl Target {
    /// The node itself, or the map that the entry is in.
    pub(super) fn node(self) -> usize {
        match self {
            Self::Node(node) | Self::Key(node, _) => node,
        }
    }
}

/// A fault as serde met it.
#[derive(Debug)]
#[allow(unreachable_pub, reason = "an associated type of a public impl")]
pub struct NodeError {
    pub(super) message: String,
    pub(super) help: Option<String>,
    pub(super) target: Option<Target>,
    pub(super) at: Option<Span>,
    /// Whether a container lacks something.
    pub(super) incomplete: bool,
}

impl NodeError {
    fn about(mut self, target: Target, span: &Span) -> Self {
        if self.target.is_none() {
            self.target = Some(target);
            self.at = Some(span.clone());
        }
        self
    }
}

impl fmt::Display for NodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for NodeError {}

fn listed(names: &[&str]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

fn helped(name: &str, expected: &'static [&'static str]) -> Option<String> {
    match suggest(name, expected.iter().copied()) {
        Some(meant) => Some(format!("did you mean `{meant}`?")),
        None if expected.is_empty() => None,
        None => Some(format!("known here: {}", listed(expected))),
    }
}

/// The kind of a value, without the value: it may be a secret or a person's.
fn kind(unexpected: &de::Unexpected<'_>) -> &'static str {
    match unexpected {
        de::Unexpected::Bool(_) => "a boolean",
        de::Unexpected::Unsigned(_) | de::Unexpected::Signed(_) => "a whole number",
        de::Unexpected::Float(_) => "a number",
        de::Unexpected::Str(_) | de::Unexpected::Char(_) => "text",
        de::Unexpected::Unit | de::Unexpected::Option => "nothing",
        de::Unexpected::Seq => "a list",
        de::Unexpected::Map => "a map",
        _ => "this",
    }
}

/// What a Rust type is called in a file.
fn wanted(expected: &dyn de::Expected) -> String {
    let expected = expected.to_string();
    match expected.as_str() {
        "u8" | "u16" | "u32" | "u64" | "usize" | "i8" | "i16" | "i32" | "i64" | "isize" => {
            "a whole number".to_owned()
        }
        "f32" | "f64" => "a number".to_owned(),
        "a boolean" => "`true` or `false`".to_owned(),
        "a string" | "string" => "text".to_owned(),
        "a sequence" => "a list".to_owned(),
        _ if expected.starts_with("struct ") => "a map".to_owned(),
        _ => expected,
    }
}

impl de::Error for NodeError {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self { message: message.to_string(), help: None, target: None, at: None, incomplete: false }
    }
    fn invalid_type(unexpected: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        Self::custom(format_args!("found {}, expected {}", kind(&unexpected), wanted(expected)))
    }
    fn invalid_value(unexpected: de::Unexpected<'_>, expected: &dyn de::Expected) -> Self {
        match wanted(expected).as_str() {
            "a whole number" => Self::custom("a whole number that is too small or too large here"),
            wanted => Self::custom(format_args!("{} that is not {wanted}", kind(&unexpected))),
        }
    }
    fn unknown_field(field: &str, expected: &'static [&'static str]) -> Self {
        Self {
            help: helped(field, expected),
            ..Self::custom(format_args!("unknown key `{field}`"))
        }
    }
    fn unknown_variant(variant: &str, expected: &'static [&'static str]) -> Self {
        Self {
            help: helped(variant, expected),
            // The word itself is for the snippet to show, where it may be shown.
            ..Self::custom("unknown value")
        }
    }
    fn missing_field(field: &'static str) -> Self {
        Self { incomplete: true, ..Self::custom(format_args!("missing key `{field}`")) }
    }
}

impl<'de> Deserializer<'de> for &'de Node {
    type Error = NodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        match &self.value {
            Value::Null => visitor.visit_unit(),
            Value::Bool(value) => visitor.visit_bool(*value),
            Value::Int(value) => visitor.visit_i64(*value),
            Value::Float(value) => visitor.visit_f64(*value),
            Value::Text(value) => visitor.visit_borrowed_str(value),
            Value::List(items) => visitor.visit_seq(Items(items.iter())),
            Value::Map(entries) => visitor.visit_map(Entries { map: self, entries, next: 0 }),
        }
        .map_err(|error| error.about(Target::Node(self.id), &self.span))
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        match self.value {
            Value::Null => visitor.visit_none(),
            _ => visitor.visit_some(self),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        name: &'static str,
        visitor: V,
    ) -> Result<V::Value, NodeError> {
        if name == LOCATED {
            return visitor.visit_seq(PlaceThenValue { node: self, given: 0 });
        }
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        // A number where text is wanted is the text it was written as, near enough for versions
        // and ids; nothing is lost, since whole numbers keep their digits.
        match &self.value {
            Value::Int(value) => visitor.visit_string(value.to_string()),
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_string<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, NodeError> {
        self.deserialize_str(visitor)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _name: &'static str,
        _variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, NodeError> {
        match &self.value {
            Value::Text(name) => visitor.visit_enum(name.as_str().into_deserializer()),
            Value::Map(entries) => match entries.as_slice() {
                [(name, span, value)] => {
                    visitor.visit_enum(Variant { name, span, map: self.id, value })
                }
                // Its one key may have been at fault already, and been cut out.
                [] => {
                    let error: NodeError = de::Error::custom("expected a map with one key");
                    Err(NodeError { incomplete: true, ..error })
                }
                _ => Err(de::Error::custom("expected a map with one key")),
            },
            _ => Err(de::Error::custom("expected a name, or a map with one key")),
        }
        .map_err(|error: NodeError| error.about(Target::Node(self.id), &self.span))
    }

    serde::forward_to_deserialize_any! {
        bool i8 i16 i32 i64 u8 u16 u32 u64 f32 f64 char bytes byte_buf unit unit_struct seq tuple
        tuple_struct map struct identifier ignored_any
    }
}

struct Items<'de>(std::slice::Iter<'de, Node>);

impl<'de> SeqAccess<'de> for Items<'de> {
    type Error = NodeError;
    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, NodeError> {
        let Some(node) = self.0.next() else { return Ok(None) };
        seed.deserialize(node)
            .map(Some)
            .map_err(|error| error.about(Target::Node(node.id), &node.span))
    }
}

/// A node as its start, its end and itself: what [`super::Located`] reads.
struct PlaceThenValue<'de> {
    node: &'de Node,
    given: u8,
}

impl<'de> SeqAccess<'de> for PlaceThenValue<'de> {
    type Error = NodeError;
    fn next_element_seed<T: DeserializeSeed<'de>>(
        &mut self,
        seed: T,
    ) -> Result<Option<T::Value>, NodeError> {
        self.given += 1;
        match self.given {
            1 => seed.deserialize(self.node.span.start.into_deserializer()).map(Some),
            2 => seed.deserialize(self.node.span.end.into_deserializer()).map(Some),
            _ => seed.deserialize(self.node).map(Some),
        }
    }
}

struct Entries<'de> {
    map: &'de Node,
    entries: &'de [(String, Span, Node)],
    next: usize,
}

impl<'de> MapAccess<'de> for Entries<'de> {
    type Error = NodeError;
    fn next_key_seed<K: DeserializeSeed<'de>>(
        &mut self,
        seed: K,
    ) -> Result<Option<K::Value>, NodeError> {
        let Some((key, span, _)) = self.entries.get(self.next) else { return Ok(None) };
        let key: de::value::BorrowedStrDeserializer<'de, NodeError> =
            de::value::BorrowedStrDeserializer::new(key);
        seed.deserialize(key)
            .map(Some)
            .map_err(|error| error.about(Target::Key(self.map.id, self.next), span))
    }
    fn next_value_seed<S: DeserializeSeed<'de>>(&mut self, seed: S) -> Result<S::Value, NodeError> {
        let Some((_, _, value)) = self.entries.get(self.next) else {
            return Err(de::Error::custom("a value was read before its key"));
        };
        self.next += 1;
        seed.deserialize(value).map_err(|error| error.about(Target::Node(value.id), &value.span))
    }
}

struct Variant<'de> {
    name: &'de str,
    span: &'de Span,
    map: usize,
    value: &'de Node,
}

impl<'de> EnumAccess<'de> for Variant<'de> {
    type Error = NodeError;
    type Variant = &'de Node;
    fn variant_seed<S: DeserializeSeed<'de>>(
        self,
        seed: S,
    ) -> Result<(S::Value, &'de Node), NodeError> {
        let name: de::value::BorrowedStrDeserializer<'de, NodeError> =
            de::value::BorrowedStrDeserializer::new(self.name);
        seed.deserialize(name)
            .map(|value| (value, self.value))
            .map_err(|error| error.about(Target::Key(self.map, 0), self.span))
    }
}

impl<'de> VariantAccess<'de> for &'de Node {
    type Error = NodeError;
    fn unit_variant(self) -> Result<(), NodeError> {
        Ok(())
    }
    fn newtype_variant_seed<T: DeserializeSeed<'de>>(self, seed: T) -> Result<T::Value, NodeError> {
        seed.deserialize(self)
    }
    fn tuple_variant<V: Visitor<'de>>(self, _: usize, visitor: V) -> Result<V::Value, NodeError> {
        self.deserialize_any(visitor)
    }
    fn struct_variant<V: Visitor<'de>>(
        self,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, NodeError> {
        self.deserialize_any(visitor)
    }
}
