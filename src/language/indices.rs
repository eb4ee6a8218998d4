//! Indices: `m[a]` stands for m_1, m_2, …; what every index runs over, and which value each has at a place of a file.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use super::error::Problem;
use crate::name::nearest;

/// The most terms of sums over indices in one file: each costs some hundred bytes before it is known which are equal.
pub const MOST_TERMS: usize = 1_000_000;

/// The names that share one, told apart by their indices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Family {
    /// The index at every place.
    pub indices: Vec<String>,
    /// Whether a pair of indices may be exchanged.
    pub symmetric: bool,
    /// Whether its variables are averaged over together only.
    pub together: bool,
}

/// The indices of a file, and the values that they have at a place of it.
#[derive(Debug, Clone, Default)]
pub struct Indices {
    sizes: Arc<HashMap<String, usize>>,
    families: Arc<HashMap<String, Family>>,
    /// Parameters that say how far indices run.
    counts: Arc<HashMap<String, f64>>,
    here: BTreeMap<String, usize>,
    /// Terms of sums over indices written out so far, in all expressions of the file together.
    terms: Arc<AtomicUsize>,
}

impl Indices {
    /// Counts terms of sums that are written out; whether they are not too many for one file.
    pub fn count_terms(&self, terms: usize) -> bool {
        self.terms.fetch_add(terms, Ordering::Relaxed) + terms <= MOST_TERMS
    }

    /// The indices of a file, with how far each runs; the names that have indices; the values of parameters that say so.
    pub fn new(
        sizes: HashMap<String, usize>,
        families: HashMap<String, Family>,
        counts: HashMap<String, f64>,
    ) -> Indices {
        Indices {
            sizes: Arc::new(sizes),
            families: Arc::new(families),
            counts: Arc::new(counts),
            here: BTreeMap::new(),
            terms: Arc::default(),
        }
    }

    /// How far an index runs.
    pub fn size(&self, index: &str) -> Option<usize> {
        self.sizes.get(index).copied()
    }

    /// The names of all indices.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.sizes.keys().map(String::as_str)
    }

    /// The names that have indices.
    pub fn family(&self, name: &str) -> Option<&Family> {
        self.families.get(name)
    }

    /// The value that an index has here.
    pub fn value(&self, index: &str) -> Option<usize> {
        self.here.get(index).copied()
    }

    /// The value of a parameter that says how far an index runs.
    pub fn count(&self, parameter: &str) -> Option<f64> {
        self.counts.get(parameter).copied()
    }

    /// The same where some indices have values.
    pub fn at<'i>(&self, values: impl IntoIterator<Item = (&'i str, usize)>) -> Indices {
        let mut at = self.clone();
        at.here.extend(values.into_iter().map(|(index, value)| (index.to_string(), value)));
        at
    }

    /// The same with one index more.
    pub fn with_size(&self, index: &str, size: usize) -> Indices {
        let mut sizes = HashMap::clone(&self.sizes);
        sizes.insert(index.to_string(), size);
        Indices { sizes: Arc::new(sizes), ..self.clone() }
    }

    /// The name that a family has at some values of its indices.
    ///
    /// # Errors
    /// A name without indices, another number of them, and values that they do not reach.
    pub fn member(&self, name: &str, values: &[usize]) -> Result<String, Problem> {
        let Some(family) = self.family(name) else {
            let near = nearest(name, self.families.keys().map(String::as_str));
            let meant = near.map_or(String::new(), |n| format!(" (did you mean `{n}`?)"));
            return Err(Problem::Structure(format!("`{name}` has no index{meant}")));
        };
        let indices = &family.indices;
        if indices.len() != values.len() {
            let (own, count, given) = (indices.join(", "), indices.len(), values.len());
            let noun = if count == 1 { "index" } else { "indices" };
            let message = format!("`{name}[{own}]` has {count} {noun}, not {given}");
            return Err(Problem::Structure(message));
        }
        for (index, value) in indices.iter().zip(values) {
            let size = self.size(index).unwrap_or(0);
            if !(1..=size).contains(value) {
                let message = format!("`{name}` has no {index} = {value}; `{index}` runs from 1 to {size}");
                return Err(Problem::Structure(message));
            }
        }
        let mut values = values.to_vec();
        if family.symmetric {
            values.sort_unstable();
        }
        Ok(member_name(name, &values))
    }

    /// The family and the values of a plain name.
    pub fn member_of(&self, plain: &str) -> Option<(String, Vec<usize>)> {
        self.families.iter().find_map(|(name, family)| {
            let values = plain.strip_prefix(name.as_str())?.strip_prefix('_')?;
            let values: Vec<usize> =
                values.split('_').map(|value| value.parse().ok()).collect::<Option<_>>()?;
            let own = values.len() == family.indices.len()
                && member_name(name, &values) == plain
                && self.member(name, &values).is_ok();
            own.then(|| (name.clone(), values))
        })
    }

    /// All members of a family, the last index runs fastest.
    pub fn members(&self, name: &str) -> Option<Vec<String>> {
        let family = self.family(name)?;
        let all = self.values_of(&family.indices);
        let own = all.into_iter().filter(|values| !family.symmetric || values.is_sorted());
        Some(own.map(|values| member_name(name, &values)).collect())
    }

    /// All values of some indices together, the last runs fastest.
    pub fn values_of(&self, indices: &[String]) -> Vec<Vec<usize>> {
        let sizes: Vec<usize> = indices.iter().map(|index| self.size(index).unwrap_or(0)).collect();
        tuples(&sizes)
    }
}

/// All values of indices that run from 1 to these sizes, the last fastest.
pub fn tuples(sizes: &[usize]) -> Vec<Vec<usize>> {
    sizes.iter().fold(vec![Vec::new()], |all, size| {
        let longer = |values: Vec<usize>| (1..=*size).map(move |value| [&values[..], &[value]].concat());
        all.into_iter().flat_map(longer).collect()
    })
}

/// The plain name of a member of a family.
pub fn member_name(name: &str, values: &[usize]) -> String {
    values.iter().fold(name.to_string(), |name, value| format!("{name}_{value}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn indices() -> Indices {
        let sizes = [("a".to_string(), 2), ("b".to_string(), 3)].into();
        let family = |indices: &[&str], symmetric| Family {
            indices: indices.iter().map(|i| i.to_string()).collect(),
            symmetric,
            together: false,
        };
        let families =
            [("m".to_string(), family(&["b"], false)), ("Q".to_string(), family(&["a", "a"], true))].into();
        Indices::new(sizes, families, HashMap::new())
    }

    #[test]
    fn members_are_numbered_and_those_of_a_symmetric_family_stand_once() {
        let indices = indices();
        assert_eq!(indices.members("m").unwrap(), ["m_1", "m_2", "m_3"]);
        assert_eq!(indices.members("Q").unwrap(), ["Q_1_1", "Q_1_2", "Q_2_2"]);
        assert_eq!(indices.member("Q", &[2, 1]).unwrap(), "Q_1_2");
    }

    #[test]
    fn what_is_no_member_is_refused_with_what_is() {
        let indices = indices();
        for (name, values, part) in [
            ("m", &[4][..], "`b` runs from 1 to 3"),
            ("m", &[1, 1], "has 1 index, not 2"),
            ("q", &[1], "did you mean `Q`"),
        ] {
            let error = indices.member(name, values).unwrap_err().to_string();
            assert!(error.contains(part), "{error}");
        }
    }
}
