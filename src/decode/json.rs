//! JSON as audit logs write it: loose about types, strict about everything else.
//!
//! In: a record's text. Out: the few fields that a format names, each with the shape it had,
//! or a code for why the text cannot be read. It knows no format, and nothing that it returns
//! as an error holds a byte of the record.
//!
//! The readers here never fail on a value of an unexpected type: they note its shape, and the
//! format decides whether that matters. So whatever serde_json reports is about the text as a
//! whole, and faults of fields have static paths.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::{Deserialize, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

use crate::code::{Code, Unreadable};

/// What serde_json's refusal of `text` means, where the reader asked for an object.
pub fn unreadable(error: &serde_json::Error, text: &str) -> Unreadable {
    use serde_json::error::Category;
    let code = match error.classify() {
        // The readers of this file refuse no value inside the document, only the document.
        Category::Data => Code::NotAnObject,
        Category::Io | Category::Eof => Code::NotJson,
        // serde_json keeps its reason to itself, but for its words; they are looked at only here.
        Category::Syntax if error.to_string().starts_with("recursion limit") => Code::TooDeep,
        Category::Syntax if no_number_at(error.line(), error.column(), text) => Code::NotANumber,
        Category::Syntax => Code::NotJson,
    };
    Unreadable::whole(code)
}

/// Whether the text says `NaN` or `Infinity` where serde_json stopped.
fn no_number_at(line: usize, column: usize, text: &str) -> bool {
    let text = text.as_bytes();
    let start = match line.checked_sub(2) {
        None => Some(0),
        Some(skip) => memchr::memchr_iter(b'\n', text).nth(skip).map(|at| at + 1),
    };
    let rest = start.zip(column.checked_sub(1)).and_then(|(start, into)| text.get(start + into..));
    rest.is_some_and(|rest| rest.starts_with(b"NaN") || rest.starts_with(b"Infinity"))
}

/// Whether a value was of the type that its field should have.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Shape {
    /// No such key, or a value that counts as none.
    #[default]
    Absent,
    /// A value of the right type.
    Fits,
    /// A value of another type.
    Wrong,
}

/// What every reader of this file can say of itself.
pub trait Looked {
    /// The path of a known key that stood twice in one object.
    fn twice(&self) -> Option<&'static str> {
        None
    }
}

/// A text, or what stood in its place.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Text<'a> {
    /// Nothing, `null`, "" or "<null>".
    #[default]
    Absent,
    /// A text.
    Is(Cow<'a, str>),
    /// An object, with its `value` where that is a text (`{value, localizedValue}`).
    Object(Option<Cow<'a, str>>),
    /// A number, a truth value or a list.
    Wrong,
}

impl Looked for Text<'_> {}

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

/// Whether a text counts as none.
fn counts_as_absent(text: &str) -> bool {
    text.is_empty() || text == "<null>"
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

impl<'de> Deserialize<'de> for Text<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(TextVisitor)
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
    /// Nothing, `null`, "" or "<null>".
    #[default]
    Absent,
    /// A text of nothing but zeros and hyphens: an id that stands for none.
    Zeros,
    /// A text, or a number.
    Present,
    /// Something that is neither.
    Wrong,
}

impl Looked for Presence {}

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

impl<'de> Deserialize<'de> for Presence {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PresenceVisitor)
    }
}

/// Something that takes in the elements of a list, one by one.
pub trait Gather<'de>: Default {
    /// An element.
    type Element: Deserialize<'de> + Looked;

    /// Takes one in.
    fn take(&mut self, element: Self::Element);
}

/// A list, as what its elements add up to.
#[derive(Clone, Debug, Default)]
pub struct List<G> {
    /// What stood there.
    pub shape: Shape,
    /// The path of a known key that stood twice in one element.
    pub twice: Option<&'static str>,
    /// What was gathered.
    pub gathered: G,
}

impl<G> Looked for List<G> {
    fn twice(&self) -> Option<&'static str> {
        self.twice
    }
}

impl<G> List<G> {
    /// What was gathered; anything but a list is of the wrong type.
    pub fn required_type(self, path: &'static str) -> Result<G, Unreadable> {
        match self.shape {
            Shape::Absent | Shape::Fits => Ok(self.gathered),
            Shape::Wrong => Err(Unreadable::at(Code::WrongType, path)),
        }
    }
}

struct ListVisitor<G>(PhantomData<G>);

impl<'de, G: Gather<'de>> Visitor<'de> for ListVisitor<G> {
    type Value = List<G>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<Self::Value, A::Error> {
        let mut read = List { shape: Shape::Fits, twice: None, gathered: G::default() };
        while let Some(element) = list.next_element::<G::Element>()? {
            read.twice = read.twice.or(element.twice());
            read.gathered.take(element);
        }
        Ok(read)
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        let shape = if counts_as_absent(text) { Shape::Absent } else { Shape::Wrong };
        Ok(List { shape, twice: None, gathered: G::default() })
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(List { shape: Shape::Absent, twice: None, gathered: G::default() })
    }

    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
        Ok(List { shape: Shape::Wrong, twice: None, gathered: G::default() })
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<Self::Value, E> {
        self.visit_bool(true)
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<Self::Value, E> {
        self.visit_bool(true)
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<Self::Value, E> {
        self.visit_bool(true)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        skip_object(map)?;
        self.visit_bool(true)
    }
}

impl<'de, G: Gather<'de>> Deserialize<'de> for List<G> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(ListVisitor(PhantomData))
    }
}

