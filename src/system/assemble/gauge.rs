//! Symmetries of a file: a sign, and indices that may be exchanged.

use super::{Builder, Written};
use crate::language::scope::{Allowed, Scope};
use crate::language::{EquationError, Problem};
use crate::name::nearest;
use crate::system::exchange::Exchange;
use crate::system::indices::Key;
use crate::system::schema::{Gauge, Words};

impl Builder<'_> {
    /// The condition on the representative under a sign symmetry, and the unknowns that change sign.
    pub(super) fn gauge(&self, scope: &Scope) -> Result<Option<(Written, Vec<usize>)>, EquationError> {
        let Some(gauge) = &self.file.gauge else { return Ok(None) };
        let Gauge { keep, flip, permute, .. } = gauge.get_ref();
        let Some(keep) = keep else {
            if permute.is_some() && flip.is_empty() {
                return Ok(None);
            }
            let message = "[gauge] needs `keep`, a condition on the solution, with `flip`, the unknowns that change sign where it fails; or `permute`, an index, with `by`, what is in order";
            return Err(self.structure(gauge.span(), message.into()));
        };
        let keep = self.parse(keep)?;
        keep.check_condition(scope, "the gauge condition", Allowed::Everything)?;
        let unknowns: Vec<&str> = self.file.unknowns.keys().map(|n| n.get_ref().as_str()).collect();
        let mut places = Vec::new();
        for name in flip {
            let place = unknowns.iter().position(|u| *u == name.get_ref().as_str());
            let Some(place) = place else {
                let near = nearest(name.get_ref(), unknowns.iter().copied());
                let problem = Problem::UnknownName { name: name.get_ref().clone(), nearest: near };
                return Err(self.error(name.span(), problem));
            };
            places.push(place);
        }
        Ok(Some((keep, places)))
    }

    /// Indices whose values may be exchanged.
    pub(super) fn exchange(&self) -> Result<Option<Exchange>, EquationError> {
        let Some(gauge) = &self.file.gauge else { return Ok(None) };
        let Gauge { permute, by, .. } = gauge.get_ref();
        let (permute, by) = match (permute, by) {
            (Some(permute), Some(by)) => (permute, by),
            (None, None) => return Ok(None),
            _ => {
                let message = "`permute`, an index, goes with `by`, what is in order, the largest first: permute = \"a\", by = \"m[a]\"";
                return Err(self.structure(gauge.span(), message.into()));
            }
        };
        let indices = match permute.get_ref() {
            Words::None => Vec::new(),
            Words::One(index) => vec![index.clone()],
            Words::Several(indices) => indices.clone(),
        };
        let mut size = None;
        for index in &indices {
            let known = self.indices.size(index);
            if known.is_none() || size.is_some_and(|size| Some(size) != known) {
                let message = match known {
                    None => format!("`{index}` is no index of this file"),
                    Some(_) => {
                        format!("{} are exchanged together, and do not run equally far", indices.join(", "))
                    }
                };
                return Err(self.structure(permute.span(), message));
            }
            size = known;
        }
        let unknown = |name: &str| self.file.unknowns.keys().position(|own| own.get_ref() == name);
        let key = Key::read(by, self.source)?;
        let places = (1..=size.unwrap_or(0)).map(|value| {
            let values = vec![value; key.inner.len()];
            unknown(&self.indices.member(&key.name, &values).ok()?)
        });
        let Some(places) = places.collect::<Option<Vec<usize>>>().filter(|p| !p.is_empty()) else {
            let message = format!("`{}` is no unknown with the indices {}", by.get_ref(), indices.join(", "));
            return Err(self.structure(by.span(), message));
        };
        let mut members = Vec::new();
        for (place, name) in self.file.unknowns.keys().enumerate() {
            let Some((family, values)) = self.indices.member_of(name.get_ref()) else { continue };
            let own = self.indices.family(&family).map_or(&[][..], |family| &family.indices);
            let exchanged = own.iter().map(|index| indices.contains(index)).collect();
            members.push((place, (family, values), exchanged));
        }
        Ok(Some(Exchange::new(indices, by.get_ref().clone(), places, members)))
    }
}
