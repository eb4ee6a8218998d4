//! Indices whose values may be exchanged: of all solutions that differ by that alone, the one in order is shown.

use std::collections::HashMap;

/// A family and the values of its indices.
type Member = (String, Vec<usize>);

/// A symmetry under permutations of the values of some indices, all of them together.
#[derive(Debug, Clone)]
pub struct Exchange {
    /// The indices.
    pub indices: Vec<String>,
    /// What is in order, the largest first: as written.
    pub by_text: String,
    /// The same as places of unknowns, one for each value of an index.
    by: Vec<usize>,
    /// The unknowns with indices: place, family and values, and which of them are exchanged.
    members: Vec<(usize, Member, Vec<bool>)>,
    places: HashMap<Member, usize>,
}

impl Exchange {
    /// A symmetry of unknowns that are given with their families, values of indices, and which of those are exchanged.
    pub fn new(
        indices: Vec<String>,
        by_text: String,
        by: Vec<usize>,
        members: Vec<(usize, Member, Vec<bool>)>,
    ) -> Exchange {
        let places = members.iter().map(|(place, member, _)| (member.clone(), *place)).collect();
        Exchange { indices, by_text, by, members, places }
    }

    /// Brings unknowns in order.
    pub fn put_in_order(&self, x: &mut [f64]) {
        let key = |value: &usize| x[self.by[*value]];
        let mut order: Vec<usize> = (0..self.by.len()).collect();
        order.sort_by(|a, b| key(b).total_cmp(&key(a)));
        if order.is_sorted() {
            return;
        }
        let before = x.to_vec();
        for (place, (family, values), exchanged) in &self.members {
            let from = values.iter().zip(exchanged);
            let mut from: Vec<usize> = from
                .map(|(value, exchanged)| if *exchanged { order[value - 1] + 1 } else { *value })
                .collect();
            let mut source = self.places.get(&(family.clone(), from.clone()));
            if source.is_none() {
                // A symmetric pair.
                from.reverse();
                source = self.places.get(&(family.clone(), from));
            }
            if let Some(source) = source {
                x[*place] = before[*source];
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_indices_move_together() {
        let member = |name: &str, values: &[usize]| (name.to_string(), values.to_vec());
        let members = vec![
            (0, member("m", &[1]), vec![true]),
            (1, member("m", &[2]), vec![true]),
            (2, member("m", &[3]), vec![true]),
            (3, member("Q", &[1, 2]), vec![true, true]),
            (4, member("Q", &[1, 3]), vec![true, true]),
            (5, member("Q", &[2, 3]), vec![true, true]),
        ];
        let exchange = Exchange::new(vec!["a".into()], "m[a]".into(), vec![0, 1, 2], members);
        // m_2 is the largest, then m_3, then m_1.
        let mut x = [0.1, 0.9, 0.5, 12.0, 13.0, 23.0];
        exchange.put_in_order(&mut x);
        assert_eq!(x, [0.9, 0.5, 0.1, 23.0, 12.0, 13.0]);
    }
}
