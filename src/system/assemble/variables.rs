//! The variables of a file: normal ones, discrete ones with their values and weights, and those with other measures, which are functions of a
//! normal variable that the file does not see.

use super::sections::{Discrete, Shown};
use super::{Builder, Written};
use crate::diagnostic::Text;
use crate::language::error::{EquationError, Problem};
use crate::language::expression::Expression;
use crate::language::scope::{Allowed, HIDDEN, Meaning, Scope, names_in};
use crate::system::schema::{At, Listed, NumberOrText, Str, Variable, VariableTable};
use crate::system::written::Map;

/// A variable with another measure.
pub(super) struct Measure {
    /// The number of the normal variable that it is made of.
    pub(super) normal: usize,
    /// Its value, and what its integrands are multiplied by.
    pub(super) value: Written,
    pub(super) weight: Option<Written>,
    /// The same by another map, for the second evaluator.
    pub(super) second: Map,
}

/// The largest value of a Poisson variable that is summed, unless the file says.
const LARGEST: f64 = 60.0;
/// The most values of a variable that are made here.
const MOST: f64 = 1000.0;

/// The variables of a file.
#[derive(Default)]
pub(super) struct Variables<'f> {
    pub(super) shown: Vec<Shown>,
    pub(super) discrete: Vec<Discrete<'f>>,
    pub(super) measures: Vec<Measure>,
}

