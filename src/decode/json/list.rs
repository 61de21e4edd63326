//! Lists, as what their elements add up to.
//!
//! In: a value of any type. Out: what was gathered of a list's elements, one by one, so that no
//! list is ever held as such. It does not know what an element means.

use std::fmt;

use serde::de::{Deserializer, MapAccess, SeqAccess, Visitor};

use super::{Fill, Shape, Slot, counts_as_absent, skip_object};
use crate::code::{Code, Unreadable};

/// Something that takes in the elements of a list, one by one.
pub trait Gather<'de>: Default {
    /// An element.
    type Element: Slot<'de>;

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

impl<G> List<G> {
    /// What was gathered; anything but a list is of the wrong type.
    pub fn required_type(self, path: &'static str) -> Result<G, Unreadable> {
        match self.shape {
            Shape::Absent | Shape::Fits => Ok(self.gathered),
            Shape::Wrong => Err(Unreadable::at(Code::WrongType, path)),
        }
    }
}

impl<'de, G: Gather<'de>> Slot<'de> for List<G> {
    fn fill<D: Deserializer<'de>>(&mut self, from: D) -> Result<(), D::Error> {
        from.deserialize_any(ListVisitor(self))
    }

    fn twice(&self) -> Option<&'static str> {
        self.twice
    }
}

struct ListVisitor<'s, G>(&'s mut List<G>);

impl<'de, G: Gather<'de>> Visitor<'de> for ListVisitor<'_, G> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("any value")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut list: A) -> Result<(), A::Error> {
        self.0.shape = Shape::Fits;
        loop {
            let mut element = G::Element::default();
            if list.next_element_seed(Fill(&mut element))?.is_none() {
                return Ok(());
            }
            self.0.twice = self.0.twice.or(element.twice());
            self.0.gathered.take(element);
        }
    }

    fn visit_str<E>(self, text: &str) -> Result<(), E> {
        self.0.shape = if counts_as_absent(text) { Shape::Absent } else { Shape::Wrong };
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        self.0.shape = Shape::Wrong;
        Ok(())
    }

    fn visit_i64<E: serde::de::Error>(self, _: i64) -> Result<(), E> {
        self.visit_bool(true)
    }

    fn visit_u64<E: serde::de::Error>(self, _: u64) -> Result<(), E> {
        self.visit_bool(true)
    }

    fn visit_f64<E: serde::de::Error>(self, _: f64) -> Result<(), E> {
        self.visit_bool(true)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<(), A::Error> {
        skip_object(map)?;
        self.visit_bool(true)
    }
}
