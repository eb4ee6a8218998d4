//! What the page asks for, and what it is told.

use std::path::Path;
use std::time::Duration;

use indexmap::IndexMap;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value as Json, json};

use crate::slider::Slider;
use crate::state::{MOST_POINTS, State};
use overlaps::chart::PALETTE;
use overlaps::experiment::{Computed, Experiment, Solve, place_of};
use overlaps::model::Running;
use overlaps::name::symbol_of;
use overlaps::output::csv::write_table;
use overlaps::output::json::{cell_value, number, of_value};
use overlaps::output::{Role, Table};
use overlaps::system::{BUILT_IN, Theory};
use overlaps::value::Parameter;
use overlaps_figures::Format;

/// What is told: a status as HTTP has them, and a body.
#[derive(Debug)]
pub struct Answer {
    /// 200, 404, …
    pub status: u16,
    /// The type of the body.
    pub kind: &'static str,
    /// The body.
    pub body: Vec<u8>,
}

impl Answer {
    /// An answer in JSON.
    pub fn json(status: u16, value: &Json) -> Answer {
        Answer { status, kind: "application/json", body: value.to_string().into_bytes() }
    }

    /// Why there is none, in words.
    pub fn refusal(status: u16, why: &str) -> Answer {
        Answer::json(status, &json!({"error": why}))
    }
}

/// A request that is computed.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Asked {
    /// A random word that the page has chosen.
    pub page: String,
    /// Rises with every request of the page.
    pub number: u64,
    /// What it shows.
    state: State,
    /// csv, svg or pdf.
    #[serde(default)]
    format: Option<String>,
}

/// Why a computation was given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// A newer request has come.
    Overtaken,
    /// It took too long.
    Late(Duration),
}

/// What is wrong with a request.
#[derive(Debug)]
pub enum Refused {
    /// Not what a page asks for.
    Request(String),
    /// What the command would refuse.
    Theory(anyhow::Error),
    /// It was given up.
    Ended(Ended),
}

impl From<anyhow::Error> for Refused {
    fn from(error: anyhow::Error) -> Refused {
        Refused::Theory(error)
    }
}

/// Says whether a computation is to be given up.
pub type End<'a> = &'a (dyn Fn() -> Option<Ended> + Sync);

/// The systems that can be asked for by name.
#[derive(Debug, Clone)]
pub struct Explore {
    offered: Vec<String>,
}

impl Explore {
    /// Those that were named, then the built-in ones.
    pub fn new(named: &[String]) -> Explore {
        let built_in = BUILT_IN.iter().map(|system| system.name.to_string());
        let mut offered: Vec<String> = Vec::new();
        for name in named.iter().cloned().chain(built_in) {
            if !offered.contains(&name) {
                offered.push(name);
            }
        }
        Explore { offered }
    }

    /// What can be chosen, and what holds for all of it.
    ///
    /// # Errors
    /// A file that cannot be read any more.
    pub fn systems(&self) -> Result<Answer, Refused> {
        let mut systems = Vec::new();
        for name in &self.offered {
            let (subject, description) = match BUILT_IN.iter().find(|system| system.name == name) {
                Some(system) => {
                    (system.subject().replace('-', " "), system.description().map_err(anyhow::Error::from)?)
                }
                None => {
                    ("your files".to_string(), Theory::load(name).map_err(anyhow::Error::from)?.description)
                }
            };
            let describes = description.describes;
            systems.push(
                json!({"name": name, "subject": subject, "title": description.title, "describes": describes}),
            );
        }
        let palette: Vec<[u8; 3]> = PALETTE.iter().map(|(r, g, b)| [*r, *g, *b]).collect();
        let version = env!("CARGO_PKG_VERSION");
        let limits =
            json!({"systems": systems, "palette": palette, "most_points": MOST_POINTS, "version": version});
        Ok(Answer::json(200, &limits))
    }

