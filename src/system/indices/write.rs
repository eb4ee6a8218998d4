//! The sections of a file, written out: one entry for each value of the indices.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use indexmap::map::Entry;

use super::data::Data;
use super::key::{Key, Member};
use crate::diagnostic::Source;
use crate::language::{EquationError, Indices, Problem};
use crate::system::schema::{
    At, Branch, Energy, Entries, File, Gauge, Implicit, Listed, Motion, NumberOrText, Output, Parameter,
    Several, Str, TextOrNames, Unknown, Variable, VariableTable, Words,
};

/// Writes out a file.
pub struct Writer<'f> {
    pub source: &'f Arc<Source>,
    pub folder: Option<&'f Path>,
    pub indices: &'f Arc<Indices>,
}

/// What an entry becomes for one member: the indices that it is read with, and the member.
struct Here<'m> {
    indices: Arc<Indices>,
    member: &'m Member,
}

impl Here<'_> {
    fn at<T: Clone>(&self, value: &At<T>) -> At<T> {
        if self.member.values.is_empty() { value.clone() } else { value.clone().with(&self.indices) }
    }

    fn list<T: Clone>(&self, list: &[At<T>]) -> Vec<At<T>> {
        list.iter().map(|value| self.at(value)).collect()
    }

    fn meaning(&self, meaning: &str) -> String {
        self.member
            .values
            .iter()
            .fold(meaning.to_string(), |all, (index, value)| format!("{all}, {index} = {value}"))
    }
}

