//! Overlaps measured at several dimensions and seeds: our own simulations or a user's file.

use std::collections::HashMap;

use super::corrections::Corrections;
use super::error::CompareError;
use crate::diagnostic::short;
use crate::model::Description;
use crate::name::{ascii_name, did_you_mean, nearest};
use crate::output::{Cell, Status, Table};
use crate::system::Theory;
use crate::value::{Parameters, Value, each_once, words_of};

/// Columns of our own tables that say how a row was made; they are passed over in a file.
const PASSED_OVER: [&str; 13] = [
    "system",
    "piece",
    "method",
    "data",
    "branch",
    "loss",
    "energy",
    "gradient_norm",
    "quadrature_error",
    "residual",
    "curvature",
    "iterations",
    "status",
];

/// One row: a learnt network at one control value.
#[derive(Debug, Clone, PartialEq)]
pub struct Measurement {
    /// Line in the file, for messages.
    pub line: usize,
    /// Control value.
    pub control: f64,
    /// Dimension.
    pub d: f64,
    /// What tells data sets apart.
    pub seed: String,
    /// Values of [`Measurements::parameters`].
    pub parameters: Vec<Value>,
    /// Values of [`Measurements::overlaps`]; NaN where missing.
    pub overlaps: Vec<f64>,
}

/// What a table of measurements calls its columns.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naming {
    /// The size of the system, which is large: d, N, n, w.
    pub size: String,
    /// Columns that are passed over, whatever they are called.
    pub ignore: Vec<String>,
}

impl Default for Naming {
    fn default() -> Naming {
        Naming { size: "d".into(), ignore: Vec::new() }
    }
}

/// Measured overlaps.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Measurements {
    /// Name of the size, which is d unless it is given another.
    pub size: String,
    /// Name of the control.
    pub control: String,
    /// Parameters that the table gives, beside the size.
    pub parameters: Vec<String>,
    /// Those of them whose default follows others in the model.
    pub following: Vec<String>,
    /// Overlaps, in the order of the table.
    pub overlaps: Vec<String>,
    /// Rows.
    pub rows: Vec<Measurement>,
    /// Rows left out because their status is not-converged.
    pub left_out: usize,
    /// Overlaps that rows have no value of: line and column.
    pub missing: Vec<(usize, String)>,
    /// Columns of which nothing is known, by the names that they have in the table.
    pub ignored: Vec<String>,
    /// How means approach their limit in the model.
    pub corrections: Corrections,
}

/// What the columns of a table are.
struct Columns {
    control: usize,
    d: usize,
    seed: usize,
    status: Option<usize>,
    parameters: Vec<(usize, String)>,
    /// Words of the parameters.
    words: Vec<Vec<String>>,
    overlaps: Vec<(usize, String)>,
    ignored: Vec<String>,
}

impl Measurements {
    /// From a table with columns for the size (d, unless `naming` says otherwise), seed, the control of the theories, and any of
    /// their parameters and outputs; the first theory is the one in question. Columns that `model` declares are known too, and others
    /// are passed over. `path` stands in messages.
    ///
    /// # Errors
    /// Missing columns, ones that are nearly called like one that is known, fields that are not numbers (or words of their parameter), the same run twice, no rows.
    pub fn from_table(
        table: &Table,
        theories: &[Theory],
        model: &Description,
        naming: &Naming,
        path: &str,
    ) -> Result<Measurements, CompareError> {
        let columns = columns(table, theories, model, naming, path)?;
        let reader = Reader { table, columns: &columns, path };
        let mut rows: Vec<Measurement> = Vec::new();
        let mut lines: HashMap<String, usize> = HashMap::new();
        let (mut left_out, mut missing) = (0, Vec::new());
        for (index, row) in table.rows.iter().enumerate() {
            if columns.status.is_some_and(|c| row[c].is(Status::NotConverged)) {
                left_out += 1;
                continue;
            }
            let measurement = reader.measurement(index, &mut missing)?;
            let Measurement { line, control, d, seed, parameters, .. } = &measurement;
            let key = format!("{d} {seed} {control} {parameters:?}");
            if let Some(first) = lines.insert(key, *line) {
                let (size, name) = (&naming.size, &table.columns[columns.control].name);
                return Err(CompareError::Twice {
                    path: path.into(),
                    line: *line,
                    first,
                    run: format!("{size} = {d}, seed {}, {name} = {control}", short(seed)),
                    control: name.clone(),
                });
            }
            rows.push(measurement);
        }
        if rows.is_empty() {
            let reason = match left_out {
                0 => String::new(),
                n => format!(": none of its {n} runs converged"),
            };
            return Err(CompareError::Empty { path: path.into(), reason });
        }
        let following = model.parameters.iter().filter(|parameter| parameter.follows());
        Ok(Measurements {
            size: naming.size.clone(),
            control: theories[0].control.name.clone(),
            following: following.map(|parameter| parameter.name.clone()).collect(),
            parameters: columns.parameters.into_iter().map(|(_, name)| name).collect(),
            overlaps: columns.overlaps.into_iter().map(|(_, name)| name).collect(),
            rows,
            left_out,
            missing,
            ignored: columns.ignored,
            corrections: Corrections::of(model.corrections),
        })
    }

