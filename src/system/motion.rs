//! What is asked of theories that move: on which steps they have values, and where they are at rest. For that the file of a flow or an
//! iteration is read as one of equations along a parameter.

use std::ops::Range;

use toml::Spanned;

use super::kind::Kind;
use super::schema::{At, Branch, Control, File, Motion, Number, NumberOrText, Parameter, Several};
use super::theory::{Piece, Theory};
use crate::language::error::{EquationError, Problem};
use crate::name::{canonical, words_in};
use crate::value::words_of;

impl Theory {
    /// Checks that control values that count the steps of an iteration are whole numbers.
    ///
    /// # Errors
    /// The first that is not, in words.
    pub fn check_steps(&self, mut controls: impl Iterator<Item = f64>) -> Result<(), String> {
        let steps = |t: f64| {
            let counts = |p: &&Piece| p.system.kind == Kind::Iterate && (p.from..=p.to).contains(&t);
            self.pieces.iter().find(counts)
        };
        let between = controls.find_map(|t| steps(t).filter(|_| t.fract() != 0.0).map(|piece| (t, piece)));
        let Some((t, piece)) = between else { return Ok(()) };
        let name = &self.control.name;
        Err(format!(
            "{name} = {t}: `{name}` counts the steps of {}, and takes whole numbers from {} to {}",
            piece.system.name(),
            piece.from,
            piece.to
        ))
    }

    /// The equations of where nothing moves: right sides that are 0 for `[flow]`, a fixed point for `[iterate]`, from the start of
    /// the file. They are solved along a parameter, which takes the place of the time; the time is infinite.
    ///
    /// # Errors
    /// A theory in which nothing moves, a parameter that it does not have, right sides that contain the time.
    pub fn at_rest(&self, along: &str, (from, to): (f64, f64)) -> Result<Theory, EquationError> {
        let refuse = |message: String| Err(EquationError::from(Problem::Structure(message)));
        let [piece] = self.pieces.as_slice() else {
            return refuse(format!(
                "{} is a composite of several systems; where one of them is at rest is asked of that one",
                self.name()
            ));
        };
        let (system, section) = (
            &piece.system,
            match piece.system.kind {
                Kind::Flow => "[flow]",
                Kind::Iterate => "[iterate]",
                kind => {
                    return refuse(format!(
                        "nothing moves in {}, which is a {}; only [flow] and [iterate] have points at rest",
                        self.name(),
                        kind.name()
                    ));
                }
            },
        );
        if along == self.control.name {
            return refuse(format!(
                "`{along}` is the time, which has passed at rest; points at rest are followed along a parameter"
            ));
        }
        self.check_parameter_name(along)?;
        if !words_of(along, self.known()).is_empty() {
            return refuse(format!("the values of `{along}` are words, along which nothing can be followed"));
        }
        if let Some(moving) = system.contains_control {
            return refuse(format!(
                "the right side of `{}` in {section} contains `{}`: it is nowhere at rest for good",
                system.unknowns[moving].name, system.control.name
            ));
        }
        let mut rest = self.reread(|file| file.rest(along, (from, to)))?;
        for system in rest.pieces.iter_mut().map(|piece| &mut piece.system) {
            system.description.title += ", at rest";
            system.at_rest = true;
        }
        rest.description.title += ", at rest";
        Ok(rest)
    }
}

impl File {
    /// Reads the section of what moves as equations along a parameter.
    fn rest(&mut self, along: &str, (from, to): (f64, f64)) {
        let nowhere: Range<usize> = 0..0;
        let (motion, span, is_flow) = match (self.flow.take(), self.iterate.take()) {
            (Some(flow), _) => (flow.get_ref().clone(), flow.span(), true),
            (None, Some(iterate)) => (iterate.get_ref().clone(), iterate.span(), false),
            (None, None) => return,
        };
        let Motion { right, start, .. } = motion;
        let section = Some(Spanned::new(span.clone(), right));
        match is_flow {
            true => self.residual = section,
            false => self.fixed_point = section,
        }
        let name = At::new(nowhere.clone(), "start".to_string());
        let branch = Branch { name, start: start.map(|start| vec![start]), at: None };
        self.branch.push(Spanned::new(span, branch));
        self.limit = None;
        let place = self.parameters.keys().position(|name| name.get_ref() == along);
        let Some((name, parameter)) = place.and_then(|place| self.parameters.shift_remove_index(place))
        else {
            return;
        };
        let number = |x: f64| Spanned::new(nowhere.clone(), Number(x));
        let meaning = parameter.meaning;
        let control = Control { name, from: number(from), to: number(to), points: number(2.0), meaning };
        let time = std::mem::replace(&mut self.control, control);
        let default = At::new(nowhere, Several::One(NumberOrText::Number(f64::INFINITY)));
        let time_parameter =
            Parameter { default, values: None, domain: None, slider: None, meaning: time.meaning };
        self.parameters.insert(time.name, time_parameter);
        // A condition that names what is now the control has been checked with the file as it is; no domain can name a control.
        for parameter in self.parameters.values_mut() {
            parameter
                .domain
                .take_if(|domain| words_in(domain.get_ref()).any(|word| canonical(word) == along));
        }
    }
}
