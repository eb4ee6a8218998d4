//! Several systems on consecutive ranges of the control.

use std::ops::Range;
use std::path::Path;
use std::sync::Arc;

use super::{Piece, Theory};
use crate::diagnostic::Source;
use crate::language::error::{EquationError, Problem};
use crate::system::assemble::{control, description, limit, no_limit};
use crate::system::equations::{Control, System};
use crate::system::schema::File;
use crate::value::{Value, words_of};

/// The theory of a file that lists pieces.
///
/// # Errors
/// Sections of its own, pieces that do not follow each other, or do not agree on the control, on words and on defaults.
pub(super) fn composite(
    name: &str,
    file: &File,
    source: &Arc<Source>,
    folder: Option<&Path>,
    given: &[(String, Value)],
) -> Result<Theory, EquationError> {
    let structure = |span: Range<usize>, message: String| {
        EquationError::at(source.place(span), Problem::Structure(message))
    };
    let first = file.piece[0].span();
    if let Some(section) = section_of_its_own(file) {
        let message = format!("a composite file lists pieces and has no {section} of its own");
        return Err(structure(first, message));
    }
    let control = control(file, source)?;
    let mut pieces: Vec<Piece> = Vec::new();
    let mut sources = vec![source.clone()];
    let mut counts = Vec::new();
    let mut end = control.from;
    for entry in &file.piece {
        let (span, piece) = (entry.span(), entry.get_ref());
        let (from, to) = (piece.from.0, piece.to.0);
        if from != end || from >= to || to.is_nan() {
            let message = format!(
                "this piece runs from {} to {}; pieces follow each other from {} on, each starting where the last ended",
                from, to, control.from
            );
            return Err(structure(span, message));
        }
        end = to;
        let system = piece.system.get_ref();
        if pieces.iter().any(|p| p.system.name() == system) || system == name {
            let message = format!("the piece `{system}` stands twice, or is this file itself");
            return Err(structure(span, message));
        }
        let sub = Theory::load_beside(system, folder, true).and_then(|sub| sub.resized(given)).map_err(
            |e| match e.place {
                Some(_) => e,
                None => EquationError { place: Some(source.place(piece.system.span())), ..e },
            },
        )?;
        sources.extend(sub.sources);
        counts.extend(sub.counts);
        let Ok([sub]) = <[Piece; 1]>::try_from(sub.pieces) else {
            return Err(structure(span, "a piece is a single system".into()));
        };
        let piece = Piece { system: sub.system, from, to };
        check_control(&piece, &control).map_err(|message| structure(span, message))?;
        pieces.push(piece);
    }
    if end != control.to {
        let message = format!("the pieces end at {end}, the control at {}", control.to);
        return Err(structure(file.control.to.span(), message));
    }
    agree_on_words(&pieces).map_err(|e| EquationError { place: Some(source.place(first.clone())), ..e })?;
    agree_on_defaults(&pieces).map_err(|message| structure(first, message))?;
    let theory = Theory {
        description: description(name, file),
        control,
        pieces,
        limit: limit(file, source)?,
        folder: folder.map(Path::to_path_buf),
        sources,
        counts,
    };
    if let Some(l) = &file.limit {
        let parameter = &l.get_ref().parameter;
        theory
            .check_parameter_name(parameter.get_ref())
            .map_err(|e| EquationError::at(source.place(parameter.span()), e.into()))?;
        if !words_of(parameter.get_ref(), theory.known()).is_empty() {
            return Err(EquationError::at(source.place(parameter.span()), no_limit(parameter.get_ref())));
        }
    }
    Ok(theory)
}

/// A section that a composite cannot have.
fn section_of_its_own(file: &File) -> Option<&'static str> {
    let own = [
        (file.indices.is_empty(), "[indices]"),
        (file.parameters.is_empty(), "[parameters]"),
        (file.variables.is_empty(), "[variables]"),
        (file.definitions.is_empty(), "[definitions]"),
        (file.unknowns.is_empty(), "[unknowns]"),
        (file.outputs.is_empty(), "[outputs]"),
        (file.branch.is_empty(), "[[branch]]"),
        (file.energy.is_none() && file.fixed_point.is_none() && file.residual.is_none(), "equations"),
        (file.flow.is_none(), "[flow]"),
        (file.iterate.is_none(), "[iterate]"),
        (file.selection.is_none(), "[selection]"),
        (file.admissible.is_none(), "[admissible]"),
        (file.gauge.is_none(), "[gauge]"),
    ];
    own.iter().find(|(absent, _)| !absent).map(|(_, section)| *section)
}

/// The control of a piece is that of the composite, over a part of its own range.
fn check_control(piece: &Piece, control: &Control) -> Result<(), String> {
    let (system, own) = (piece.system.name(), &piece.system.control);
    if own.name != control.name {
        return Err(format!(
            "the control of `{system}` is `{}`, that of this file `{}`; they must have the same name",
            own.name, control.name
        ));
    }
    if piece.from < own.from || own.to < piece.to {
        return Err(format!(
            "this piece runs from {} to {}, but `{system}` is defined for {} ≤ {} ≤ {}",
            piece.from, piece.to, own.from, own.name, own.to
        ));
    }
    Ok(())
}

/// Checks that no parameter is a word in one of these pieces and a number in another.
pub(super) fn agree_on_words<'p>(pieces: impl IntoIterator<Item = &'p Piece>) -> Result<(), EquationError> {
    let systems: Vec<&System> = pieces.into_iter().map(|piece| &piece.system).collect();
    for parameter in systems.iter().flat_map(|system| &system.parameters) {
        let number =
            |s: &&&System| s.parameters.iter().any(|p| p.name == parameter.name && p.words.is_empty());
        if let Some(system) = systems.iter().find(number).filter(|_| !parameter.words.is_empty()) {
            return Err(Problem::Structure(format!(
                "the values of `{}` are numbers in {}, and words elsewhere ({}); one of them needs another name",
                parameter.name,
                system.name(),
                parameter.words.join(", ")
            ))
            .into());
        }
    }
    Ok(())
}

fn agree_on_defaults(pieces: &[Piece]) -> Result<(), String> {
    for (i, a) in pieces.iter().enumerate() {
        for b in &pieces[i + 1..] {
            for p in &a.system.parameters {
                let other = b.system.parameters.iter().find(|q| q.name == p.name);
                if let Some(q) = other
                    && q.default_text != p.default_text
                {
                    return Err(format!(
                        "`{}` has default {} in `{}` and {} in `{}`; a composite needs one default",
                        p.name,
                        p.default_text,
                        a.system.name(),
                        q.default_text,
                        b.system.name()
                    ));
                }
            }
        }
    }
    Ok(())
}
