//! A YAML document as a tree whose every node knows its place in the file.

use serde::de::{self, Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;

use super::Span;
use super::de::Target;
use super::faults::Fault;

/// A node of the tree.
#[derive(Clone, Debug)]
pub struct Node {
    /// A number of its own in the tree.
    pub id: usize,
    /// Where it stands.
    pub span: Span,
    /// What it is.
    pub value: Value,
}

/// What a node is.
#[derive(Clone, Debug)]
pub enum Value {
    /// `null`, `~` or nothing.
    Null,
    /// `true` or `false`.
    Bool(bool),
    /// A whole number.
    Int(i64),
    /// Any other number.
    Float(f64),
    /// Text.
    Text(String),
    /// A list.
    List(Vec<Node>),
    /// A map, in file order: key, where the key stands, value.
    Map(Vec<(String, Span, Node)>),
}

impl Node {
    /// Takes an entry out of the tree; the number of the container it was in.
    pub(super) fn cut(&mut self, target: Target) -> Option<usize> {
        let id = self.id;
        match &mut self.value {
            Value::List(items) => {
                if let Target::Node(node) = target
                    && let Some(index) = items.iter().position(|item| item.id == node)
                {
                    items.remove(index);
                    return Some(id);
                }
                items.iter_mut().find_map(|item| item.cut(target))
            }
            Value::Map(entries) => {
                let index = match target {
                    Target::Key(map, index) if map == id => Some(index),
                    Target::Node(node) => entries.iter().position(|(_, _, value)| value.id == node),
                    Target::Key(..) => None,
                };
                if let Some(index) = index.filter(|index| *index < entries.len()) {
                    entries.remove(index);
                    return Some(id);
                }
                entries.iter_mut().find_map(|(_, _, value)| value.cut(target))
            }
            _ => None,
        }
    }

    /// Visits every text value with the keys that lead to it; a list's items share its key.
    pub fn each_text(&mut self, visit: &mut impl FnMut(&[&str], &mut String, &Span)) {
        fn walk<'n>(
            node: &'n mut Node,
            path: &mut Vec<&'n str>,
            visit: &mut impl FnMut(&[&str], &mut String, &Span),
        ) {
            match &mut node.value {
                Value::Text(text) => visit(path, text, &node.span),
                Value::List(items) => {
                    for item in items {
                        walk(item, path, visit);
                    }
                }
                Value::Map(entries) => {
                    for (key, _, value) in entries {
                        path.push(key);
                        walk(value, path, visit);
                        path.pop();
                    }
                }
                Value::Null | Value::Bool(_) | Value::Int(_) | Value::Float(_) => {}
            }
        }
        walk(self, &mut Vec::new(), visit);
    }
}

/// Reads the text into a tree.
pub(super) fn parse(text: &str) -> Result<Node, Fault> {
    let options = serde_saphyr::options! { strict_booleans: true };
    let raw: Spanned<Raw> =
        serde_saphyr::from_str_with_options(text, options).map_err(|error| {
            let at = error.location().map(|location| span_of(&location, text));
            Fault { message: words(error.without_snippet()), help: None, at }
        })?;
    let mut next = 0;
    Ok(build(raw, text, &mut next))
}

/// What the parser found wrong, in words that do not speak of the parser.
fn words(error: &serde_saphyr::Error) -> String {
    if let serde_saphyr::Error::DuplicateMappingKey { key, .. } = error {
        return match key {
            Some(key) => format!("the key `{key}` stands twice in one map"),
            None => "a key stands twice in one map".to_owned(),
        };
    }
    if let serde_saphyr::Error::MultipleDocuments { .. } = error {
        return "a second YAML document begins here; a file holds one".to_owned();
    }
    // Only the first line: the rest is a drawing of the text, which may hold secrets. Where it
    // stands is said anyway.
    let message = error.to_string();
    let message = message.lines().next().unwrap_or_default();
    match message.rsplit_once(" at line ") {
        Some((what, place)) if place.starts_with(|c: char| c.is_ascii_digit()) => what.to_owned(),
        _ => message.to_owned(),
    }
}

