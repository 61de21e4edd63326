//! Objects, by the keys that are read.
//!
//! In: a value of any type. Out: a struct with a field for each known key, and the path of a key
//! that stood twice. It skips all other keys without looking at their values.

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

        impl<'de> $crate::decode::json::Slot<'de> for $name $(<$life>)? {
            fn fill<D: ::serde::Deserializer<'de>>(&mut self, from: D) -> Result<(), D::Error> {
                use $crate::decode::json::{
                    Fill, Key, Shape, Slot, counts_as_absent, skip_list,
                };

                #[allow(non_camel_case_types)]
                #[derive(Clone, Copy)]
                enum Known { $($field,)+ }

                fn known(key: &str) -> Option<Known> {
                    match key {
                        $($key => Some(Known::$field),)+
                        _ => None,
                    }
                }

                struct Reader<'s, S>(&'s mut S);

                impl<'de> ::serde::de::Visitor<'de> for Reader<'_, $name $(<$life>)?> {
                    type Value = ();

                    fn expecting(&self, f: &mut ::std::fmt::Formatter<'_>) -> ::std::fmt::Result {
                        f.write_str("any value")
                    }

                    fn visit_map<A: ::serde::de::MapAccess<'de>>(
                        self,
                        mut map: A,
                    ) -> Result<(), A::Error> {
                        let read = self.0;
                        let mut seen = 0u64;
                        read.shape = Shape::Fits;
                        while let Some(key) = map.next_key_seed(Key(known))? {
                            match key {
                                None => {
                                    map.next_value::<::serde::de::IgnoredAny>()?;
                                }
                                $(Some(Known::$field) => {
                                    let bit = 1u64.wrapping_shl(Known::$field as u32);
                                    map.next_value_seed(Fill(&mut read.$field))?;
                                    let again = (seen & bit != 0).then_some($path);
                                    read.twice = read.twice.or(again).or(read.$field.twice());
                                    seen |= bit;
                                })+
                            }
                        }
                        Ok(())
                    }

                    fn visit_str<E>(self, text: &str) -> Result<(), E> {
                        let absent = counts_as_absent(text);
                        self.0.shape = if absent { Shape::Absent } else { Shape::Wrong };
                        Ok(())
                    }

                    fn visit_unit<E>(self) -> Result<(), E> {
                        Ok(())
                    }

                    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
                        self.0.shape = Shape::Wrong;
                        Ok(())
                    }

                    fn visit_i64<E: ::serde::de::Error>(self, _: i64) -> Result<(), E> {
                        self.visit_bool(true)
                    }

                    fn visit_u64<E: ::serde::de::Error>(self, _: u64) -> Result<(), E> {
                        self.visit_bool(true)
                    }

                    fn visit_f64<E: ::serde::de::Error>(self, _: f64) -> Result<(), E> {
                        self.visit_bool(true)
                    }

                    fn visit_seq<A: ::serde::de::SeqAccess<'de>>(
                        self,
                        list: A,
                    ) -> Result<(), A::Error> {
                        skip_list(list)?;
                        self.visit_bool(true)
                    }
                }

                from.deserialize_any(Reader(self))
            }

            fn twice(&self) -> Option<&'static str> {
                self.twice
            }
        }
    };
}

pub(crate) use object;
