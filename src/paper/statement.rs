//! A statement over a table of what was measured: its formulas are compiled over the columns, and it is decided.

use std::sync::Arc;

use super::Paper;
use super::schema::{Check, Several, Stated};
use super::template::Template;
use crate::compare::Estimate;
use crate::compare::claim::{Beside, Claim, Relation, Test};
use crate::diagnostic::{Source, Text};
use crate::language::{EquationError, Formula, Problem, Sort};
use crate::name::nearest;
use crate::output::{Cell, Table};
use crate::system::schema::{NumberOrText, Str, expression_text, text};

/// What a text of a statement may show beside the columns.
const OWN: [&str; 7] = ["measured", "error", "predicted", "z", "chance", "chance_of_all", "off"];

/// Degrees of freedom at which Student's distribution is the normal one.
const NORMAL: f64 = 1e9;

/// A statement of a paper.
#[derive(Debug, Clone, Copy)]
pub struct Statement<'p> {
    pub(super) paper: &'p Paper,
    pub(super) stated: &'p Stated,
}

/// A statement that has been decided, with what its row of a table says.
#[derive(Debug, Clone, PartialEq)]
pub struct Decided {
    /// The statement, and what became of it.
    pub claim: Claim,
    /// The derived version of it.
    pub derived: Option<Claim>,
    /// The rows of the table at which it was looked at, one for each place.
    pub rows: Vec<usize>,
    /// What was measured.
    pub measured: String,
    /// What is predicted.
    pub predicted: String,
    /// The measured quantity.
    pub symbol: String,
    /// Where it was measured.
    pub place: String,
    /// How far off it is.
    pub z: String,
    /// What the derived version says.
    pub in_derived: String,
    /// The name of the quantity among the numbers, at each place.
    pub names: Vec<String>,
}

impl Check {
    /// The relation that is stated, and to what.
    pub fn relations(&self) -> impl Iterator<Item = (Relation, &toml::Spanned<Several>)> {
        let all = [
            (Relation::Equals, &self.equals),
            (Relation::AtMost, &self.at_most),
            (Relation::AtLeast, &self.at_least),
            (Relation::Below, &self.below),
            (Relation::Above, &self.above),
        ];
        all.into_iter().filter_map(|(relation, to)| Some((relation, to.as_ref()?)))
    }
}

/// A check that is compiled over the columns of a table.
struct Compiled {
    test: Test,
    /// Columns of what is measured and of its error, and what it is compared with.
    quantities: Vec<(usize, Option<usize>, Formula)>,
    width: Option<Formula>,
    decided: Option<Formula>,
    chance: Option<usize>,
}

/// The columns of a table as names.
struct Columns<'t> {
    table: &'t Table,
    names: Vec<&'t str>,
}

impl Columns<'_> {
    fn values(&self, row: usize) -> Vec<f64> {
        self.table.rows[row].iter().map(|cell| cell.number().unwrap_or(f64::NAN)).collect()
    }

    fn place(&self, name: &Text) -> Result<usize, EquationError> {
        self.table.column(&name.value).ok_or_else(|| {
            let nearest = nearest(&name.value, self.names.iter().copied());
            let problem = Problem::UnknownName { name: name.value.clone(), nearest };
            name.error(0..name.value.len(), problem)
        })
    }
}

