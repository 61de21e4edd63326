//! JSON as audit logs write it: loose about types, strict about everything else.
//!
//! In: a record's text. Out: the few fields that a format names, each with the shape it had,
//! or a code for why the text cannot be read. It knows no format, and nothing that it returns
//! as an error holds a byte of the record.
//!
//! The readers here never fail on a value of an unexpected type: they note its shape, and the
//! format decides whether that matters. So whatever serde_json reports is about the text as a
//! whole, and faults of fields have static paths.

mod list;
mod object;
mod text;

use std::fmt;

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};

pub use self::list::{Gather, List};
pub(crate) use self::object::object;
pub use self::text::{Presence, Text};
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

/// Something that is read from a value, in place: what a record is read into is large, and
/// moving it from call to call costs more than reading it.
pub trait Slot<'de>: Default {
    /// Reads the value into it.
    ///
    /// # Errors
    ///
    /// Only where the text is no JSON, never for the type of a value.
    fn fill<D: Deserializer<'de>>(&mut self, from: D) -> Result<(), D::Error>;

    /// The path of a known key that stood twice in one object.
    fn twice(&self) -> Option<&'static str> {
        None
    }
}

/// Reads a value into a slot.
pub struct Fill<'s, S>(pub &'s mut S);

impl<'de, S: Slot<'de>> DeserializeSeed<'de> for Fill<'_, S> {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, from: D) -> Result<(), D::Error> {
        self.0.fill(from)
    }
}

/// Reads a whole document into a slot.
///
/// # Errors
///
/// Where the text is no JSON; never for the type of a value.
pub fn read<'de, S: Slot<'de>>(text: &'de str) -> Result<S, serde_json::Error> {
    let mut slot = S::default();
    let mut document = serde_json::Deserializer::from_str(text);
    slot.fill(&mut document)?;
    document.end()?;
    Ok(slot)
}

/// Whether a text counts as none.
pub(crate) fn counts_as_absent(text: &str) -> bool {
    text.is_empty() || text == "<null>"
}

/// Reads a key without copying it, and says what it is.
#[derive(Clone, Copy)]
pub struct Key<T>(pub fn(&str) -> T);

impl<'de, T> DeserializeSeed<'de> for Key<T> {
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

#[cfg(test)]
mod tests {
    use std::borrow::Cow;

    use super::*;

    object! {
        struct Outer<'de> {
            name: Text<'de> = "name" at "name";
            id: Presence = "id" at "id";
            inner: Inner<'de> = "inner" at "inner";
            list: List<Names<'de>> = "list" at "list";
        }
    }

    object! {
        struct Inner<'de> {
            name: Text<'de> = "name" at "inner.name";
        }
    }

    #[derive(Clone, Debug, Default)]
    struct Names<'a>(Vec<Text<'a>>);

    impl<'de> Gather<'de> for Names<'de> {
        type Element = Inner<'de>;

        fn take(&mut self, element: Inner<'de>) {
            self.0.push(element.name);
        }
    }

    fn outer(text: &str) -> Outer<'_> {
        read(text).unwrap()
    }

    #[test]
    fn texts_without_escapes_are_borrowed_from_the_record() {
        let record = outer(r#"{"name":"plain","inner":{"name":"with \"escapes\""}}"#);
        assert!(matches!(record.name, Text::Is(Cow::Borrowed("plain"))));
        assert!(matches!(record.inner.name, Text::Is(Cow::Owned(ref text)) if text.contains('"')));
    }

    #[test]
    fn null_and_its_spellings_count_as_absent() {
        for value in ["null", "\"\"", "\"<null>\"", "\"\\u003cnull>\""] {
            let text = format!(r#"{{"name":{value},"id":{value},"inner":{value},"list":{value}}}"#);
            let record = outer(&text);
            assert_eq!(record.name, Text::Absent, "{value}");
            assert_eq!(record.id, Presence::Absent, "{value}");
            assert_eq!((record.inner.shape, record.list.shape), Default::default(), "{value}");
        }
    }

    #[test]
    fn values_of_other_types_are_noted_and_skipped() {
        for value in ["1", "-1", "1.5", "true", "[{\"name\":[]}]", "{\"name\":{}}"] {
            let text = format!(r#"{{"name":{value},"inner":{value},"list":{value},"id":"7"}}"#);
            let record = outer(&text);
            assert_eq!(record.id, Presence::Present, "{value}");
            let object = value.starts_with('{');
            let list = value.starts_with('[');
            assert_eq!(record.name, if object { Text::Object(None) } else { Text::Wrong });
            assert_eq!(record.inner.shape == Shape::Fits, object, "{value}");
            assert_eq!(record.list.shape == Shape::Fits, list, "{value}");
        }
    }

    #[test]
    fn the_first_key_that_stands_twice_is_named_however_deep() {
        for (text, path) in [
            (r#"{"name":"a","other":1,"other":2}"#, None),
            (r#"{"name":null,"name":"b"}"#, Some("name")),
            (r#"{"inner":{"name":"a","name":"b"},"name":"","name":""}"#, Some("inner.name")),
            (r#"{"list":[{"name":"a"},{"name":"b","name":"b"}]}"#, Some("inner.name")),
        ] {
            assert_eq!(outer(text).twice, path, "{text}");
        }
    }

    #[test]
    fn the_value_of_a_wrapped_text_is_found_and_deeper_ones_are_not() {
        for (text, value) in [
            (r#"{"name":{"value":"a","localizedValue":"b"}}"#, Some("a")),
            (r#"{"name":{"localizedValue":"b"}}"#, None),
            (r#"{"name":{"value":null}}"#, None),
            (r#"{"name":{"value":{"value":"a"}}}"#, None),
        ] {
            assert_eq!(outer(text).name.or_value("name").unwrap().as_deref(), value, "{text}");
        }
    }

    #[test]
    fn deep_nesting_in_skipped_parts_does_no_harm() {
        for (open, close) in [("[", "]"), ("{\"value\":", "}")] {
            let deep = format!("{}1{}", open.repeat(100_000), close.repeat(100_000));
            for key in ["name", "id", "inner", "list", "other"] {
                let text = format!("{{\"{key}\":{deep}}}");
                assert_eq!(read::<Outer<'_>>(&text).unwrap().shape, Shape::Fits, "{key}");
            }
        }
    }

    #[test]
    fn serde_jsons_refusals_become_codes() {
        for (text, code) in [
            ("", Code::NotJson),
            ("{\"name\":\"a\"", Code::NotJson),
            ("{\"name\":\"a\\x\"}", Code::NotJson),
            ("{\"name\":\"\\ud800\"}", Code::NotJson),
            ("{\"other\":\"\n NaN\"}", Code::NotJson),
            ("{} {}", Code::NotJson),
            ("{\n\"name\":\n\nNaN}", Code::NotANumber),
            ("[1, 2, Infinity]", Code::NotANumber),
            ("-Infinity", Code::NotANumber),
        ] {
            let error = read::<Outer<'_>>(text).unwrap_err();
            assert_eq!(unreadable(&error, text), Unreadable::whole(code), "{text:?}");
        }
        let deep = format!("{}{}", "[".repeat(200), "]".repeat(200));
        let error = serde_json::from_str::<serde_json::Value>(&deep).unwrap_err();
        assert_eq!(unreadable(&error, &deep), Unreadable::whole(Code::TooDeep));
        let error =
            serde_json::from_str::<std::collections::BTreeMap<String, u8>>("[]").unwrap_err();
        assert_eq!(unreadable(&error, "[]"), Unreadable::whole(Code::NotAnObject));
    }
}