impl<'f> Builder<'f> {
    pub(super) fn variables(&self, scope: &Scope) -> Result<Variables<'f>, EquationError> {
        let mut variables = Variables::default();
        for (name, entry) in &self.file.variables {
            let own = name.get_ref().as_str();
            match entry.get_ref() {
                Variable::Named(kind) => variables.shown.push((own.to_string(), kind.clone())),
                Variable::Table(table) => match scope.meaning(own) {
                    Some(Meaning::Measure(normal)) => {
                        let (measure, shown) = self.measure(scope, (own, normal), entry, table)?;
                        variables.measures.push(measure);
                        variables.shown.push((own.to_string(), shown));
                    }
                    _ => {
                        let (discrete, shown) = self.discrete(scope, own, entry, table)?;
                        variables.discrete.push(discrete);
                        variables.shown.push((own.to_string(), shown));
                    }
                },
            }
        }
        Ok(variables)
    }

    /// Which kind of variable a table is; exactly one key says so.
    pub(super) fn is_discrete(
        &self,
        name: &str,
        entry: &At<Variable>,
        table: &VariableTable,
    ) -> Result<bool, EquationError> {
        let kinds = [
            ("values", table.values.is_some(), true),
            ("poisson", table.poisson.is_some(), true),
            ("binomial", table.binomial.is_some(), true),
            ("uniform", table.uniform.is_some(), false),
            ("exponential", table.exponential.is_some(), false),
            ("integral", table.integral.is_some(), false),
            ("density", table.density.is_some(), false),
            ("covariance", table.covariance.is_some(), false),
        ];
        let given: Vec<&(&str, bool, bool)> = kinds.iter().filter(|kind| kind.1).collect();
        let [kind] = given[..] else {
            let message = format!(
                "`{name}` needs one of values = […] with weights = […], uniform = [from, to], exponential = rate, integral = [from, to], density = \"…\" with support = [from, to], poisson = mean, binomial = [n, p], covariance = \"R[a, b]\""
            );
            return Err(self.structure(entry.span(), message));
        };
        let belongs = [
            ("weights", table.weights.is_some(), "values"),
            ("support", table.support.is_some(), "density"),
            ("largest", table.largest.is_some(), "poisson"),
            ("mean", table.mean.is_some(), "covariance"),
        ];
        if let Some((key, _, with)) = belongs.iter().find(|(_, given, with)| *given && kind.0 != *with) {
            return Err(self
                .structure(entry.span(), format!("`{key}` goes with `{with}`, and not with `{}`", kind.0)));
        }
        Ok(kind.2)
    }

    /// An expression of a variable: of parameters, the control and unknowns.
    pub(super) fn piece(
        &self,
        scope: &Scope,
        written: Written,
        what: &str,
    ) -> Result<Written, EquationError> {
        let mut used = Vec::new();
        names_in(&written.expression, &mut used);
        if let Some(definition) =
            used.into_iter().find(|name| matches!(scope.meaning(name), Some(Meaning::Definition(_))))
        {
            let message = format!(
                "{what} uses the definition `{definition}`, and definitions may depend on variables; write it out"
            );
            return Err(written.text.error(written.expression.span.clone(), Problem::Structure(message)));
        }
        written.check(scope, what, Allowed::Everything)?;
        Ok(written)
    }

    fn pair(
        &self,
        scope: &Scope,
        entry: &At<Variable>,
        list: &[At<NumberOrText>],
        what: &str,
    ) -> Result<[Written; 2], EquationError> {
        let [a, b] = list else {
            return Err(self.structure(entry.span(), format!("{what} is a pair of numbers or expressions")));
        };
        Ok([self.piece(scope, self.parse_value(a)?, what)?, self.piece(scope, self.parse_value(b)?, what)?])
    }

    /// An expression that the program writes, at the place of what it is made of.
    fn made(&self, entry: &At<Variable>, text: String) -> Result<Written, EquationError> {
        let text = Text::new(text, entry.span(), self.source.clone());
        let indices = entry.indices().unwrap_or(self.indices);
        Ok(Written { expression: Expression::parse_at(&text, indices)?, text })
    }

    fn discrete(
        &self,
        scope: &Scope,
        name: &'f str,
        entry: &At<Variable>,
        table: &VariableTable,
    ) -> Result<(Discrete<'f>, String), EquationError> {
        let (values, weights, shown) = match table {
            VariableTable { poisson: Some(mean), .. } => {
                let mean = self.piece(scope, self.parse_value(mean)?, "the mean of a variable")?.text.value;
                let largest =
                    self.count(entry, table.largest.as_ref().map_or(LARGEST, |n| n.get_ref().0), "largest")?;
                let mut factorial = 1.0f64;
                let weight = |k: usize| {
                    factorial *= (k as f64).max(1.0);
                    format!("exp(-({mean}))*({mean})^{k}/{factorial:e}")
                };
                let weights: Vec<String> = (0..=largest).map(weight).collect();
                (largest, weights, format!("Poisson of mean {mean}, up to {largest}"))
            }
            VariableTable { binomial: Some(list), .. } => {
                let [n, p] = self.pair(scope, entry, list, "the pair [n, p] of a binomial variable")?;
                let count = n.text.value.parse().unwrap_or(f64::NAN);
                let n = self.count(entry, count, "the n of a binomial variable, a number,")?;
                let p = p.text.value;
                let mut choices = 1.0f64;
                let weight = |k: usize| {
                    choices *= if k == 0 { 1.0 } else { (n - k + 1) as f64 / k as f64 };
                    format!("{:e}*({p})^{k}*(1 - ({p}))^{}", choices.round(), n - k)
                };
                (n, (0..=n).map(weight).collect(), format!("binomial of {n} with probability {p}"))
            }
            _ => return self.listed(scope, name, entry, table),
        };
        let made = |text: String| self.made(entry, text);
        let values = (0..=values).map(|k| made(k.to_string())).collect::<Result<_, _>>()?;
        let weights = weights.into_iter().map(made).collect::<Result<_, _>>()?;
        Ok((Discrete { name, values, weights, dynamic: true }, shown))
    }

    fn count(&self, entry: &At<Variable>, n: f64, what: &str) -> Result<usize, EquationError> {
        if (1.0..=MOST).contains(&n) && n.fract() == 0.0 {
            return Ok(n as usize);
        }
        Err(self.structure(entry.span(), format!("{what} is a whole number from 1 to {MOST}, not {n}")))
    }

    /// A discrete variable of which the file has the values and their weights.
    fn listed(
        &self,
        scope: &Scope,
        name: &'f str,
        entry: &At<Variable>,
        table: &VariableTable,
    ) -> Result<(Discrete<'f>, String), EquationError> {
        let (values, weights) = (
            table.values.as_ref().map_or(&[][..], Listed::list),
            table.weights.as_ref().map_or(&[][..], Listed::list),
        );
        if values.is_empty() || values.len() != weights.len() {
            let message = format!(
                "`{name}` has {} values and {} weights; each value needs a weight",
                values.len(),
                weights.len()
            );
            return Err(self.structure(entry.span(), message));
        }
        let mut dynamic = false;
        let mut list = |list: &[At<NumberOrText>], what: &str| {
            let mut parsed = Vec::new();
            for value in list {
                let value = self.piece(scope, self.parse_value(value)?, what)?;
                let shape = scope.shape(&value.expression, &value.text, scope.definitions.len())?;
                dynamic |= what == "a weight" && (shape.unknown.is_some() || shape.control.is_some());
                parsed.push(value);
            }
            Ok::<Vec<Written>, EquationError>(parsed)
        };
        let (values, weights) = (list(values, "a value of a variable")?, list(weights, "a weight")?);
        let show = |list: &[Written]| {
            let shown: Vec<&str> = list.iter().map(|v| v.text.value.trim_end_matches(".0")).collect();
            shown.join(", ")
        };
        let shown = format!("{{{}}} with weights {}", show(&values), show(&weights));
        Ok((Discrete { name, values, weights, dynamic }, shown))
    }

    fn measure(
        &self,
        scope: &Scope,
        (name, normal): (&str, usize),
        entry: &At<Variable>,
        table: &VariableTable,
    ) -> Result<(Measure, String), EquationError> {
        let z = format!("{name}{HIDDEN}");
        let (first, second, shown) = match table {
            VariableTable { uniform: Some(ends), .. } => {
                let [a, b] =
                    self.pair(scope, entry, ends, "the interval of a variable")?.map(|end| end.text.value);
                let first = (format!("({a}) + (({b}) - ({a}))*normal_cdf({z})"), None);
                let second = (format!("({a}) + (({b}) - ({a}))*logistic(4*{z})"), Some(logistic(&z)));
                (first, second, format!("uniform on [{a}, {b}]"))
            }
            VariableTable { exponential: Some(rate), .. } => {
                let rate = self.piece(scope, self.parse_value(rate)?, "the rate of a variable")?.text.value;
                let first = (format!("-log_normal_cdf(-{z})/({rate})"), None);
                let weight = format!("2*exp(2*{z} - exp(2*{z}))/normal_pdf({z})");
                (first, (format!("exp(2*{z})/({rate})"), Some(weight)), format!("exponential of rate {rate}"))
            }
            VariableTable { covariance: Some(covariance), .. } => {
                let (value, shown) = self.correlated(scope, name, entry, table, covariance)?;
                let second = Map { value: value.expression.clone(), weight: None };
                return Ok((Measure { normal, value, weight: None, second }, shown));
            }
            _ => {
                let (ends, what) = match (&table.integral, &table.support) {
                    (Some(ends), _) => (ends, "the interval of an integral"),
                    (_, Some(ends)) => (ends, "the support of a density"),
                    _ => {
                        let message = format!("the density of `{name}` needs a support = [from, to]");
                        return Err(self.structure(entry.span(), message));
                    }
                };
                let ends = self.pair(scope, entry, ends, what)?.map(|end| end.text.value);
                let shown = match &table.density {
                    Some(density) => {
                        format!("of density {} on [{}, {}]", density.get_ref(), ends[0], ends[1])
                    }
                    None => format!("integrated over [{}, {}]", ends[0], ends[1]),
                };
                let [mut first, mut second] = lebesgue(&ends, &z);
                if let Some(density) = &table.density {
                    let density = self.density(scope, name, density)?;
                    for (_, weight) in [&mut first, &mut second] {
                        *weight = format!("({weight})*({density})");
                    }
                }
                let weighted = |(value, weight): (String, String)| (value, Some(weight));
                (weighted(first), weighted(second), shown)
            }
        };
        let made = |(value, weight): (String, Option<String>)| {
            let weight = weight.map(|weight| self.made(entry, weight)).transpose()?;
            Ok::<_, EquationError>((self.made(entry, value)?, weight))
        };
        let ((value, weight), (other, other_weight)) = (made(first)?, made(second)?);
        let second = Map { value: other.expression, weight: other_weight.map(|weight| weight.expression) };
        Ok((Measure { normal, value, weight, second }, shown))
    }

    /// A density, which depends on its own variable and on no other.
    fn density(&self, scope: &Scope, name: &str, density: &Str) -> Result<String, EquationError> {
        let Written { text, expression } = self.parse(density)?;
        let mut used = Vec::new();
        names_in(&expression, &mut used);
        let definition = used.iter().find(|name| matches!(scope.meaning(name), Some(Meaning::Definition(_))));
        let shape = scope.shape(&expression, &text, scope.definitions.len())?;
        let other = shape.variables.iter().find(|(variable, _)| variable != name);
        let message = match (definition, other) {
            (Some(definition), _) => {
                format!("the density of `{name}` uses the definition `{definition}`; write it out")
            }
            (None, Some((other, _))) => {
                format!("the density of `{name}` depends on `{other}`, another variable")
            }
            _ if shape.truth => format!("the density of `{name}` is a truth value, not a number"),
            _ if shape.variables.is_empty() => {
                format!("the density of `{name}` does not depend on it; is uniform = [from, to] meant?")
            }
            _ => return Ok(text.value),
        };
        Err(text.error(expression.span.clone(), Problem::Structure(message)))
    }
}