impl<'p> Statement<'p> {
    /// What it says, with values in braces.
    pub fn says(&self) -> &'p str {
        self.stated.says.get_ref()
    }

    /// Where it stands in the paper.
    pub fn place(&self) -> &'p str {
        &self.stated.place
    }

    /// What it is about: a simulation of the file, or numbers that are made for its table.
    pub fn of(&self) -> &'p str {
        self.stated.of.get_ref()
    }

    /// The quantities that are measured.
    pub fn quantities(&self) -> Vec<String> {
        self.texts(&self.stated.check.get_ref().quantity).into_iter().map(|text| text.value).collect()
    }

    /// The formulas of the quantities over names of which the values are measured, where that is to be looked at.
    ///
    /// # Errors
    /// A name that is not known.
    pub fn formulas(&self, names: &[&str]) -> Result<Vec<Formula>, EquationError> {
        let written = self.texts(&self.stated.check.get_ref().equals);
        written.iter().map(|text| self.formula(text, Sort::Number, names)).collect()
    }

    fn source(&self) -> &'p Arc<Source> {
        &self.paper.text
    }

    fn texts(&self, several: &Option<toml::Spanned<Several>>) -> Vec<Text> {
        several.as_ref().map_or(Vec::new(), |several| Several::texts(several, self.source()))
    }

    fn formula(&self, text: &Text, sort: Sort, names: &[&str]) -> Result<Formula, EquationError> {
        Formula::compile(text, sort, names, &self.paper.definitions)
    }

    /// Decides it from all rows that it is about, or for each of them: nothing where there is no such row, or nothing was
    /// measured there.
    ///
    /// # Errors
    /// A formula that does not compile over the columns, a name that is none of them.
    pub fn decide(&self, table: &Table) -> Result<Vec<Decided>, EquationError> {
        let columns = Columns { table, names: table.columns.iter().map(|c| c.name.as_str()).collect() };
        let check = self.compile(self.stated.check.get_ref(), &columns)?;
        let derived = self.stated.derived.as_ref().map(|derived| self.compile(derived.get_ref(), &columns));
        let derived = derived.transpose()?;
        let texts = self.templates(&columns)?;
        let rows = self.rows(&columns)?;
        let groups: Vec<Vec<usize>> =
            if self.stated.each { rows.iter().map(|row| vec![*row]).collect() } else { vec![rows] };
        let found = groups.into_iter().filter_map(|rows| {
            let (claim, rows) = self.claim(&check, &columns, &rows)?;
            let derived = derived.as_ref().and_then(|check| self.claim(check, &columns, &rows));
            Some(self.decided(claim, derived.map(|(claim, _)| claim), rows, &texts, table))
        });
        Ok(found.collect())
    }

    fn compile(&self, check: &Check, columns: &Columns) -> Result<Compiled, EquationError> {
        let own = &self.stated.check.get_ref().quantity;
        let quantities = self.texts(if check.quantity.is_some() { &check.quantity } else { own });
        let errors =
            self.texts(if check.error.is_some() { &check.error } else { &self.stated.check.get_ref().error });
        let (relation, stated) =
            check.relations().next().expect("a statement that was checked has a relation");
        let stated = Several::texts(stated, self.source());
        let of_each = |list: &[Text], place: usize| list.get(place).or(list.first()).cloned();
        let mut compiled = Vec::new();
        for (place, quantity) in quantities.iter().enumerate() {
            let error = match of_each(&errors, place) {
                Some(error) => Some(columns.place(&error)?),
                None => columns.table.column("error"),
            };
            let to = of_each(&stated, place).unwrap_or_else(|| quantity.clone());
            let formula = self.formula(&to, Sort::Number, &columns.names)?;
            compiled.push((columns.place(quantity)?, error, formula));
        }
        let width = check
            .within
            .as_ref()
            .map(|width| self.formula(&expression_text(width, self.source()), Sort::Number, &columns.names));
        let decided = check
            .decided
            .as_ref()
            .map(|condition| self.formula(&text(condition, self.source()), Sort::Condition, &columns.names));
        let chance = check.chance.as_ref().map(|name| columns.place(&text(name, self.source())));
        let level = check.level.as_ref().map(|level| level.get_ref().0);
        Ok(Compiled {
            test: level.map_or(Test::Width(relation), Test::Chance),
            quantities: compiled,
            width: width.transpose()?,
            decided: decided.transpose()?,
            chance: chance.transpose()?,
        })
    }

    /// The rows that it is about.
    fn rows(&self, columns: &Columns) -> Result<Vec<usize>, EquationError> {
        let mut wanted = Vec::new();
        for (name, values) in &self.stated.rows {
            wanted.push((columns.place(&text(name, self.source()))?, values.get_ref().values()));
        }
        let is = |cell: &Cell, value: &NumberOrText| match value {
            NumberOrText::Number(x) => cell.number() == Some(*x),
            NumberOrText::Text(word) => *cell == Cell::Text(word.clone()),
        };
        let among = |row: &Vec<Cell>| {
            wanted.iter().all(|(place, values)| values.iter().any(|value| is(&row[*place], value)))
        };
        Ok((0..columns.table.rows.len()).filter(|row| among(&columns.table.rows[*row])).collect())
    }

    /// The claim over some rows, with the row of each of its places.
    fn claim(&self, check: &Compiled, columns: &Columns, rows: &[usize]) -> Option<(Claim, Vec<usize>)> {
        let freedom = columns.table.column("freedom");
        let (mut places, mut at) = (Vec::new(), Vec::new());
        for row in rows {
            let values = columns.values(*row);
            for (quantity, error, predicted) in &check.quantities {
                if values[*quantity].is_nan() {
                    continue;
                }
                let number = |column: Option<usize>| column.map_or(f64::NAN, |column| values[column]);
                let measured = Estimate {
                    value: values[*quantity],
                    error: number(*error),
                    freedom: freedom.map_or(NORMAL, |column| values[column]),
                };
                let beside = Beside::new(measured, predicted.value(&values));
                places.push(Beside {
                    chance: check.chance.map_or(beside.chance, |column| values[column]),
                    width: check.width.as_ref().map_or(0.0, |width| width.value(&values)),
                    decided: check.decided.as_ref().is_none_or(|known| known.value(&values) == 1.0),
                    ..beside
                });
                at.push(*row);
            }
        }
        Some((Claim::new(self.place(), "", check.test, places)?, at))
    }

    fn templates(&self, columns: &Columns) -> Result<Vec<Template>, EquationError> {
        let show = &self.stated.show;
        let all = [
            (Some(&self.stated.says), ""),
            (show.measured.as_ref(), "{measured:6}"),
            (show.predicted.as_ref(), "{predicted:6}"),
            (show.symbol.as_ref(), ""),
            (show.place.as_ref(), ""),
            (show.z.as_ref(), "{z:3}"),
            (show.derived.as_ref(), "the same"),
            (show.named.as_ref(), ""),
        ];
        let names = columns.names.iter().copied().chain(OWN);
        let written = |(written, default): (Option<&Str>, &str)| match written {
            Some(written) => text(written, self.source()),
            None => Text::new(default.to_string(), 0..0, self.source().clone()),
        };
        all.into_iter().map(|one| Template::read(&written(one), names.clone())).collect()
    }

    fn decided(
        &self,
        mut claim: Claim,
        derived: Option<Claim>,
        rows: Vec<usize>,
        texts: &[Template],
        table: &Table,
    ) -> Decided {
        let value = |claim: &Claim, name: &str, place: usize| -> Cell {
            let beside = &claim.places[place];
            match table.column(name) {
                Some(column) => table.rows[rows[place]][column].clone(),
                None => Cell::Number(match name {
                    "measured" => beside.measured.value,
                    "error" => beside.measured.error,
                    "predicted" => beside.predicted,
                    "z" => beside.z,
                    "chance" => beside.chance,
                    "chance_of_all" => claim.chance,
                    _ => (beside.measured.value - beside.predicted).abs(),
                }),
            }
        };
        let places = claim.places.len();
        let fill = |text: usize, claim: &Claim, place: usize| {
            texts[text].fill(place, places, |name, place| value(claim, name, place))
        };
        let worst = |text: usize| fill(text, &claim, claim.worst);
        let in_derived = derived.as_ref().map_or_else(|| worst(6), |derived| fill(6, derived, derived.worst));
        let names = (0..places).map(|place| fill(7, &claim, place)).collect();
        let [says, measured, predicted, symbol, at, z] = [0, 1, 2, 3, 4, 5].map(worst);
        claim.text = says;
        Decided { claim, derived, rows, measured, predicted, symbol, place: at, z, in_derived, names }
    }
}
