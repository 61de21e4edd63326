//! Texts, and fields of which only the presence matters.
//!
//! In: a value of any type. Out: the text, or the shape of what stood in its place. It does not
//! know which shapes a field may have.

use std::borrow::Cow;
use std::fmt;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use super::{Key, Slot, counts_as_absent, skip_list, skip_object};
use crate::code::{Code, Unreadable};

/// A text, or what stood in its place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Text<'a> {
    /// Nothing, `null`, `""` or `"<null>"`.
    #[default]
    Absent,
    /// A text.
    Is(Cow<'a, str>),
    /// An object, with its `value` where that is a text (`{value, localizedValue}`).
    Object(Option<Cow<'a, str>>),
    /// A number, a truth value or a list.
    Wrong,
}

impl<'a> Text<'a> {
    /// The text; anything but a text is of the wrong type.
    pub fn required_type(self, path: &'static str) -> Result<Option<Cow<'a, str>>, Unreadable> {
        match self {
            Self::Absent => Ok(None),
            Self::Is(text) => Ok(Some(text)),
            Self::Object(_) | Self::Wrong => Err(Unreadable::at(Code::WrongType, path)),
        }
    }

    /// The text, or the `value` of an object; other objects count as absent.
    pub fn or_value(self, path: &'static str) -> Result<Option<Cow<'a, str>>, Unreadable> {
        match self {
            Self::Object(value) => Ok(value),
            other => other.required_type(path),
        }
    }

    /// The text, where it is one. For fields that decide nothing.
    pub fn text(&self) -> Option<&str> {
        match self {
            Self::Is(text) => Some(text),
            _ => None,
        }
    }
}

struct TextVisitor;

impl<'de> Visitor<'de> for TextVisitor {
    type Value = Text<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(if counts_as_absent(text) { Text::Absent } else { Text::Is(Cow::Borrowed(text)) })
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(if counts_as_absent(text) { Text::Absent } else { Text::Is(text.to_owned().into()) })
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Text::Absent)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Text::Wrong)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Text::Wrong)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Text::Wrong)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Text::Wrong)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        skip_list(list)?;
        Ok(Text::Wrong)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut value = None;
        while let Some(is_value) = map.next_key_seed(Key(|key| key == "value"))? {
            if is_value {
                // One level is enough, and a value of a value must not recurse.
                value = map.next_value::<Flat<'de>>()?.0;
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(Text::Object(value))
    }
}

impl<'de> Slot<'de> for Text<'de> {
    fn fill<D: Deserializer<'de>>(&mut self, from: D) -> Result<(), D::Error> {
        *self = from.deserialize_any(TextVisitor)?;
        Ok(())
    }
}

/// A text and nothing else; whatever stands in its place counts as none.
#[derive(Default)]
struct Flat<'a>(Option<Cow<'a, str>>);

impl<'de> Deserialize<'de> for Flat<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let raw = <&'de serde_json::value::RawValue>::deserialize(deserializer)?;
        Ok(Self(match serde_json::from_str::<Cow<'de, str>>(raw.get()) {
            Ok(text) if !counts_as_absent(&text) => Some(text),
            _ => None,
        }))
    }
}

/// Whether a text is there, for fields whose value is nobody's business: it is never copied.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Presence {
    /// Nothing, `null`, `""` or `"<null>"`.
    #[default]
    Absent,
    /// A text of nothing but zeros and hyphens: an id that stands for none.
    Zeros,
    /// A text, or a number.
    Present,
    /// Something that is neither.
    Wrong,
}

impl Presence {
    /// Whether something is there; only texts and numbers may be.
    pub fn is_there(self, path: &'static str) -> Result<bool, Unreadable> {
        match self {
            Self::Absent => Ok(false),
            Self::Zeros | Self::Present => Ok(true),
            Self::Wrong => Err(Unreadable::at(Code::WrongType, path)),
        }
    }
}

struct PresenceVisitor;

impl<'de> Visitor<'de> for PresenceVisitor {
    type Value = Presence;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(if counts_as_absent(text) {
            Presence::Absent
        } else if text.bytes().all(|byte| matches!(byte, b'0' | b'-')) {
            Presence::Zeros
        } else {
            Presence::Present
        })
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Presence::Absent)
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(Presence::Wrong)
    }

    fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
        Ok(Presence::Present)
    }

    fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
        Ok(Presence::Present)
    }

    fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
        Ok(Presence::Present)
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        skip_list(list)?;
        Ok(Presence::Wrong)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        skip_object(map)?;
        Ok(Presence::Wrong)
    }
}

impl<'de> Slot<'de> for Presence {
    fn fill<D: Deserializer<'de>>(&mut self, from: D) -> Result<(), D::Error> {
        *self = from.deserialize_any(PresenceVisitor)?;
        Ok(())
    }
}