    /// What there is to choose in a system.
    ///
    /// # Errors
    /// What is wrong with the request or the equation file.
    pub fn system(&self, body: &[u8]) -> Result<Answer, Refused> {
        let state: State = read(body)?;
        let theory = state.theory(&self.offered)?;
        let text = theory.texts().next().unwrap_or_default();
        let d = &theory.description;
        let (control, columns) = (&theory.control, theory.output_columns());
        let outputs: Vec<Json> = columns
            .iter()
            .map(|(column, name, meaning)| json!({"name": column, "symbol": symbol_of(name), "meaning": meaning}))
            .collect();
        Ok(Answer::json(
            200,
            &json!({
                "name": state.system,
                "title": d.title,
                "source": d.source,
                "differs": d.differs,
                "control": {
                    "name": control.name,
                    "symbol": symbol_of(&control.name),
                    "meaning": control.meaning,
                    "from": number(control.from),
                    "to": number(control.to),
                    "points": control.points,
                },
                "parameters": parameters(&theory),
                "outputs": outputs,
                "plot": d.plot,
                "text": text,
                "shown": theory.to_string(),
                "equations": equations(&theory),
            }),
        ))
    }

    /// The curves of a state.
    ///
    /// # Errors
    /// What the command refuses; an end.
    pub fn solve(&self, asked: &Asked, end: End) -> Result<Answer, Refused> {
        let solve = asked.state.solve(&self.offered)?;
        let drawn = drawn(&solve, &asked.state.columns)?;
        let computed = computed(&solve, end)?;
        let mut notes = computed.told.lines.clone();
        notes.dedup();
        let warnings = solve.warnings(computed.counts, &computed.told);
        let (rows, not_converged) = (computed.counts.rows, computed.counts.not_converged);
        let table = table(&solve, computed);
        let data: IndexMap<&str, Json> = table
            .columns
            .iter()
            .enumerate()
            .map(|(place, column)| {
                let cells = table.rows.iter().map(|row| cell_value(&row[place]));
                (column.name.as_str(), Json::Array(cells.collect()))
            })
            .collect();
        let columns: Vec<Json> = table.columns.iter().map(|column| json!(column)).collect();
        let lines = solve.theories().iter().map(|theory| {
            json!({"name": theory.name(), "line": format!("{:?}", theory.description.line).to_lowercase()})
        });
        let control = &solve.theories()[0].control.name;
        Ok(Answer::json(
            200,
            &json!({
                "number": asked.number,
                "rows": rows,
                "not_converged": not_converged,
                "drawn": drawn,
                "systems": lines.collect::<Vec<_>>(),
                "columns": columns,
                "data": data,
                "notes": notes,
                "warnings": warnings,
                "command": asked.state.command(control),
                "python": asked.state.python(),
            }),
        ))
    }

    /// The table or the figure of a state as the file that the command writes.
    ///
    /// # Errors
    /// What the command refuses; an end.
    pub fn file(&self, asked: &Asked, end: End) -> Result<Answer, Refused> {
        let format = asked.format.as_deref().unwrap_or_default();
        let figure =
            Format::of(Path::new(&format!("figure.{format}"))).filter(|_| ["svg", "pdf"].contains(&format));
        if figure.is_none() && format != "csv" {
            return Err(Refused::Request(format!("format `{format}`: csv, svg or pdf")));
        }
        let solve = asked.state.solve(&self.offered)?;
        let computed = computed(&solve, end)?;
        let special = computed.told.special.clone();
        let table = table(&solve, computed);
        let written = match figure {
            None => {
                let mut bytes = Vec::new();
                write_table(&table, &mut bytes).map_err(anyhow::Error::from)?;
                bytes
            }
            Some(format) => {
                let chart = solve.chart().map_err(anyhow::Error::from)?;
                let chart = chart.ok_or_else(|| Refused::Request("a solve has curves".into()))?;
                let chart =
                    chart.showing(&asked.state.columns, solve.columns()).map_err(anyhow::Error::from)?;
                let figure = chart.marked(&table, &special).map_err(anyhow::Error::from)?;
                format.draw(&figure).map_err(anyhow::Error::from)?
            }
        };
        let kind = match format {
            "csv" => "text/csv; charset=utf-8",
            "svg" => "image/svg+xml",
            _ => "application/pdf",
        };
        Ok(Answer { status: 200, kind, body: written })
    }
}