    /// Refuses values that the rows contradict. Where the rows have p_test, a value for p may be the weight of mode + that
    /// the data were drawn with, as in the side file of a simulation: p itself is what each data set has.
    ///
    /// # Errors
    /// The first parameter that was given with another value.
    pub fn check_given(&self, given: &[(String, Value)], path: &str) -> Result<(), CompareError> {
        let place = |name: &str| self.parameters.iter().position(|p| p == name);
        for (name, value) in given {
            let Some(column) = place(name) else { continue };
            let weight = place("p_test").filter(|_| name == "p");
            let agrees = |row: &&Measurement| {
                row.parameters[column] == *value || weight.is_some_and(|w| row.parameters[w] == *value)
            };
            if let Some(row) = self.rows.iter().find(|row| !agrees(row)) {
                return Err(CompareError::Conflict {
                    path: path.into(),
                    name: name.clone(),
                    given: value.to_string(),
                    found: row.parameters[column].to_string(),
                    line: row.line,
                });
            }
        }
        Ok(())
    }

    /// The parameters that tell groups of runs apart: all, but not those that follow d (one value at each d, by a rule of the model),
    /// and not the fraction p of samples in mode + where it differs from one data set to the next because the labels were drawn.
    /// That is so where the weight of the mode is given too (p_test) and no data set stands there with two values of p.
    pub fn key_parameters(&self) -> Vec<usize> {
        (0..self.parameters.len()).filter(|i| !self.follows_d(*i) && !self.is_drawn(*i)).collect()
    }

    fn follows_d(&self, place: usize) -> bool {
        if !self.following.contains(&self.parameters[place]) {
            return false;
        }
        let mut values: HashMap<u64, &Value> = HashMap::new();
        let mut each = self.rows.iter().map(|row| (row.d.to_bits(), &row.parameters[place]));
        let alone = each.all(|(d, value)| *values.entry(d).or_insert(value) == value);
        alone && each_once(values.into_values().map(Value::to_string)).len() > 1
    }

    fn is_drawn(&self, place: usize) -> bool {
        if self.parameters[place] != "p" || !self.parameters.iter().any(|name| name == "p_test") {
            return false;
        }
        let mut fractions: HashMap<String, &Value> = HashMap::new();
        self.rows.iter().all(|row| {
            let others: Vec<&Value> = row
                .parameters
                .iter()
                .enumerate()
                .filter(|(i, _)| *i != place)
                .map(|(_, value)| value)
                .collect();
            let data_set = format!("{} {} {} {others:?}", row.d, row.seed, row.control);
            **fractions.entry(data_set).or_insert(&row.parameters[place]) == row.parameters[place]
        })
    }
}

/// Reads the fields of a table.
struct Reader<'t> {
    table: &'t Table,
    columns: &'t Columns,
    path: &'t str,
}

