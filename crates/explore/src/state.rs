//! What a page shows: a system, the values of its parameters, the range of the control. It is computed by the experiment behind
//! `overlaps solve`, and said as the command and the call in Python that make the same table.

use std::path::Path;

use anyhow::bail;
use indexmap::IndexMap;
use serde::Deserialize;

use overlaps::experiment::Solve;
use overlaps::name::did_you_mean;
use overlaps::study::slurm::quoted;
use overlaps::study::{Assignment, Sweep, Wanted};
use overlaps::system::Theory;
use overlaps::value::Value;

/// The most points of the control.
pub const MOST_POINTS: usize = 2001;
/// The most systems beside the first.
const MOST_COMPARED: usize = 6;
/// Words of Python, and arguments of `overlaps.solve`, which are no names of parameters there.
const NOT_NAMES: &str = "False None True and as assert async await break class continue def del elif else except finally for from global \
    if import in is lambda nonlocal not or pass raise return try while with yield system control compare branches \
    stationary verify tolerance threads progress parameters";

/// What a page shows.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct State {
    /// The name of the system.
    pub system: String,
    /// The text of its file, where that has been edited.
    #[serde(default)]
    pub text: Option<String>,
    /// Values of parameters as they are written; the others have their defaults.
    #[serde(default)]
    pub set: IndexMap<String, String>,
    /// The values of the control; none: those of the file.
    #[serde(default)]
    pub control: Option<Range>,
    /// Columns of the figure; none: those of the file.
    #[serde(default)]
    pub columns: Vec<String>,
    /// Systems beside it.
    #[serde(default)]
    pub compare: Vec<String>,
    /// All branches.
    #[serde(default)]
    pub branches: bool,
}

/// Values of the control.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Range {
    /// The first.
    pub from: String,
    /// The last.
    pub to: String,
    /// How many.
    pub points: u64,
    /// Whether they are spaced by equal ratios.
    #[serde(default)]
    pub log: bool,
}

impl State {
    /// The system that it shows; `offered` are those that can be asked for by name.
    ///
    /// # Errors
    /// Another name, anything that is wrong with the file.
    pub fn theory(&self, offered: &[String]) -> anyhow::Result<Theory> {
        match &self.text {
            None => load(&self.system, offered),
            Some(text) => {
                check_offered(&self.system, offered)?;
                Ok(Theory::parse_at(Path::new(&self.file()), text)?)
            }
        }
    }

    /// What is to be solved.
    ///
    /// # Errors
    /// What `overlaps solve` refuses, in its words; more points than a page shows.
    pub fn solve(&self, offered: &[String]) -> anyhow::Result<Solve> {
        if self.compare.len() > MOST_COMPARED {
            bail!(
                "{} systems beside the first are too many; at most {MOST_COMPARED} are drawn",
                self.compare.len()
            );
        }
        let mut theories = vec![self.theory(offered)?];
        for name in &self.compare {
            theories.push(load(name, offered)?);
        }
        let wanted = self.wanted(&theories[0].control.name)?;
        let solve = Solve::new(theories)?.wanted(wanted)?.with_branches(self.branches);
        let rows = solve.rows_per_cell();
        let most = MOST_POINTS * (1 + self.compare.len());
        if rows > most {
            bail!(
                "{rows} rows are too many for this page; it shows at most {most}: give the control fewer points"
            );
        }
        Ok(solve)
    }

    /// Values of parameters and the control.
    fn wanted(&self, control: &str) -> anyhow::Result<Wanted> {
        let mut wanted = Wanted::default();
        for (name, value) in &self.set {
            wanted.set.push(given(&format!("{name}={value}"))?);
        }
        match &self.control {
            None => {}
            Some(Range { points, .. }) if *points > MOST_POINTS as u64 => {
                bail!("{points} points are too many for this page; it shows at most {MOST_POINTS}")
            }
            Some(range) if range.points == 1 => {
                wanted.set.push(given(&format!("{control}={}", range.text()))?)
            }
            Some(range) => {
                let sweep: Result<Sweep, String> = format!("{control}={}", range.text()).parse();
                wanted
                    .sweep
                    .push(sweep.map_err(|reason| anyhow::anyhow!("{control}={}: {reason}", range.text()))?);
            }
        }
        Ok(wanted)
    }

    /// The file that the command reads: that of an edited text is saved first.
    fn file(&self) -> String {
        match self.text.is_some() && !self.system.ends_with(".toml") {
            true => format!("{}.toml", self.system),
            false => self.system.clone(),
        }
    }

    /// The command that makes the same table, with the control of the system.
    pub fn command(&self, control: &str) -> String {
        let mut words = vec!["overlaps".to_string(), "solve".into(), self.file()];
        words.extend(self.set.iter().map(|(name, value)| format!("{name}={}", value.trim())));
        words.extend(self.control.as_ref().map(|range| format!("{control}={}", range.text())));
        let lists = [("--columns", &self.columns), ("--compare", &self.compare)];
        for (flag, names) in lists.into_iter().filter(|(_, names)| !names.is_empty()) {
            words.extend([flag.to_string(), names.join(",")]);
        }
        words.extend(self.branches.then(|| "--branches".to_string()));
        words.iter().map(|word| quoted(word)).collect::<Vec<_>>().join(" ")
    }