impl Writer<'_> {
    /// All sections.
    ///
    /// # Errors
    /// Keys that stand for nothing or twice for the same, lists of another length than their indices.
    pub fn file(&self, file: File, data: &mut Vec<Arc<Source>>) -> Result<File, EquationError> {
        let mut file = file;
        file.indices = Entries::new();
        file.parameters = self.parameters(file.parameters, data)?;
        file.variables =
            self.declared(file.variables, |variable, here| Ok(here.at(variable).map(|v| here.variable(v))))?;
        file.definitions = self.declared(file.definitions, |text, here| Ok(here.at(text)))?;
        file.implicit =
            self.declared(file.implicit, |implicit, here| Ok(implicit.clone().map(|i| here.implicit(i))))?;
        file.unknowns = self.declared(file.unknowns, |unknown, here| Ok(here.unknown(unknown)))?;
        file.outputs = self.declared(file.outputs, |output, here| Ok(here.output(output)))?;
        for section in [&mut file.fixed_point, &mut file.residual].into_iter().flatten() {
            let entries = std::mem::take(section.get_mut());
            *section.get_mut() = self.entries(entries, |text, here| Ok(here.at(text)))?;
        }
        for motion in [&mut file.flow, &mut file.iterate].into_iter().flatten() {
            let Motion { right, start, .. } = motion.get_mut();
            *right = self.entries(std::mem::take(right), |text, here| Ok(here.at(text)))?;
            if let Some(start) = start {
                let entries = std::mem::take(start.get_mut());
                *start.get_mut() = self.entries(entries, |value, here| Ok(here.at(value)))?;
            }
        }
        for branch in &mut file.branch {
            let Branch { start, at, .. } = branch.get_mut();
            for point in start.iter_mut().flatten().chain(at) {
                let entries = std::mem::take(point.get_mut());
                *point.get_mut() = self.entries(entries, |value, here| Ok(here.at(value)))?;
            }
        }
        if let Some(energy) = &mut file.energy {
            let Energy { minimise, maximise, .. } = energy.get_mut();
            for way in [minimise, maximise].into_iter().flatten() {
                if let TextOrNames::Names(names) = way.get_mut() {
                    *names = self.names(names)?;
                }
            }
        }
        if let Some(Gauge { flip, .. }) = file.gauge.as_mut().map(At::get_mut) {
            *flip = self.names(flip)?;
        }
        if let Some(plot) = &mut file.plot {
            plot.columns = self.names(&plot.columns)?;
        }
        Ok(file)
    }

    /// Names in a list, each of which may stand for several.
    fn names(&self, names: &[Str]) -> Result<Vec<Str>, EquationError> {
        let mut all = Vec::new();
        for name in names {
            let members = Key::read(name, self.source)?.members(self.indices);
            let members = members.map_err(|problem| self.error(name.span(), problem))?;
            all.extend(members.into_iter().map(|member| At::new(name.span(), member.name)));
        }
        Ok(all)
    }

    /// Entries that declare names: a name has indices or not.
    fn declared<T>(
        &self,
        entries: Entries<T>,
        copy: impl Fn(&T, &Here) -> Result<T, EquationError>,
    ) -> Result<Entries<T>, EquationError> {
        for name in entries.keys() {
            if let Some(family) = self.indices.family(name.get_ref()) {
                let own = family.indices.join(", ");
                let message =
                    format!("`{0}` is also `{0}[{own}]`; one of them needs another name", name.get_ref());
                return Err(self.error(name.span(), Problem::Structure(message)));
            }
        }
        self.entries(entries, copy)
    }

    /// Entries, one for each member that their keys stand for; one that is written for a member goes before those of all.
    fn entries<T>(
        &self,
        entries: Entries<T>,
        copy: impl Fn(&T, &Here) -> Result<T, EquationError>,
    ) -> Result<Entries<T>, EquationError> {
        let mut all: Entries<T> = Entries::new();
        let mut own: Vec<String> = Vec::new();
        for (name, entry) in entries {
            let key = Key::read(&name, self.source)?;
            let single = key.values().is_some();
            let members = key.members(self.indices).map_err(|problem| self.error(name.span(), problem))?;
            for member in members {
                let values = member.values.iter().map(|(index, value)| (index.as_str(), *value));
                let here = Here { indices: Arc::new(self.indices.at(values)), member: &member };
                let copied = copy(&entry, &here)?;
                let again = own.contains(&member.name);
                match all.entry(At::new(name.span(), member.name.clone())) {
                    Entry::Vacant(place) => {
                        place.insert(copied);
                    }
                    Entry::Occupied(_) if again && !single => continue,
                    Entry::Occupied(mut place) if single && !again => {
                        place.insert(copied);
                    }
                    Entry::Occupied(_) => {
                        let message = format!("`{}` stands twice in this section", member.name);
                        return Err(self.error(name.span(), Problem::Structure(message)));
                    }
                }
                if single && !key.inner.is_empty() {
                    own.push(member.name.clone());
                }
            }
        }
        Ok(all)
    }

    /// Parameters, with the defaults of an index from a list or a file.
    fn parameters(
        &self,
        parameters: Entries<Parameter>,
        data: &mut Vec<Arc<Source>>,
    ) -> Result<Entries<Parameter>, EquationError> {
        let mut read = Entries::new();
        for (name, mut parameter) in parameters {
            if let Several::File(columns) = parameter.default.get_ref() {
                let structure = |message| self.error(parameter.default.span(), Problem::Structure(message));
                let table = Data::read(&columns.file, self.source, self.folder, data)?;
                let number =
                    |x: f64| At::new(parameter.default.span(), Several::One(NumberOrText::Number(x)));
                let column = |column: &str| table.column(column).map_err(structure);
                let list = match columns.column.get_ref() {
                    Words::Several(columns) => {
                        let columns: Vec<Vec<f64>> =
                            columns.iter().map(|name| column(name)).collect::<Result<_, _>>()?;
                        let row = |i: usize| columns.iter().map(|column| number(column[i])).collect();
                        let rows = 0..columns.first().map_or(0, Vec::len);
                        let row = |i: usize| At::new(parameter.default.span(), Several::List(row(i)));
                        rows.map(row).collect()
                    }
                    Words::One(name) => column(name)?.into_iter().map(number).collect(),
                    Words::None => Vec::new(),
                };
                parameter.default = At::new(parameter.default.span(), Several::List(list));
            }
            read.insert(name, parameter);
        }
        for (name, parameter) in &read {
            if !name.get_ref().contains('[')
                && let Several::List(_) = parameter.default.get_ref()
            {
                let message = format!(
                    "`{}` is one number; a list is the default of a parameter with an index",
                    name.get_ref()
                );
                return Err(self.error(parameter.default.span(), Problem::Structure(message)));
            }
        }
        self.declared(read, |parameter, here| {
            let values: Vec<usize> = here.member.values.iter().map(|(_, value)| *value).collect();
            let sizes: Vec<(&str, usize)> = here
                .member
                .values
                .iter()
                .map(|(index, _)| (index.as_str(), self.indices.size(index).unwrap_or(0)))
                .collect();
            let default = self.entry_of(&parameter.default, &values, &sizes)?;
            Ok(Parameter {
                default: here.at(&default),
                domain: parameter.domain.as_ref().map(|domain| here.at(domain)),
                slider: parameter.slider.clone(),
                meaning: here.meaning(&parameter.meaning),
                values: parameter.values.clone(),
            })
        })
    }

    /// The entry of a list of lists at some values of its indices; what is no list is the same for all.
    fn entry_of(
        &self,
        default: &At<Several>,
        values: &[usize],
        sizes: &[(&str, usize)],
    ) -> Result<At<Several>, EquationError> {
        let Several::List(list) = default.get_ref() else { return Ok(default.clone()) };
        let Some(((value, values), ((index, size), sizes))) = values.split_first().zip(sizes.split_first())
        else {
            let message = "this list has more lists inside each other than the parameter has indices".into();
            return Err(self.error(default.span(), Problem::Structure(message)));
        };
        if list.len() != *size {
            let message = format!(
                "this list has {} entries, and the index `{index}` runs from 1 to {size}; give a list of {size}, or one value for all",
                list.len()
            );
            return Err(self.error(default.span(), Problem::Structure(message)));
        }
        self.entry_of(&list[value - 1], values, sizes)
    }

    fn error(&self, span: Range<usize>, problem: Problem) -> EquationError {
        EquationError::at(self.source.place(span), problem)
    }
}