/// 4 σ(4z) σ(−4z)/φ(z): the slope of the logistic map over the density.
fn logistic(z: &str) -> String {
    format!("4*logistic(4*{z})*logistic(-4*{z})/normal_pdf({z})")
}

/// An interval as two functions of a normal variable, each with its slope over the density: by Φ, which bounds integrands as they are bounded
/// at the ends, and by exponentials.
fn lebesgue([a, b]: &[String; 2], z: &str) -> [(String, String); 2] {
    let tail = |sign: &str| format!("normal_cdf({sign}{z})");
    match (a.as_str(), b.as_str()) {
        ("-inf", "inf") => {
            let side = |sign: &str| format!("cos(pi*{0})/sin(pi*{0})", tail(sign));
            let value = format!("where({z} < 0, -{}, {})", side(""), side("-"));
            let weight = format!("pi/sin(pi*normal_cdf(-abs({z})))^2");
            [(value, weight), (format!("sinh(3*{z})"), format!("3*cosh(3*{z})/normal_pdf({z})"))]
        }
        (_, "inf") => [
            (format!("({a}) + {}/{}", tail(""), tail("-")), format!("1/{}^2", tail("-"))),
            (format!("({a}) + exp(2*{z})"), format!("2*exp(2*{z})/normal_pdf({z})")),
        ],
        ("-inf", _) => [
            (format!("({b}) - {}/{}", tail("-"), tail("")), format!("1/{}^2", tail(""))),
            (format!("({b}) - exp(-2*{z})"), format!("2*exp(-2*{z})/normal_pdf({z})")),
        ],
        _ => [
            (format!("({a}) + (({b}) - ({a}))*{}", tail("")), format!("({b}) - ({a})")),
            (format!("({a}) + (({b}) - ({a}))*logistic(4*{z})"), format!("(({b}) - ({a}))*{}", logistic(z))),
        ],
    }
}