    /// The call in Python that makes the same table.
    pub fn python(&self) -> String {
        let mut arguments = vec![literal(&self.file())];
        arguments.extend(self.control.as_ref().map(|range| match range.points {
            1 => number(&range.text()),
            _ => literal(&range.text()),
        }));
        let is_name = |name: &str| {
            name.chars().all(|c| c == '_' || c.is_alphanumeric())
                && !NOT_NAMES.split_whitespace().any(|word| word == name)
                && !name.ends_with('_')
        };
        let (named, others): (Vec<_>, Vec<_>) = self.set.iter().partition(|(name, _)| is_name(name));
        arguments.extend(named.into_iter().map(|(name, value)| format!("{name}={}", number(value))));
        if !others.is_empty() {
            let pairs: Vec<String> =
                others.iter().map(|(name, value)| format!("{}: {}", literal(name), number(value))).collect();
            arguments.push(format!("parameters={{{}}}", pairs.join(", ")));
        }
        if !self.compare.is_empty() {
            let names: Vec<String> = self.compare.iter().map(|name| literal(name)).collect();
            arguments.push(format!("compare=[{}]", names.join(", ")));
        }
        arguments.extend(self.branches.then(|| "branches=True".to_string()));
        format!("overlaps.solve({})", arguments.join(", "))
    }
}

impl Range {
    /// As the command has it: `0:1:101`, `log:1:100:21`, or one value.
    fn text(&self) -> String {
        let (from, to) = (self.from.trim(), self.to.trim());
        match self.points {
            1 => from.to_string(),
            points => format!("{}{from}:{to}:{points}", if self.log { "log:" } else { "" }),
        }
    }
}

/// A system by its name.
fn load(name: &str, offered: &[String]) -> anyhow::Result<Theory> {
    check_offered(name, offered)?;
    Ok(Theory::load(name)?)
}

/// A page does not read other files than those that it was started with.
fn check_offered(name: &str, offered: &[String]) -> anyhow::Result<()> {
    if !offered.iter().any(|known| known == name) {
        let hint = did_you_mean(name, offered.iter().map(String::as_str));
        bail!(
            "there is no system `{name}` on this page{hint}; files are named when it is started: overlaps explore FILE.toml"
        );
    }
    Ok(())
}

fn given(text: &str) -> anyhow::Result<Assignment> {
    text.parse().map_err(|reason| anyhow::anyhow!("{text}: {reason}"))
}

/// A text in Python.
fn literal(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A number in Python, or the word or list that it is.
fn number(text: &str) -> String {
    match Value::read(text) {
        Ok(Value::Number(number)) if number.is_finite() => text.trim().to_string(),
        _ => literal(text.trim()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn state(json: &str) -> State {
        serde_json::from_str(json).unwrap()
    }

    fn offered() -> Vec<String> {
        ["two-phase", "finite-d", "huber"].map(String::from).to_vec()
    }

    #[test]
    fn a_state_is_said_as_a_command_and_as_a_call() {
        let state = state(
            r#"{"system": "two-phase", "set": {"n": "8", "lambda": "1e-3"}, "compare": ["finite-d"], "branches": true,
                "control": {"from": "0", "to": "2", "points": 101}, "columns": ["m", "omega"]}"#,
        );
        assert_eq!(
            state.command("t"),
            "overlaps solve two-phase n=8 lambda=1e-3 t=0:2:101 --columns m,omega --compare finite-d --branches"
        );
        assert_eq!(
            state.python(),
            r#"overlaps.solve("two-phase", "0:2:101", n=8, parameters={"lambda": 1e-3}, compare=["finite-d"], branches=True)"#
        );
    }

    #[test]
    fn one_point_words_and_lists_are_said_as_they_are() {
        let state = state(
            r#"{"system": "mine", "text": "", "set": {"interpolant": "linear", "p[1]": "0.5", "k": "inf"},
                "control": {"from": " 0.5", "to": "2", "points": 1}}"#,
        );
        assert_eq!(state.command("t"), "overlaps solve mine.toml interpolant=linear 'p[1]=0.5' k=inf t=0.5");
        assert_eq!(
            state.python(),
            r#"overlaps.solve("mine.toml", 0.5, interpolant="linear", k="inf", parameters={"p[1]": 0.5})"#
        );
    }

    #[test]
    fn what_is_too_much_or_not_offered_is_refused() {
        let text = |json: &str| format!("{:#}", state(json).solve(&offered()).unwrap_err());
        let endless = r#"{"system": "two-phase", "control": {"from": "0", "to": "2", "points": 1000000000}}"#;
        assert!(
            text(endless).contains("1000000000 points are too many for this page; it shows at most 2001")
        );
        let passwords = text(r#"{"system": "/etc/passwd"}"#);
        assert!(passwords.contains("there is no system `/etc/passwd` on this page"), "{passwords}");
        let near = text(r#"{"system": "two-phase", "compare": ["finite-b"]}"#);
        assert!(near.contains("did you mean `finite-d`?"), "{near}");
        let value = text(r#"{"system": "two-phase", "set": {"n": "eight="}}"#);
        assert!(value.contains("n=eight="), "{value}");
        let unknown = text(r#"{"system": "two-phase", "set": {"nn": "8"}}"#);
        assert!(unknown.contains("`nn`"), "{unknown}");
        let same = text(r#"{"system": "two-phase", "control": {"from": "1", "to": "1", "points": 5}}"#);
        assert!(same.contains("t=1:1:5: 5 points from 1 to 1 are all the same"), "{same}");
    }
}