/// Reads a key without copying it, and says what it is.
#[derive(Clone, Copy)]
pub struct Key<T>(pub fn(&str) -> T);

impl<'de, T> serde::de::DeserializeSeed<'de> for Key<T> {
    type Value = T;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<T, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<T> Visitor<'_> for Key<T> {
    type Value = T;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a key")
    }

    fn visit_str<E>(self, key: &str) -> Result<T, E> {
        Ok((self.0)(key))
    }
}

/// Reads on to the end of a list.
pub fn skip_list<'de, A: SeqAccess<'de>>(mut list: A) -> Result<(), A::Error> {
    while list.next_element::<IgnoredAny>()?.is_some() {}
    Ok(())
}

/// Reads on to the end of an object.
pub fn skip_object<'de, A: MapAccess<'de>>(mut map: A) -> Result<(), A::Error> {
    while map.next_entry::<IgnoredAny, IgnoredAny>()?.is_some() {}
    Ok(())
}

/// Declares an object by those of its keys that are read: `field: Type = "key" at "path";`.
///
/// The struct that comes out has one field a key (absent where the key is), `shape`, and
/// `twice`: the path of the first known key that the object has twice. Other keys are skipped.
/// At most 64 keys.
macro_rules! object {
    (
        $(#[$about:meta])*
        $vis:vis struct $name:ident $(<$life:lifetime>)? {
            $($field:ident: $type:ty = $key:literal at $path:literal;)+
        }
    ) => {
        $(#[$about])*
        #[derive(Clone, Debug, Default)]
        $vis struct $name $(<$life>)? {
            /// What stood there. Not every format asks this of every object.
            #[allow(dead_code)]
            pub(crate) shape: $crate::decode::json::Shape,
            /// The path of a known key that stood twice.
            pub(crate) twice: Option<&'static str>,
            $(pub(crate) $field: $type,)+
        }

        impl $(<$life>)? $crate::decode::json::Looked for $name $(<$life>)? {
            fn twice(&self) -> Option<&'static str> {
                self.twice
            }
        }

        impl<'de> ::serde::Deserialize<'de> for $name $(<$life>)? {
            fn deserialize<D: ::serde::Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
                use $crate::decode::json::{Key, Looked, Shape, skip_list};

                #[allow(non_camel_case_types)]
                #[derive(Clone, Copy)]
                enum Known { $($field,)+ }

                fn known(key: &str) -> Option<Known> {
                    match key {
                        $($key => Some(Known::$field),)+
                        _ => None,
                    }
                }

                struct Reader;

                impl<'de> ::serde::de::Visitor<'de> for Reader {
                    type Value = $name $(<$life>)?;

                    fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        f.write_str("any value")
                    }

                    fn visit_map<A: ::serde::de::MapAccess<'de>>(
                        self,
                        mut map: A,
                    ) -> Result<Self::Value, A::Error> {
                        let mut seen = 0u64;
                        let mut read = $name { shape: Shape::Fits, ..Default::default() };
                        while let Some(key) = map.next_key_seed(Key(known))? {
                            match key {
                                None => {
                                    map.next_value::<::serde::de::IgnoredAny>()?;
                                }
                                $(Some(Known::$field) => {
                                    let bit = 1u64.wrapping_shl(Known::$field as u32);
                                    let value: $type = map.next_value()?;
                                    let again = (seen & bit != 0).then_some($path);
                                    read.twice = read.twice.or(again).or(value.twice());
                                    seen |= bit;
                                    read.$field = value;
                                })+
                            }
                        }
                        Ok(read)
                    }

                    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
                        let absent = text.is_empty() || text == "<null>";
                        let shape = if absent { Shape::Absent } else { Shape::Wrong };
                        Ok($name { shape, ..Default::default() })
                    }

                    fn visit_unit<E>(self) -> Result<Self::Value, E> {
                        Ok(Default::default())
                    }

                    fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
                        Ok($name { shape: Shape::Wrong, ..Default::default() })
                    }

                    fn visit_i64<E: ::serde::de::Error>(self, _: i64) -> Result<Self::Value, E> {
                        self.visit_bool(true)
                    }

                    fn visit_u64<E: ::serde::de::Error>(self, _: u64) -> Result<Self::Value, E> {
                        self.visit_bool(true)
                    }

                    fn visit_f64<E: ::serde::de::Error>(self, _: f64) -> Result<Self::Value, E> {
                        self.visit_bool(true)
                    }

                    fn visit_seq<A: ::serde::de::SeqAccess<'de>>(
                        self,
                        list: A,
                    ) -> Result<Self::Value, A::Error> {
                        skip_list(list)?;
                        self.visit_bool(true)
                    }
                }

                from.deserialize_any(Reader)
            }
        }
    };
}

pub(crate) use object;
