//! `overlaps show SYSTEM`.

use clap::Args;

use super::FINE;
use crate::equation::{Kind, Origin, System, Theory};

/// Show a system: equations, parameters, source, what differs from the printed version.
#[derive(Debug, Args)]
pub struct Show {
    /// Name of a built-in system, or path of an equation file.
    system: String,
}

impl Show {
    /// Prints the system.
    pub fn run(&self) -> anyhow::Result<u8> {
        let theory = Theory::load(&self.system)?;
        let d = &theory.description;
        println!("{}: {}", theory.name(), d.title);
        field("describes", &d.describes);
        field("source", &d.source);
        field("differs from the printed version", &d.differs);
        let c = &theory.control;
        field(
            "control",
            &format!("{} from {} to {}, {} points; {}", c.name, c.from, c.to, c.points, c.meaning),
        );
        if theory.is_composite() {
            println!("\npieces");
            for p in &theory.pieces {
                println!("  {} for {} ≤ {} ≤ {}", p.system.name(), p.from, c.name, p.to);
            }
            for p in &theory.pieces {
                println!("\n== {}: {}", p.system.name(), p.system.description.title);
                field("source", &p.system.description.source);
                field("differs from the printed version", &p.system.description.differs);
                show_system(&p.system);
            }
        } else {
            show_system(&theory.pieces[0].system);
        }
        if let Some(l) = &theory.limit {
            println!(
                "\nlimit\n  {} → ∞: {}, deviations of order {}^(−{})",
                l.parameter, l.system, l.parameter, l.order
            );
        }
        Ok(FINE)
    }
}

fn field(name: &str, text: &str) {
    if !text.is_empty() {
        println!("  {name}: {}", text.replace('\n', "\n    "));
    }
}

fn entries<'a>(title: &str, rows: impl Iterator<Item = (&'a str, String)>) {
    let rows: Vec<(&str, String)> = rows.collect();
    let width = rows.iter().map(|(n, _)| n.chars().count()).max().unwrap_or(0);
    if !rows.is_empty() {
        println!("\n{title}");
    }
    for (name, text) in rows {
        let pad = " ".repeat(width - name.chars().count());
        println!("  {name}{pad} = {text}");
    }
}

fn show_system(system: &System) {
    entries(
        "parameters",
        system.parameters.iter().map(|p| {
            let domain = p.domain_text.as_ref().map_or(String::new(), |d| format!("   [{d}]"));
            (p.name.as_str(), format!("{}{domain}   {}", p.default_text, p.meaning))
        }),
    );
    entries("variables", system.variables.iter().map(|(n, v)| (n.as_str(), v.clone())));
    entries("definitions", system.definitions.iter().map(|(n, e)| (n.as_str(), e.clone())));
    entries("unknowns", system.unknowns.iter().map(|u| (u.name.as_str(), u.meaning.clone())));
    let title = match system.kind {
        Kind::Energy => "energy, to be minimised",
        Kind::FixedPoint => "fixed point",
        Kind::Residual => "equations, each to be zero",
        Kind::ClosedForm => "",
    };
    entries(
        title,
        system
            .equations
            .iter()
            .map(|(n, e)| (if system.kind == Kind::Energy { "energy" } else { n.as_str() }, e.clone())),
    );
    if let Some(selection) = &system.selection {
        println!("\nselection\n  of several solutions the one of lowest {selection}");
    }
    if let Some(gauge) = &system.gauge {
        let flip: Vec<&str> = gauge.flip.iter().map(|i| system.unknowns[*i].name.as_str()).collect();
        println!("\ngauge\n  keep {}; otherwise change the sign of {}", gauge.keep_text, flip.join(", "));
    }
    entries(
        "branches",
        system.branches.iter().map(|b| {
            let what = match b.origin {
                Origin::Starts(_) => "starts",
                Origin::Boundary(_) => "at",
            };
            (b.name.as_str(), format!("{what} {}", b.texts.join("; ")))
        }),
    );
    entries(
        "outputs",
        system
            .outputs
            .iter()
            .skip(system.unknowns.len())
            .map(|o| (o.column.as_str(), format!("{}   {}", o.text, o.meaning))),
    );
}