impl Reader<'_> {
    /// A row; overlaps that it has no value of are added to `missing`.
    fn measurement(
        &self,
        index: usize,
        missing: &mut Vec<(usize, String)>,
    ) -> Result<Measurement, CompareError> {
        let (columns, line, row) = (self.columns, self.table.line(index), &self.table.rows[index]);
        let field = |column: usize, expected: &'static str, accept: &dyn Fn(f64) -> bool| {
            row[column]
                .number()
                .filter(|value| accept(*value))
                .ok_or_else(|| self.unreadable(index, column, expected))
        };
        let control = field(columns.control, "a finite number", &f64::is_finite)?;
        let d = field(columns.d, "a dimension, a number of 1 or more", &|d| d >= 1.0 && d.is_finite())?;
        let seed = text(&row[columns.seed]);
        if seed.is_empty() {
            return Err(CompareError::Field {
                path: self.path.into(),
                line,
                column: "seed".into(),
                text: seed,
                expected: "a number or name that tells data sets apart",
            });
        }
        let parameters =
            columns.parameters.iter().zip(&columns.words).map(|((c, _), words)| match words.is_empty() {
                true => field(*c, "a number", &|x| !x.is_nan()).map(Value::Number),
                false => self.word(index, *c, words),
            });
        let parameters = parameters.collect::<Result<_, _>>()?;
        let overlaps = columns.overlaps.iter().map(|(c, name)| match row[*c].is_missing() {
            true => {
                missing.push((line, name.clone()));
                Ok(f64::NAN)
            }
            false => field(*c, "a number, inf, or empty where nothing was measured", &|_| true),
        });
        let overlaps = overlaps.collect::<Result<_, _>>()?;
        Ok(Measurement { line, control, d, seed, parameters, overlaps })
    }

    fn word(&self, index: usize, column: usize, words: &[String]) -> Result<Value, CompareError> {
        let text = text(&self.table.rows[index][column]);
        if words.contains(&text) {
            return Ok(Value::from(text.as_str()));
        }
        let hint = did_you_mean(&text, words.iter().map(String::as_str));
        let (path, line) = (self.path.into(), self.table.line(index));
        let column = self.table.columns[column].name.clone();
        Err(CompareError::Word { path, line, column, text, accepted: words.join(", ") + &hint })
    }

    fn unreadable(&self, index: usize, column: usize, expected: &'static str) -> CompareError {
        CompareError::Field {
            path: self.path.into(),
            line: self.table.line(index),
            column: self.table.columns[column].name.clone(),
            text: text(&self.table.rows[index][column]),
            expected,
        }
    }
}

/// The parameters of what is simulated, and of the theories.
pub fn known<'p>(theories: &'p [Theory], model: &'p Description) -> impl Iterator<Item = Parameters<'p>> {
    [model.known()].into_iter().chain(theories.iter().flat_map(Theory::known))
}

fn text(cell: &Cell) -> String {
    match cell {
        Cell::Missing => String::new(),
        Cell::Number(x) => crate::numeric::shortest(*x),
        Cell::Integer(x) => x.to_string(),
        Cell::Text(text) => text.clone(),
    }
}

/// The shortest name that can be a misspelt one: among shorter ones every name is near to another.
const SHORTEST_MISSPELT: usize = 4;
/// The shortest beginning that stands for the whole name of a parameter.
const SHORTEST_BEGINNING: usize = 3;

/// Whether a name is the beginning of another, as `lam` is of `lambda`, which Python does not allow as a name.
fn is_short_for(name: &str, known: &str) -> bool {
    name.len() >= SHORTEST_BEGINNING && known.starts_with(name)
}

