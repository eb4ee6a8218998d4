//! What stands at a place of a file, and the values that indices have there.

use std::borrow::Borrow;
use std::hash::{Hash, Hasher};
use std::ops::Range;
use std::sync::Arc;

use serde::Deserialize;
use serde::de::Deserializer;
use toml::Spanned;

use crate::language::Indices;

/// A value of the file with its place; once `m[a]` is written out, with the indices that it is read with.
#[derive(Debug, Clone)]
pub struct At<T> {
    value: Spanned<T>,
    indices: Option<Arc<Indices>>,
}

impl<T> At<T> {
    /// A value at a place of the file.
    pub fn new(span: Range<usize>, value: T) -> At<T> {
        At { value: Spanned::new(span, value), indices: None }
    }

    /// Where it stands.
    pub fn span(&self) -> Range<usize> {
        self.value.span()
    }

    /// The value.
    pub fn get_ref(&self) -> &T {
        self.value.get_ref()
    }

    /// The value, to change it.
    pub fn get_mut(&mut self) -> &mut T {
        self.value.get_mut()
    }

    /// The indices that it is read with, if it is one of several.
    pub fn indices(&self) -> Option<&Arc<Indices>> {
        self.indices.as_ref()
    }

    /// Another value at the same place.
    pub fn map<U>(self, of: impl FnOnce(T) -> U) -> At<U> {
        let span = self.value.span();
        At { value: Spanned::new(span, of(self.value.into_inner())), indices: self.indices }
    }

    /// The same, read with some indices.
    pub fn with(self, indices: &Arc<Indices>) -> At<T> {
        At { indices: Some(indices.clone()), ..self }
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for At<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        Spanned::deserialize(deserializer).map(|value| At { value, indices: None })
    }
}

impl<T: PartialEq> PartialEq for At<T> {
    fn eq(&self, other: &Self) -> bool {
        self.get_ref() == other.get_ref()
    }
}

impl<T: Eq> Eq for At<T> {}

impl<T: Hash> Hash for At<T> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.get_ref().hash(state);
    }
}

impl Borrow<str> for At<String> {
    fn borrow(&self) -> &str {
        self.get_ref()
    }
}
