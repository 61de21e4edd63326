//! Places as sets of countries, and how one place lies against another.
//!
//! In: country numbers that the catalog hands out. Out: set answers in three values.
//! This room knows no country by name.

/// A set of countries, each a number below 256 that the catalog assigned.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Default, Debug)]
pub struct CountrySet([u64; 4]);

impl CountrySet {
    /// The set that holds nothing.
    pub const EMPTY: Self = Self([0; 4]);

    /// The set with one country.
    pub fn single(country: u8) -> Self {
        let mut set = Self::EMPTY;
        set.insert(country);
        set
    }

    /// Adds a country.
    pub fn insert(&mut self, country: u8) {
        let (word, bit) = (usize::from(country >> 6), country & 63);
        if let Some(word) = self.0.get_mut(word) {
            *word |= 1 << bit;
        }
    }

    /// All countries of either set.
    pub fn union(self, other: Self) -> Self {
        let [a, b, c, d] = self.0;
        let [e, f, g, h] = other.0;
        Self([a | e, b | f, c | g, d | h])
    }

    /// Whether every country of this set is in `other`. The empty set is in every set.
    pub fn is_subset(self, other: Self) -> bool {
        self.union(other) == other
    }

    /// Whether no country is in both.
    pub fn is_disjoint(self, other: Self) -> bool {
        let [a, b, c, d] = self.0;
        let [e, f, g, h] = other.0;
        a & e == 0 && b & f == 0 && c & g == 0 && d & h == 0
    }

    /// How many countries the set holds.
    pub fn len(self) -> u32 {
        self.0.iter().map(|word| word.count_ones()).sum()
    }

    /// Whether the set holds nothing.
    pub fn is_empty(self) -> bool {
        self == Self::EMPTY
    }

    /// The country numbers in the set, ascending.
    pub fn iter(self) -> impl Iterator<Item = u8> {
        (0..=255u8).filter(move |country| !Self::single(*country).is_disjoint(self))
    }
}

/// Three-valued truth (Kleene's strong logic).
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Kleene {
    /// Known to hold.
    True,
    /// Known not to hold.
    False,
    /// Not known.
    Unknown,
}

impl Kleene {
    /// True where both are; false where either is.
    pub fn and(self, other: Self) -> Self {
        match (self, other) {
            (Self::False, _) | (_, Self::False) => Self::False,
            (Self::True, Self::True) => Self::True,
            _ => Self::Unknown,
        }
    }

    /// True where either is; false where both are.
    pub fn or(self, other: Self) -> Self {
        match (self, other) {
            (Self::True, _) | (_, Self::True) => Self::True,
            (Self::False, Self::False) => Self::False,
            _ => Self::Unknown,
        }
    }
}

impl From<bool> for Kleene {
    fn from(value: bool) -> Self {
        if value { Self::True } else { Self::False }
    }
}

/// A place of the catalog, by number.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord)]
pub struct PlaceId(pub u16);

/// A place as an event or a tenant's facts state it.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub enum StatedPlace {
    /// Nothing was said.
    #[default]
    Absent,
    /// Something was said that no name of the catalog fits.
    Unresolved,
    /// A place of the catalog and its countries.
    Known(PlaceId, CountrySet),
}

impl StatedPlace {
    /// Whether anything was said, resolved or not.
    pub fn is_stated(self) -> bool {
        self != Self::Absent
    }

    /// The countries, where the place is known.
    pub fn countries(self) -> Option<CountrySet> {
        match self {
            Self::Known(_, set) => Some(set),
            Self::Absent | Self::Unresolved => None,
        }
    }

    /// The catalog's place, where it is known.
    pub fn id(self) -> Option<PlaceId> {
        match self {
            Self::Known(id, _) => Some(id),
            Self::Absent | Self::Unresolved => None,
        }
    }

    /// Inside `boundary`, outside it, or neither known (`domain` §4, "three answers").
    pub fn within(self, boundary: CountrySet) -> Kleene {
        match self {
            Self::Known(_, set) if set.is_subset(boundary) => Kleene::True,
            Self::Known(_, set) if set.is_disjoint(boundary) => Kleene::False,
            _ => Kleene::Unknown,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn set(countries: &[u8]) -> CountrySet {
        countries.iter().fold(CountrySet::EMPTY, |set, c| set.union(CountrySet::single(*c)))
    }

    #[test]
    fn a_place_that_straddles_a_boundary_is_neither_inside_nor_outside() {
        let boundary = set(&[1, 64, 255]);
        let place = |countries: &[u8]| StatedPlace::Known(PlaceId(0), set(countries));
        assert_eq!(place(&[1, 255]).within(boundary), Kleene::True);
        assert_eq!(place(&[2, 128]).within(boundary), Kleene::False);
        assert_eq!(place(&[1, 2]).within(boundary), Kleene::Unknown);
        assert_eq!(StatedPlace::Unresolved.within(boundary), Kleene::Unknown);
    }

    #[test]
    fn a_set_lists_and_counts_its_countries() {
        let some = set(&[3, 63, 64, 200]);
        assert_eq!(some.iter().collect::<Vec<_>>(), [3, 63, 64, 200]);
        assert_eq!(some.len(), 4);
        assert!(CountrySet::EMPTY.is_empty() && CountrySet::EMPTY.is_subset(some));
    }
}
