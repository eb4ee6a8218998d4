//! TOML → [`File`]: errors at their places, names in the form in which they are compared.

use std::ops::Range;
use std::sync::Arc;

use serde::de;

use super::{Entries, File, Str, TextOrNames};
use crate::diagnostic::{Source, short};
use crate::language::error::{EquationError, Problem};
use crate::name::{canonical, did_you_mean};

impl File {
    /// Reads the TOML of an equation file.
    ///
    /// # Errors
    /// Anything that is not TOML of this shape, with its place.
    pub fn parse(source: &Arc<Source>) -> Result<File, EquationError> {
        if source.text.trim().is_empty() {
            return Err(EquationError::at(
                source.place(0..0),
                Problem::Structure(
                    "the file is empty; an equation file needs at least title, control and outputs".into(),
                ),
            ));
        }
        let mut file: File = read(source)?;
        file.spell_names(source)?;
        Ok(file)
    }

    /// Brings all names to the form in which they are compared.
    fn spell_names(&mut self, source: &Source) -> Result<(), EquationError> {
        spell(&mut self.control.name);
        spell_keys(&mut self.parameters, source)?;
        spell_keys(&mut self.variables, source)?;
        spell_keys(&mut self.definitions, source)?;
        spell_keys(&mut self.implicit, source)?;
        spell_keys(&mut self.unknowns, source)?;
        spell_keys(&mut self.outputs, source)?;
        for section in [&mut self.fixed_point, &mut self.residual] {
            section.iter_mut().try_for_each(|entries| spell_keys(entries.get_mut(), source))?;
        }
        for motion in [&mut self.flow, &mut self.iterate].into_iter().flatten() {
            let motion = motion.get_mut();
            spell_keys(&mut motion.right, source)?;
            motion.start.iter_mut().try_for_each(|start| spell_keys(start.get_mut(), source))?;
        }
        for branch in &mut self.branch {
            let branch = branch.get_mut();
            for point in branch.start.iter_mut().flatten().chain(&mut branch.at) {
                spell_keys(point.get_mut(), source)?;
            }
        }
        if let Some(energy) = &mut self.energy {
            let energy = energy.get_mut();
            for way in [&mut energy.minimise, &mut energy.maximise].into_iter().flatten() {
                if let TextOrNames::Names(names) = way.get_mut() {
                    names.iter_mut().for_each(spell);
                }
            }
        }
        self.gauge.iter_mut().flat_map(|gauge| &mut gauge.get_mut().flip).for_each(spell);
        self.limit.iter_mut().for_each(|limit| spell(&mut limit.get_mut().parameter));
        Ok(())
    }
}

/// Reads the TOML of a file of some shape.
///
/// # Errors
/// Anything that is not TOML of this shape, with its place.
pub fn read<T: de::DeserializeOwned>(source: &Source) -> Result<T, EquationError> {
    toml::from_str(&source.text).map_err(|e| {
        let mut message = short(e.message().trim()).into_owned();
        let written = e.span().and_then(|span| source.text.get(span)).unwrap_or_default().trim();
        if written.parse::<toml::value::Datetime>().is_ok() {
            // TOML hands a date over as a table.
            message = message.replace("invalid type: map", "this is a date or a time");
        }
        let place = source.place(e.span().unwrap_or_else(|| nested_line(&source.text)));
        if let Some((_, known)) = e.message().split_once(", expected ")
            && let Some(unknown) = e.message().strip_prefix("unknown field `")
        {
            let unknown = unknown.split('`').next().unwrap_or_default();
            message += &did_you_mean(unknown, known.split('`').skip(1).step_by(2));
        }
        if let Some(hint) = e.span().and_then(|span| unquoted(&source.text, span.start)) {
            message += &hint;
        }
        if message.contains("recurs") {
            message += ": tables, arrays and dotted keys nest too deeply here";
        }
        if message.contains("unquoted key") {
            message += "; a name in other letters stands in quotes: \"ω\" = …";
        }
        EquationError::at(place, Problem::Toml(message))
    })
}

/// What to do where an expression stands without quotes.
fn unquoted(text: &str, place: usize) -> Option<String> {
    let start = text.get(..place)?.rfind('\n').map_or(0, |end| end + 1);
    let line = text[start..].lines().next()?;
    // The value begins behind the last `=` up to the place, which is at its first letter or inside.
    let upto = line.get(..place - start)?;
    let (name, _) = upto.rsplit_once('=').or_else(|| line.split_once('='))?;
    let value = line[name.len() + 1..].split('#').next()?.trim();
    let value = if name.contains('{') { value.split([',', '}']).next()?.trim() } else { value };
    let is_value = |value: &str| toml::from_str::<toml::Table>(&format!("x = {value}")).is_ok();
    if value.is_empty() || value.starts_with(['"', '\'', '[', '{']) || is_value(value) {
        return None;
    }
    let name = name.rsplit(['{', ',']).next()?.trim();
    Some(format!("; an expression stands in quotes: {} = \"{}\"", short(name), short(value)))
}

fn spell(name: &mut Str) {
    *name.get_mut() = canonical(name.get_ref());
}

/// Spells the names of a section; TOML takes µ and μ for two.
fn spell_keys<T>(entries: &mut Entries<T>, source: &Source) -> Result<(), EquationError> {
    if entries.keys().all(|name| name.get_ref().is_ascii()) {
        return Ok(());
    }
    for (mut name, entry) in std::mem::take(entries) {
        spell(&mut name);
        if entries.contains_key(&name) {
            let message = format!("`{}` stands twice in this section", name.get_ref());
            return Err(EquationError::at(source.place(name.span()), Problem::Structure(message)));
        }
        entries.insert(name, entry);
    }
    Ok(())
}

/// The start of the first line that can nest too deeply: the parser does not say where it gave up.
fn nested_line(text: &str) -> Range<usize> {
    // The depth at which the parser gives up.
    const DEPTH: usize = 80;
    let mut start = 0;
    for line in text.split_inclusive('\n') {
        if line.bytes().filter(|byte| b".[{".contains(byte)).count() >= DEPTH {
            return start..start + 1;
        }
        start += line.len();
    }
    0..0
}