/// A value as the parser gives it.
enum Raw {
    Null,
    Bool(bool),
    Int(i64),
    Float(f64),
    Text(String),
    List(Vec<Spanned<Raw>>),
    Map(Vec<(Spanned<String>, Spanned<Raw>)>),
}

fn span_of(location: &serde_saphyr::Location, text: &str) -> Span {
    let span = location.span();
    let start = span.byte_offset().map_or_else(
        || {
            // Without byte positions, count characters.
            text.char_indices().nth(span.offset() as usize).map_or(text.len(), |(at, _)| at)
        },
        |offset| offset as usize,
    );
    let start = start.min(text.len());
    let len = span.byte_len().unwrap_or_else(|| span.len()) as usize;
    // A block may reach over many lines; its first line is enough to show.
    let line = text.get(start..).and_then(|rest| rest.find('\n')).unwrap_or(text.len() - start);
    start..start + len.clamp(1, line.max(1)).min(text.len() - start)
}

fn build(raw: Spanned<Raw>, text: &str, next: &mut usize) -> Node {
    let id = *next;
    *next += 1;
    let span = span_of(&raw.referenced, text);
    let value = match raw.value {
        Raw::Null => Value::Null,
        Raw::Bool(value) => Value::Bool(value),
        Raw::Int(value) => Value::Int(value),
        Raw::Float(value) => Value::Float(value),
        Raw::Text(value) => Value::Text(value),
        Raw::List(items) => {
            Value::List(items.into_iter().map(|item| build(item, text, next)).collect())
        }
        Raw::Map(entries) => Value::Map(
            entries
                .into_iter()
                .map(|(key, value)| {
                    let span = span_of(&key.referenced, text);
                    (key.value, span, build(value, text, next))
                })
                .collect(),
        ),
    };
    Node { id, span, value }
}

impl<'de> Deserialize<'de> for Raw {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct RawVisitor;
        impl<'de> Visitor<'de> for RawVisitor {
            type Value = Raw;
            fn expecting(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str("a YAML value")
            }
            fn visit_unit<E: de::Error>(self) -> Result<Raw, E> {
                Ok(Raw::Null)
            }
            fn visit_none<E: de::Error>(self) -> Result<Raw, E> {
                Ok(Raw::Null)
            }
            fn visit_some<D: Deserializer<'de>>(self, inner: D) -> Result<Raw, D::Error> {
                Raw::deserialize(inner)
            }
            fn visit_bool<E: de::Error>(self, value: bool) -> Result<Raw, E> {
                Ok(Raw::Bool(value))
            }
            fn visit_i64<E: de::Error>(self, value: i64) -> Result<Raw, E> {
                Ok(Raw::Int(value))
            }
            fn visit_u64<E: de::Error>(self, value: u64) -> Result<Raw, E> {
                Ok(i64::try_from(value).map_or(Raw::Float(value as f64), Raw::Int))
            }
            fn visit_f64<E: de::Error>(self, value: f64) -> Result<Raw, E> {
                Ok(Raw::Float(value))
            }
            fn visit_str<E: de::Error>(self, value: &str) -> Result<Raw, E> {
                Ok(Raw::Text(value.to_owned()))
            }
            fn visit_string<E: de::Error>(self, value: String) -> Result<Raw, E> {
                Ok(Raw::Text(value))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut seq: A) -> Result<Raw, A::Error> {
                let mut items = Vec::new();
                while let Some(item) = seq.next_element()? {
                    items.push(item);
                }
                Ok(Raw::List(items))
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Raw, A::Error> {
                let mut entries = Vec::new();
                while let Some(entry) = map.next_entry()? {
                    entries.push(entry);
                }
                Ok(Raw::Map(entries))
            }
        }
        deserializer.deserialize_any(RawVisitor)
    }
}
