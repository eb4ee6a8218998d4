//! Values that are given for names with indices: lists, `p[1]`, and parameters that say how far indices run.

use super::given::{Assignment, Sweep};
use super::plan::{PlanError, Wanted};
use crate::language::Indices;
use crate::system::{Key, Theory};
use crate::value::{Given, Value};

/// Runs the indices of theories as far as the values given say, and writes what is given for names with indices out.
///
/// # Errors
/// Lists of another length than their index, sizes that are swept, what a theory does not accept.
pub fn written_out(wanted: &Wanted, theories: &mut [Theory]) -> Result<Wanted, PlanError> {
    let counts: Vec<String> =
        theories.iter().flat_map(Theory::counts).map(|(name, _)| name.clone()).collect();
    let mut sizes: Given = Vec::new();
    let meant = |name: &str, theories: &[Theory]| Theory::parameter_meant(theories, name).ok();
    for set in &wanted.set {
        if let Some(name) = meant(&set.name, theories).filter(|name| counts.contains(name)) {
            sizes.push((name, set.value.clone()));
        }
    }
    let sweeps = || wanted.sweep.iter().chain(wanted.zip.iter().flatten());
    if let Some(sweep) = sweeps().find(|s| meant(&s.name, theories).is_some_and(|n| counts.contains(&n))) {
        return Err(PlanError::Given(format!(
            "`{}` says how far an index runs, and with it what columns there are; give it with --set, one value in each run",
            sweep.name
        )));
    }
    for theory in theories.iter_mut() {
        *theory = theory.clone().resized(&sizes)?;
    }
    let mut written = wanted.clone();
    written.set = Vec::new();
    for set in &wanted.set {
        match &set.value {
            Value::List(_) => list(&set.name, &set.value, theories, &mut written.set)?,
            _ => {
                let name = plain(&set.name, theories)?;
                written.set.push(Assignment { name, value: set.value.clone() });
            }
        }
    }
    let rename = |sweep: &mut Sweep| plain(&sweep.name, theories).map(|name| sweep.name = name);
    written.sweep.iter_mut().chain(written.zip.iter_mut().flatten()).try_for_each(rename)?;
    Ok(written)
}

fn indices(theories: &[Theory]) -> impl Iterator<Item = &Indices> {
    theories.iter().flat_map(|theory| &theory.pieces).map(|piece| piece.system.indices())
}

/// The plain name of `p[1]`.
fn plain(name: &str, theories: &[Theory]) -> Result<String, PlanError> {
    if !name.contains('[') {
        return Ok(name.to_string());
    }
    let key = Key::parse(name).and_then(|key| Some((key.values()?, key.name)));
    let Some((values, family)) = key else {
        return Err(PlanError::Given(format!("`{name}` is no name of a value; write for example p[1]")));
    };
    let own = indices(theories).find(|own| own.family(&family).is_some());
    let member = own.unwrap_or(&Indices::default()).member(&family, &values);
    member.map_err(|problem| PlanError::Given(problem.to_string()))
}

/// One value for each member of a family.
fn list(name: &str, value: &Value, theories: &[Theory], set: &mut Vec<Assignment>) -> Result<(), PlanError> {
    let Some(own) = indices(theories).find(|own| own.family(name).is_some()) else {
        // Refused where the name is known, with what it takes.
        set.push(Assignment { name: name.to_string(), value: value.clone() });
        return Ok(());
    };
    let family = own.family(name).map_or(&[][..], |family| &family.indices);
    for values in own.values_of(family) {
        let mut entry = value;
        for (index, place) in family.iter().zip(&values) {
            let Value::List(list) = entry else { break };
            let size = own.size(index).unwrap_or(0);
            if list.len() != size {
                return Err(PlanError::Given(format!(
                    "{name} = {value}: a list for the index `{index}`, which runs from 1 to {size}, has {size} values, not {}",
                    list.len()
                )));
            }
            entry = &list[place - 1];
        }
        let name = own.member(name, &values).map_err(|problem| PlanError::Given(problem.to_string()))?;
        set.push(Assignment { name, value: entry.clone() });
    }
    Ok(())
}
