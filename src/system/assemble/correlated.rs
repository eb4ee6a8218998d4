//! Normal variables that are correlated: h = mean + L z, with L Lᵀ the covariance and z independent.

use std::sync::Arc;

use super::{Builder, Written};
use crate::language::EquationError;
use crate::language::scope::{HIDDEN, Scope};
use crate::name::words_in;
use crate::numeric::shortest;
use crate::system::schema::{At, NumberOrText, Several, Variable, VariableTable};

impl Builder<'_> {
    /// One of the variables of a family as an expression of independent ones, and what a reader is shown.
    pub(super) fn correlated(
        &self,
        scope: &Scope,
        name: &str,
        entry: &At<Variable>,
        table: &VariableTable,
        covariance: &At<Several>,
    ) -> Result<(Written, String), EquationError> {
        let family = self.indices.member_of(name).and_then(|(family, values)| {
            let index = self.indices.family(&family)?.indices.first()?.clone();
            let [value] = values[..] else { return None };
            Some((family, index, value))
        });
        let Some((family, a, own)) = family else {
            let message = format!(
                "the correlated variables `{name}` need one index: \"h[a]\" = {{ covariance = \"R[a, b]\" }}"
            );
            return Err(self.structure(entry.span(), message));
        };
        let size = self.indices.size(&a).unwrap_or(1);
        let (b, written) = match covariance.get_ref() {
            Several::One(_) => {
                let text = shown(covariance);
                let same = |b: &&str| **b != *a && self.indices.size(b) == Some(size);
                let b = words_in(&text).find(same);
                let Some(b) = b else {
                    let message = format!(
                        "the covariance of `{family}` is of two indices: `{a}`, and another that [indices] declares to run as far"
                    );
                    return Err(self.structure(covariance.span(), message));
                };
                (b.to_string(), text)
            }
            Several::List(rows) => (format!("{a}__"), self.matrix(rows, (&a, size), covariance)?),
            Several::File(_) => {
                let message = format!(
                    "the covariance of `{family}` is an expression or a list of lists; a file can be the default of a parameter"
                );
                return Err(self.structure(covariance.span(), message));
            }
        };
        let mean = match &table.mean {
            None => String::new(),
            Some(mean) => {
                let Written { text, .. } =
                    self.piece(scope, self.parse_value(mean)?, "the mean of a variable")?;
                format!("sum[{a}](where({a} == {own}, {}, 0)) + ", text.value)
            }
        };
        let terms = (1..=own)
            .map(|other| format!("cholesky[{a}, {b}]({written}, {own}, {other})*{family}_{other}{HIDDEN}"));
        let value = format!("{mean}{}", terms.collect::<Vec<_>>().join(" + "));
        let indices = Arc::new(self.indices.with_size(&b, size));
        // What the covariance depends on is said in its own terms.
        let entries = At::new(covariance.span(), format!("cholesky[{a}, {b}]({written}, {size}, {size})"));
        self.piece(scope, self.parse(&entries.with(&indices))?, "a covariance")?;
        let value = self.parse(&At::new(entry.span(), value).with(&indices))?;
        let of_mean = table.mean.as_ref().map_or(String::new(), |_| " around a mean".into());
        Ok((value, format!("normal{of_mean}, of covariance {}", shown(covariance))))
    }

    /// A list of lists as one expression of two indices.
    fn matrix(
        &self,
        rows: &[At<Several>],
        (a, size): (&str, usize),
        covariance: &At<Several>,
    ) -> Result<String, EquationError> {
        let refuse = || {
            let message =
                format!("this covariance is a list of {size} lists of {size} numbers or expressions");
            self.structure(covariance.span(), message)
        };
        if rows.len() != size {
            return Err(refuse());
        }
        let mut whole = "0".to_string();
        for (i, row) in rows.iter().enumerate() {
            let Several::List(entries) = row.get_ref() else { return Err(refuse()) };
            if entries.len() != size {
                return Err(refuse());
            }
            let mut line = "0".to_string();
            for (j, entry) in entries.iter().enumerate() {
                if matches!(entry.get_ref(), Several::List(_) | Several::File(_)) {
                    return Err(refuse());
                }
                let text = shown(entry);
                line = format!("where({a}__ == {}, {text}, {line})", j + 1);
            }
            whole = format!("where({a} == {}, {line}, {whole})", i + 1);
        }
        Ok(whole)
    }
}

/// A covariance as it is written.
fn shown(covariance: &At<Several>) -> String {
    match covariance.get_ref() {
        Several::One(NumberOrText::Text(text)) => text.clone(),
        Several::One(NumberOrText::Number(x)) => shortest(*x),
        Several::List(rows) => format!("[{}]", rows.iter().map(shown).collect::<Vec<_>>().join(", ")),
        Several::File(_) => String::new(),
    }
}
