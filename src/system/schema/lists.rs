//! What a file may write as one value, as a list, or as columns of a CSV file.

use super::{At, NumberOrText, Parameter, Str, Words};

/// A number or an expression, or one for each value of an index.
#[derive(Debug, Clone)]
pub enum Several {
    /// One.
    One(NumberOrText),
    /// A list, of lists where there are two indices.
    List(Vec<At<Several>>),
    /// The columns of a file.
    File(Columns),
}

/// Columns of a CSV file.
#[derive(Debug, Clone, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Columns {
    /// The file, beside the equation file.
    pub file: Str,
    /// The column, or one for each value of the second index.
    pub column: At<Words>,
}

impl Parameter {
    /// Its default, where it has no index.
    pub fn one(&self) -> At<NumberOrText> {
        let one = match self.default.get_ref() {
            Several::One(one) => one.clone(),
            Several::List(_) | Several::File(_) => NumberOrText::Number(f64::NAN),
        };
        let at = At::new(self.default.span(), one);
        match self.default.indices() {
            Some(indices) => at.with(indices),
            None => at,
        }
    }
}

/// A list, or the name of the column of a file that has it.
#[derive(Debug, Clone)]
pub enum Listed {
    /// A list.
    List(Vec<At<NumberOrText>>),
    /// A column.
    Column(Str),
}

impl Listed {
    /// The list; empty before a column has been read.
    pub fn list(&self) -> &[At<NumberOrText>] {
        match self {
            Listed::List(list) => list,
            Listed::Column(_) => &[],
        }
    }
}
