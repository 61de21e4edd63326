//! Every reason for which a record cannot be read: stable codes for labels and headers.

use std::fmt;

/// Why a record is a dead letter.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub enum Code {
    /// A Kafka record with no value.
    Tombstone,
    /// A value of no bytes, or of white space alone.
    Empty,
    /// More bytes than `limits.max_record_bytes`.
    Oversize,
    /// Bytes that are no UTF-8.
    NotUtf8,
    /// A byte-order mark before the document.
    ByteOrderMark,
    /// Text that is no JSON.
    NotJson,
    /// `NaN` or `Infinity` where JSON wants a number.
    NotANumber,
    /// Deeper nesting than any real record has.
    TooDeep,
    /// The same key twice in one object.
    DuplicateKey,
    /// JSON, but no object.
    NotAnObject,
    /// An object of no known format.
    UnrecognisedFormat,
    /// A needed field is missing.
    MissingField,
    /// A known field has a value of the wrong type.
    WrongType,
    /// A time that is no time.
    InvalidTime,
}

impl Code {
    /// Every code, in the order of this table.
    pub const ALL: [Self; 14] = [
        Self::Tombstone,
        Self::Empty,
        Self::Oversize,
        Self::NotUtf8,
        Self::ByteOrderMark,
        Self::NotJson,
        Self::NotANumber,
        Self::TooDeep,
        Self::DuplicateKey,
        Self::NotAnObject,
        Self::UnrecognisedFormat,
        Self::MissingField,
        Self::WrongType,
        Self::InvalidTime,
    ];

    /// The stable code.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Tombstone => "tombstone",
            Self::Empty => "empty",
            Self::Oversize => "oversize",
            Self::NotUtf8 => "not_utf8",
            Self::ByteOrderMark => "byte_order_mark",
            Self::NotJson => "not_json",
            Self::NotANumber => "not_a_number",
            Self::TooDeep => "too_deep",
            Self::DuplicateKey => "duplicate_key",
            Self::NotAnObject => "not_an_object",
            Self::UnrecognisedFormat => "unrecognised_format",
            Self::MissingField => "missing_field",
            Self::WrongType => "wrong_type",
            Self::InvalidTime => "invalid_time",
        }
    }

    /// A line for people.
    pub fn describe(self) -> &'static str {
        match self {
            Self::Tombstone => "the record has no value",
            Self::Empty => "the record is empty",
            Self::Oversize => "the record is larger than limits.max_record_bytes",
            Self::NotUtf8 => "the record is not UTF-8 text",
            Self::ByteOrderMark => "the record begins with a byte-order mark",
            Self::NotJson => "the record is not JSON",
            Self::NotANumber => "the record holds NaN or Infinity, which JSON does not have",
            Self::TooDeep => "the record nests deeper than 128 levels",
            Self::DuplicateKey => "an object of the record has the same key twice",
            Self::NotAnObject => "the record is JSON, but not an object",
            Self::UnrecognisedFormat => "the record fits no known format",
            Self::MissingField => "a needed field is missing",
            Self::WrongType => "a field has a value of the wrong type",
            Self::InvalidTime => "a time field holds no time",
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A record that cannot be read: why, and where in it. Never what it says.
#[derive(Clone, Copy, PartialEq, Eq, Debug, thiserror::Error)]
#[error("{}{}{}", .code.describe(), if .field.is_empty() { "" } else { ": " }, .field)]
pub struct Unreadable {
    /// The reason.
    pub code: Code,
    /// The field at fault, by its path in the format; empty where it is no field's.
    pub field: &'static str,
}

impl Unreadable {
    /// A reason that concerns the record as a whole.
    pub const fn whole(code: Code) -> Self {
        Self { code, field: "" }
    }

    /// A reason that concerns one field.
    pub const fn at(code: Code, field: &'static str) -> Self {
        Self { code, field }
    }
}