impl Here<'_> {
    fn variable(&self, variable: Variable) -> Variable {
        let Variable::Table(table) = variable else { return variable };
        let list = |list: &Option<Vec<At<NumberOrText>>>| list.as_ref().map(|list| self.list(list));
        let at = |value: &Option<At<NumberOrText>>| value.as_ref().map(|value| self.at(value));
        let listed =
            |values: &Option<Listed>| values.as_ref().map(|values| Listed::List(self.list(values.list())));
        Variable::Table(Box::new(VariableTable {
            values: listed(&table.values),
            weights: listed(&table.weights),
            file: None,
            covariance: table.covariance.as_ref().map(|covariance| self.at(covariance)),
            mean: at(&table.mean),
            uniform: list(&table.uniform),
            exponential: at(&table.exponential),
            integral: list(&table.integral),
            density: table.density.as_ref().map(|density| self.at(density)),
            support: list(&table.support),
            poisson: at(&table.poisson),
            binomial: list(&table.binomial),
            largest: table.largest.clone(),
        }))
    }

    fn implicit(&self, implicit: Implicit) -> Implicit {
        Implicit {
            equation: implicit.equation.as_ref().map(|text| self.at(text)),
            minimise: implicit.minimise.as_ref().map(|text| self.at(text)),
            convex: implicit.convex,
            range: implicit.range.as_ref().map(|range| self.list(range)),
        }
    }

    fn unknown(&self, unknown: &Unknown) -> Unknown {
        let mut unknown = unknown.clone();
        unknown.0.meaning = self.meaning(&unknown.0.meaning);
        unknown.0.range = unknown.0.range.as_ref().map(|range| self.list(range));
        unknown
    }

    fn output(&self, output: &Output) -> Output {
        Output { value: self.at(&output.value), meaning: self.meaning(&output.meaning) }
    }
}
