//! Keys with indices: `"m[a]" = …` and `"m[1]" = …`.

use crate::language::{EquationError, Indices, Problem, member_name, tuples};
use crate::name::{canonical, is_identifier};
use crate::system::schema::Str;

use super::Source;

/// A key: a name, and what stands in its brackets.
pub struct Key {
    pub name: String,
    pub inner: Vec<Inner>,
}

/// What stands at a place of the brackets.
#[derive(Clone, PartialEq, Eq)]
pub enum Inner {
    /// An index: the key stands for one entry for each of its values.
    Index(String),
    /// A value.
    Value(usize),
}

/// A member that a key stands for, and the values that the indices of the key have there.
pub struct Member {
    pub name: String,
    pub values: Vec<(String, usize)>,
}

impl Key {
    /// A key of the file.
    ///
    /// # Errors
    /// Brackets that do not close, or hold something else than indices and numbers.
    pub fn read(written: &Str, source: &Source) -> Result<Key, EquationError> {
        let text = written.get_ref();
        Key::parse(text).ok_or_else(|| {
            let message =
                format!("`{text}` is no name with indices; write for example \"m[a]\", or \"m[1]\" for one");
            EquationError::at(source.place(written.span()), Problem::Structure(message))
        })
    }

    /// A name, with brackets or without; none where they do not close, or hold something else than indices and numbers.
    pub fn parse(text: &str) -> Option<Key> {
        let Some((name, rest)) = text.split_once('[') else {
            return Some(Key { name: text.to_string(), inner: Vec::new() });
        };
        let inside = rest.trim_end().strip_suffix(']')?;
        let inner = inside.split(',').map(str::trim).map(|part| match part.parse() {
            Ok(value) => Some(Inner::Value(value)),
            Err(_) => is_identifier(part).then(|| Inner::Index(canonical(part))),
        });
        Some(Key { name: canonical(name.trim()), inner: inner.collect::<Option<_>>()? })
    }

    /// The values in the brackets; none if an index stands there.
    pub fn values(&self) -> Option<Vec<usize>> {
        let value = |inner: &Inner| match inner {
            Inner::Value(value) => Some(*value),
            Inner::Index(_) => None,
        };
        self.inner.iter().map(value).collect()
    }

    /// The indices of a key that declares a family; none if it is a plain name.
    pub fn indices(&self) -> Option<Vec<String>> {
        let index = |inner: &Inner| match inner {
            Inner::Index(index) => Some(index.clone()),
            Inner::Value(_) => None,
        };
        if self.inner.is_empty() { None } else { self.inner.iter().map(index).collect() }
    }

    /// The members that the key stands for; itself, if it has no indices.
    ///
    /// # Errors
    /// A name without indices, values out of reach.
    pub fn members(&self, indices: &Indices) -> Result<Vec<Member>, Problem> {
        if self.inner.is_empty() {
            let members = indices.members(&self.name);
            let plain = || vec![Member { name: self.name.clone(), values: Vec::new() }];
            let all = |names: Vec<String>| {
                names.into_iter().map(|name| Member { name, values: Vec::new() }).collect()
            };
            return Ok(members.map_or_else(plain, all));
        }
        // An index that is not declared is that of the family at its place.
        let family = indices.family(&self.name);
        let mut own: Vec<String> = Vec::new();
        let mut sizes: Vec<usize> = Vec::new();
        for (place, inner) in self.inner.iter().enumerate() {
            let Inner::Index(index) = inner else { continue };
            let size = indices
                .size(index)
                .or_else(|| indices.size(family.and_then(|family| family.indices.get(place))?));
            let Some(size) = size else {
                return Err(Problem::Structure(format!(
                    "`{index}` is no index of this file; say in [indices] how far it runs: {index} = 3"
                )));
            };
            if !own.contains(index) {
                own.push(index.clone());
                sizes.push(size);
            }
        }
        let mut members = Vec::new();
        for values in tuples(&sizes) {
            let at: Vec<(String, usize)> = own.iter().cloned().zip(values).collect();
            let value = |inner: &Inner| match inner {
                Inner::Value(value) => *value,
                Inner::Index(index) => at.iter().find(|(own, _)| own == index).map_or(0, |(_, value)| *value),
            };
            let values: Vec<usize> = self.inner.iter().map(value).collect();
            let name = indices.member(&self.name, &values)?;
            // Of a symmetric pair one stands for both.
            if name == member_name(&self.name, &values) {
                members.push(Member { name, values: at });
            }
        }
        Ok(members)
    }
}
