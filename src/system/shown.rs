//! A theory for a reader: its equations, parameters and source, and what differs from the printed version.

use std::fmt::{Display, Formatter, Result, Write};

use super::{Kind, Origin, Stop, System, Theory};

impl Display for Theory {
    fn fmt(&self, out: &mut Formatter<'_>) -> Result {
        show(out, self)
    }
}

fn show(out: &mut Formatter<'_>, theory: &Theory) -> Result {
    let d = &theory.description;
    writeln!(out, "{}: {}", theory.name(), d.title)?;
    field(out, "describes", &d.describes.join(", "))?;
    field(out, "source", &d.source)?;
    field(out, "differs from the printed version", &d.differs)?;
    let c = &theory.control;
    let mut control = format!("{} from {} to {}, {} points", c.name, c.from, c.to, c.points);
    if !c.meaning.is_empty() {
        write!(control, "; {}", c.meaning)?;
    }
    field(out, "control", &control)?;
    if theory.is_composite() {
        writeln!(out, "\npieces")?;
        for p in &theory.pieces {
            writeln!(out, "  {} for {} ≤ {} ≤ {}", p.system.name(), p.from, c.name, p.to)?;
        }
        for p in &theory.pieces {
            writeln!(out, "\n== {}: {}", p.system.name(), p.system.description.title)?;
            field(out, "source", &p.system.description.source)?;
            field(out, "differs from the printed version", &p.system.description.differs)?;
            show_system(out, &p.system)?;
        }
    } else {
        show_system(out, &theory.pieces[0].system)?;
    }
    if let Some(l) = &theory.limit {
        writeln!(
            out,
            "\nlimit\n  {} → ∞: {}, deviations of order {}^(−{})",
            l.parameter, l.system, l.parameter, l.order
        )?;
    }
    Ok(())
}

fn field(out: &mut Formatter<'_>, name: &str, text: &str) -> Result {
    if !text.is_empty() {
        writeln!(out, "  {name}: {}", text.replace('\n', "\n    "))?;
    }
    Ok(())
}

/// A name, what it is, and what is said of it.
pub(super) type Row<'a> = (&'a str, String, String);

/// The same for all values of its indices: the name as the file has it, the texts (one, where they are all the same), what is said.
type Gathered = (String, Vec<String>, String);

/// Rows with what an index runs over once, as the file has it.
pub(super) fn gathered<'a>(system: &System, rows: impl Iterator<Item = Row<'a>>) -> Vec<Gathered> {
    let mut lines: Vec<Gathered> = Vec::new();
    for (name, text, said) in rows {
        let Some((written, index)) = system.as_indexed(name) else {
            lines.push((name.to_string(), vec![text], said));
            continue;
        };
        let said = said.split(&format!(", {index} = ")).next().unwrap_or_default().to_string();
        match lines.last_mut().filter(|last| last.0 == written) {
            Some((_, texts, _)) => texts.push(text),
            None => lines.push((written, vec![text], said)),
        }
    }
    for (_, texts, _) in &mut lines {
        if texts.iter().all(|text| *text == texts[0]) {
            texts.truncate(1);
        }
    }
    lines
}

/// Entries of a section.
fn entries<'a>(
    out: &mut Formatter<'_>,
    system: &System,
    title: &str,
    rows: impl Iterator<Item = Row<'a>>,
) -> Result {
    let lines = gathered(system, rows);
    let width = lines.iter().map(|(n, ..)| n.chars().count()).max().unwrap_or(0);
    if !lines.is_empty() {
        writeln!(out, "\n{title}")?;
    }
    for (name, texts, said) in lines {
        let pad = " ".repeat(width - name.chars().count());
        writeln!(out, "  {name}{pad} = {}{said}", texts.join(", "))?;
    }
    Ok(())
}

/// A name and what it is.
pub(super) fn bare((name, text): &(String, String)) -> Row<'_> {
    (name, text.clone(), String::new())
}

fn show_system(out: &mut Formatter<'_>, system: &System) -> Result {
    entries(
        out,
        system,
        "parameters",
        system.parameters.iter().map(|p| {
            let domain = match p.words.as_slice() {
                [] => p.domain_text.clone(),
                words => Some(words.join(" or ")),
            };
            let domain = domain.map_or(String::new(), |d| format!("   [{d}]"));
            let slider =
                p.slider.map_or(String::new(), |[from, to]| format!("   (slider from {from} to {to})"));
            (p.name.as_str(), p.default_text.clone(), format!("{domain}   {}{slider}", p.meaning))
        }),
    )?;
    entries(out, system, "variables", system.variables.iter().map(bare))?;
    entries(out, system, "definitions", system.definitions.iter().map(bare))?;
    entries(
        out,
        system,
        "unknowns",
        system.unknowns.iter().map(|u| (u.name.as_str(), String::new(), u.meaning.clone())),
    )?;
    let title = match system.kind {
        Kind::Energy => "energy, to be minimised",
        Kind::Extremum => "free energy, stationary",
        Kind::FixedPoint => "fixed point",
        Kind::Residual => "equations, each to be zero",
        Kind::Flow => "flow, the velocity of each unknown",
        Kind::Iterate => "iteration, the next value of each unknown",
        Kind::ClosedForm => "",
    };
    entries(
        out,
        system,
        title,
        system.equations.iter().map(|(n, e)| match system.kind {
            Kind::Energy => ("energy", e.clone(), String::new()),
            Kind::Extremum => ("free energy", e.clone(), String::new()),
            _ => (n.as_str(), e.clone(), String::new()),
        }),
    )?;
    conditions(out, system)?;
    entries(
        out,
        system,
        "branches",
        system.branches.iter().map(|b| {
            let what = match b.origin {
                Origin::Starts(_) => "starts",
                Origin::Boundary(_) => "at",
            };
            (b.name.as_str(), format!("{what} {}", b.texts.join("; ")), String::new())
        }),
    )?;
    entries(
        out,
        system,
        "outputs",
        system
            .outputs
            .iter()
            .skip(system.unknowns.len())
            .map(|o| (o.column.as_str(), o.text.clone(), format!("   {}", o.meaning))),
    )?;
    Ok(())
}

/// What decides among solutions, and where what moves ends.
fn conditions(out: &mut Formatter<'_>, system: &System) -> Result {
    if !system.extremum.ways.is_empty() {
        let names = system.unknowns.iter().map(|u| u.name.as_str());
        writeln!(
            out,
            "\nof several stationary points\n  the one that is {}",
            system.extremum.in_words(names)
        )?;
    }
    if let Some(selection) = &system.selection {
        writeln!(out, "\nselection\n  of several solutions the one of lowest {selection}")?;
    }
    if let Some(keep) = &system.admissible {
        writeln!(out, "\nadmissible\n  only solutions with {keep}")?;
    }
    if let Some(stop) = &system.stop {
        let when = match stop {
            Stop::Stationary => "where nothing moves any more",
            Stop::When(condition) => condition,
        };
        writeln!(out, "\nstop\n  {when}")?;
    }
    if let Some(gauge) = &system.gauge {
        let flip: Vec<&str> = gauge.flip.iter().map(|i| system.unknowns[*i].name.as_str()).collect();
        writeln!(
            out,
            "\ngauge\n  keep {}; otherwise change the sign of {}",
            gauge.keep_text,
            flip.join(", ")
        )?;
    }
    if let Some(exchange) = &system.exchange {
        let (indices, by) = (exchange.indices.join(", "), &exchange.by_text);
        writeln!(out, "\norder\n  values of {indices} are exchanged so that {by} descends")?;
    }
    Ok(())
}