/// What the columns of a table are, by their names.
fn columns(
    table: &Table,
    theories: &[Theory],
    model: &Description,
    naming: &Naming,
    path: &str,
) -> Result<Columns, CompareError> {
    let ascii = |name: &str| ascii_name(name).unwrap_or_else(|| name.to_string());
    let (control, size) = (ascii(&theories[0].control.name), ascii(&naming.size));
    let names: Vec<String> = table.columns.iter().map(|c| ascii(&c.name)).collect();
    let place = |name: &str| names.iter().position(|n| *n == name);
    let needed = |name: &str, meaning: &'static str| {
        place(name).ok_or_else(|| CompareError::MissingColumn {
            path: path.into(),
            column: name.into(),
            meaning,
            found: short(&names.join(", ")).into_owned(),
        })
    };
    let of_theories = theories.iter().flat_map(|t| t.parameter_names()).map(ascii);
    let all = of_theories.chain(model.parameters.iter().map(|p| p.name.to_string()));
    let known_parameters = each_once(all.filter(|p| *p != size));
    let outputs: Vec<String> = theories[0].output_columns().iter().map(|(c, _, _)| c.to_string()).collect();
    let others = theories[1..].iter().flat_map(|t| t.output_columns()).map(|(c, _, _)| c.to_string());
    let all =
        outputs.iter().cloned().chain(others).chain(model.quantities.iter().map(|q| q.name.to_string()));
    let known_overlaps = each_once(all);
    if size == control || size == "seed" || known_overlaps.contains(&size) {
        return Err(CompareError::NoSize { size, system: theories[0].name().into() });
    }
    let own = [size.as_str(), "seed", control.as_str()];
    let unknown = |name: &str| {
        let all = known_overlaps.iter().chain(&known_parameters).map(String::as_str);
        CompareError::UnknownColumn {
            path: path.into(),
            column: name.into(),
            hint: match all.clone().find(|known| is_short_for(name, known)) {
                Some(long) => format!(" (did you mean `{long}`?)"),
                None => did_you_mean(name, all.chain(own)),
            },
            known: format!(
                "{}, parameters ({}) and overlaps ({})",
                own.join(", "),
                known_parameters.join(", "),
                known_overlaps.join(", ")
            ),
        }
    };
    let is_misspelt = |name: &str, known: &str| {
        name.len().min(known.len()) >= SHORTEST_MISSPELT && nearest(name, [known]).is_some()
    };
    let (mut parameters, mut overlaps, mut ignored) = (Vec::new(), Vec::new(), Vec::new());
    let how_made = |name: &str| {
        let own = model.labels.iter().chain(model.certificates).any(|column| column.name == name);
        own || PASSED_OVER.contains(&name)
    };
    for (index, name) in names.iter().enumerate() {
        let given = &table.columns[index].name;
        if own.contains(&name.as_str()) || how_made(name) {
            continue;
        } else if naming.ignore.iter().any(|ignored| ignored == name || ignored == given) {
            ignored.push(given.clone());
        } else if known_overlaps.contains(name) {
            overlaps.push((index, name.clone()));
        } else if known_parameters.contains(name) {
            parameters.push((index, name.clone()));
        } else {
            // A parameter that is misspelt would be taken by default, and a wanted column that is not there is this one.
            let absent = own.iter().find(|own| {
                own.len() >= SHORTEST_MISSPELT && place(own).is_none() && nearest(name, [**own]).is_some()
            });
            let mut all =
                known_overlaps.iter().chain(&known_parameters).filter(|known| place(known).is_none());
            let mut absent_parameters = known_parameters.iter().filter(|known| place(known).is_none());
            let is_short = absent_parameters.any(|known| is_short_for(name, known));
            if absent.is_some() || is_short || all.any(|known| is_misspelt(name, known)) {
                return Err(unknown(name));
            }
            ignored.push(given.clone());
        }
    }
    let words = |(_, name): &(usize, String)| -> Vec<String> { words_of(name, known(theories, model)) };
    let columns = Columns {
        words: parameters.iter().map(words).collect(),
        d: needed(&size, "dimension of the data; --size says which column it is")?,
        seed: needed("seed", "which data set")?,
        control: needed(&control, "control parameter")?,
        status: place("status"),
        parameters,
        overlaps,
        ignored,
    };
    if !columns.overlaps.iter().any(|(_, name)| outputs.contains(name)) {
        return Err(CompareError::NothingInCommon {
            path: path.into(),
            system: theories[0].name().into(),
            overlaps: outputs.join(", "),
        });
    }
    Ok(columns)
}