impl Refused {
    /// In words.
    pub fn answer(&self) -> Answer {
        match self {
            Refused::Request(why) => Answer::refusal(400, why),
            Refused::Theory(error) => {
                let place = place_of(error.as_ref())
                    .map(|place| json!({"file": place.file, "line": place.line, "column": place.column}));
                Answer::json(422, &json!({"error": format!("{error:#}"), "place": place}))
            }
            Refused::Ended(Ended::Overtaken) => Answer::refusal(409, "a newer request of this page has come"),
            Refused::Ended(Ended::Late(limit)) => Answer::refusal(
                503,
                &format!(
                    "given up after {} s; ask for fewer points, start with a longer --time-limit, or run the command",
                    limit.as_secs()
                ),
            ),
        }
    }
}

/// The body of a request.
///
/// # Errors
/// Something that a page does not send.
pub fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, Refused> {
    serde_json::from_slice(body)
        .map_err(|error| Refused::Request(format!("this is no request of the page: {error}")))
}

/// The equations as a paper prints them, in MathML.
fn equations(theory: &Theory) -> Vec<Json> {
    let systems = theory.printed().into_iter().map(|system| {
        let groups =
            system.groups.iter().map(|group| json!({"about": group.about, "mathml": group.mathml()}));
        json!({"said": system.said, "groups": groups.collect::<Vec<_>>()})
    });
    systems.collect()
}

/// Every parameter once, as a page shows it.
fn parameters(theory: &Theory) -> Vec<Json> {
    let mut all: IndexMap<&str, Json> = IndexMap::new();
    for known in theory.known() {
        // The defaults are values that the parameters can take, or the file would have been refused.
        let defaults = known.check(&[]).unwrap_or_default();
        for (parameter, default) in known.all.iter().zip(defaults) {
            all.entry(&parameter.name).or_insert_with(|| shown(theory, parameter, default));
        }
    }
    all.into_values().collect()
}

fn shown(theory: &Theory, parameter: &Parameter, default: f64) -> Json {
    let slider = parameter.words.is_empty().then(|| Slider::of(theory, parameter, default).json());
    json!({
        "name": parameter.name,
        "symbol": symbol_of(&parameter.name),
        "default": of_value(&parameter.value(default)),
        "default_text": parameter.default_text,
        "words": parameter.words,
        "domain": parameter.domain_text,
        "meaning": parameter.meaning,
        "slider": slider,
    })
}

/// The columns that a figure shows.
fn drawn(solve: &Solve, asked: &[String]) -> anyhow::Result<Vec<String>> {
    let chart = solve.chart()?.map(|chart| chart.showing(asked, solve.columns())).transpose()?;
    let known = |name: &String| {
        solve.columns().iter().any(|column| column.name == *name && column.role != Role::Label)
    };
    Ok(chart.map(|chart| chart.y).unwrap_or_default().into_iter().filter(known).collect())
}

/// The one cell of a solve without sweeps of parameters.
fn computed(solve: &Solve, end: End) -> Result<Computed, Refused> {
    let running = Running { interrupted: &|| end().is_some(), progress: &|| {} };
    let computed = solve.compute(0, &running).map_err(anyhow::Error::from_boxed)?;
    computed.ok_or_else(|| Refused::Ended(end().unwrap_or(Ended::Overtaken)))
}

fn table(solve: &Solve, computed: Computed) -> Table {
    let mut table = Table::new(solve.columns().to_vec());
    table.rows = computed.rows;
    table
}
