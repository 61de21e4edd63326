//! Data categories as numbers and sets of them. The tree itself is catalog data.

/// A node of the taxonomy, numbered in the taxonomy's own order.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, PartialOrd, Ord, Default)]
pub struct CategoryId(pub u8);

/// A set of at most 32 categories.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct CategorySet(u32);

impl CategorySet {
    /// How many nodes a taxonomy may have.
    pub const CAPACITY: usize = 32;
    /// The set that holds nothing.
    pub const EMPTY: Self = Self(0);

    /// Adds a category.
    pub fn insert(&mut self, category: CategoryId) {
        self.0 |= 1u32.wrapping_shl(u32::from(category.0));
    }

    /// Whether the category is in the set.
    pub fn contains(self, category: CategoryId) -> bool {
        self.0 & 1u32.wrapping_shl(u32::from(category.0)) != 0
    }

    /// All categories of either set.
    pub fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Categories of this set that are not in `other`.
    pub fn without(self, other: Self) -> Self {
        Self(self.0 & !other.0)
    }

    /// Categories in both.
    pub fn intersection(self, other: Self) -> Self {
        Self(self.0 & other.0)
    }

    /// Whether the set holds nothing.
    pub fn is_empty(self) -> bool {
        self.0 == 0
    }

    /// How many categories the set holds.
    pub fn len(self) -> u32 {
        self.0.count_ones()
    }

    /// The categories in taxonomy order.
    pub fn iter(self) -> impl Iterator<Item = CategoryId> {
        let mut rest = self.0;
        std::iter::from_fn(move || {
            if rest == 0 {
                return None;
            }
            let next = rest.trailing_zeros();
            rest &= rest - 1;
            Some(CategoryId(next as u8))
        })
    }
}

impl FromIterator<CategoryId> for CategorySet {
    fn from_iter<I: IntoIterator<Item = CategoryId>>(categories: I) -> Self {
        let mut set = Self::EMPTY;
        for category in categories {
            set.insert(category);
        }
        set
    }
}
