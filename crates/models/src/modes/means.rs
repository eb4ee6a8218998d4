//! Where the modes of a mixture lie, and how much of the data is in each.

use std::path::Path;

use nalgebra::DMatrix;
use serde::Deserialize;
use thiserror::Error;

use overlaps::diagnostic::{Place, Source};
use overlaps::input::{InputError, LARGEST_TEXT, text_of_file};

/// The most modes.
const MOST: usize = 64;
/// How far a matrix of products may be from one: of rounding in the file.
const ROUNDING: f64 = 1e-9;

/// What is wrong with a file of modes.
#[derive(Debug, Error)]
pub enum MeansError {
    /// It cannot be read.
    #[error("cannot read {file}: {reason}")]
    Unreadable {
        /// Its path.
        file: String,
        /// Why.
        reason: InputError,
    },
    /// It is no table of this kind.
    #[error("{message}\n{place}")]
    Text {
        /// What is wrong.
        message: String,
        /// Where.
        place: Box<Place>,
    },
    /// Its entries do not fit together.
    #[error("{file}: {message}")]
    Entries {
        /// Its path.
        file: String,
        /// What is wrong, and what would be accepted.
        message: String,
    },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    weights: Option<Vec<f64>>,
    gram: Option<Vec<Vec<f64>>>,
    vectors: Option<Vec<Vec<f64>>>,
    split: Option<Split>,
}

/// Where modes part: all that lie below are this far from each other.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Split {
    pub exponent: f64,
    pub half_distance: f64,
    pub modes: Vec<Part>,
}

/// What lies below a split.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(untagged, expecting = "`modes` has weights of modes, or tables { exponent, half_distance, modes }")]
pub(super) enum Part {
    /// A mode, by its weight.
    Mode(f64),
    /// A split on a smaller scale.
    Split(Split),
}

/// Where the modes lie.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Shape {
    /// μ_k·μ_l/d, at every dimension.
    Products(DMatrix<f64>),
    /// Modes that split again and again, at distances of different powers of d.
    Tree(Split),
}

/// The modes of a mixture Σ_k p_k N(μ_k, σ²): their weights, and their products at any dimension.
#[derive(Debug, Clone, PartialEq)]
pub struct Means {
    /// p_k; their sum is 1.
    pub weights: Vec<f64>,
    pub(super) shape: Shape,
}

impl Means {
    /// Reads a file: `weights` with `gram`, the matrix μ_k·μ_l/d, or with `vectors`, the μ_k/√d in orthonormal coordinates; or `[split]`, a tree.
    ///
    /// # Errors
    /// No such file, and what is wrong with it.
    pub fn load(path: &Path) -> Result<Means, MeansError> {
        let file = path.display().to_string();
        let text = text_of_file(path, LARGEST_TEXT)
            .map_err(|reason| MeansError::Unreadable { file: file.clone(), reason })?;
        Means::parse(&file, &text)
    }

    /// Reads the text of such a file.
    ///
    /// # Errors
    /// What is wrong with it.
    pub fn parse(name: &str, text: &str) -> Result<Means, MeansError> {
        let file: File = toml::from_str(text).map_err(|e| {
            let source = Source { name: name.to_string(), text: text.to_string() };
            let place = Box::new(source.place(e.span().unwrap_or(0..0)));
            MeansError::Text { message: e.message().to_string(), place }
        })?;
        read(file).map_err(|message| MeansError::Entries { file: name.to_string(), message })
    }

    /// How many modes there are.
    pub fn count(&self) -> usize {
        self.weights.len()
    }

    /// μ_k·μ_l/d.
    pub fn products(&self, d: f64) -> DMatrix<f64> {
        let k = self.count();
        let mut products = DMatrix::zeros(k, k);
        match &self.shape {
            Shape::Products(given) => products.copy_from(given),
            Shape::Tree(root) => {
                add_products(root, d, &mut 0, &mut products);
            }
        }
        products
    }

    /// M with M Mᵀ = μ_k·μ_l/d, which may be singular.
    pub fn root(&self, d: f64) -> DMatrix<f64> {
        let eigen = self.products(d).symmetric_eigen();
        &eigen.eigenvectors * DMatrix::from_diagonal(&eigen.eigenvalues.map(|x| x.max(0.0).sqrt()))
    }
}

/// Adds what a split gives to the products of the modes below it, and says which these are: its parts lie on the corners of a regular
/// simplex around its centre, in directions of its own.
fn add_products(
    split: &Split,
    d: f64,
    next: &mut usize,
    products: &mut DMatrix<f64>,
) -> std::ops::Range<usize> {
    let first = *next;
    let below: Vec<_> = split.modes.iter().map(|part| modes_of(part, d, next, products)).collect();
    // Two corners are 2 half-distances apart: √2 (e_i − Σe/m) half-distances from the centre.
    let square = 2.0 * split.half_distance.powi(2) * d.powf(2.0 * split.exponent - 1.0);
    let shared = 1.0 / below.len() as f64;
    for (i, these) in below.iter().enumerate() {
        for (j, those) in below.iter().enumerate() {
            let product = square * (if i == j { 1.0 - shared } else { -shared });
            for k in these.clone() {
                those.clone().for_each(|l| products[(k, l)] += product);
            }
        }
    }
    first..*next
}

fn modes_of(part: &Part, d: f64, next: &mut usize, products: &mut DMatrix<f64>) -> std::ops::Range<usize> {
    match part {
        Part::Mode(_) => {
            *next += 1;
            *next - 1..*next
        }
        Part::Split(split) => add_products(split, d, next, products),
    }
}

fn read(file: File) -> Result<Means, String> {
    let given = [file.gram.is_some(), file.vectors.is_some(), file.split.is_some()];
    if given.into_iter().filter(|is| *is).count() != 1 {
        return Err("say where the modes lie by one of `gram`, `vectors` and `[split]`".into());
    }
    let (weights, shape) = match (file.split, file.weights) {
        (Some(_), Some(_)) => {
            return Err(
                "the weights of a [split] stand in it, as `modes = [0.5, 0.2]`; leave out `weights`".into()
            );
        }
        (Some(split), None) => {
            let mut weights = Vec::new();
            check_split(&split, 0.5, true, &mut weights)?;
            (weights, Shape::Tree(split))
        }
        (None, weights) => {
            let products = match (file.gram, file.vectors) {
                (Some(gram), _) => matrix(&gram, "gram", Some(gram.len()))?,
                (None, vectors) => {
                    let vectors = vectors.unwrap_or_default();
                    let vectors = matrix(&vectors, "vectors", None)?;
                    &vectors * vectors.transpose()
                }
            };
            let k = products.nrows();
            let weights = weights.unwrap_or_else(|| vec![1.0; k]);
            if weights.len() != k {
                return Err(format!("`weights` has {} entries for {k} modes", weights.len()));
            }
            check_products(&products)?;
            (weights, Shape::Products(products))
        }
    };
    if !(2..=MOST).contains(&weights.len()) {
        return Err(format!("there are {} modes; use 2 to {MOST}", weights.len()));
    }
    if let Some(wrong) = weights.iter().find(|p| !(**p > 0.0 && p.is_finite())) {
        return Err(format!("the weight {wrong} is not above 0"));
    }
    let sum: f64 = weights.iter().sum();
    Ok(Means { weights: weights.iter().map(|p| p / sum).collect(), shape })
}

/// The weights below a split, from left to right.
fn check_split(split: &Split, above: f64, first: bool, weights: &mut Vec<f64>) -> Result<(), String> {
    let Split { exponent, half_distance, modes } = split;
    if !(*exponent > 0.0 && (*exponent < above || first && *exponent <= above)) {
        let most = if first {
            "at most 0.5".to_string()
        } else {
            format!("below {above}, that of the split above it")
        };
        return Err(format!("exponent = {exponent} of a split is to lie above 0 and {most}"));
    }
    if !(*half_distance > 0.0 && half_distance.is_finite()) {
        return Err(format!("half_distance = {half_distance} is not above 0"));
    }
    if modes.len() < 2 {
        return Err(format!("a split with exponent = {exponent} has {} part; use two or more", modes.len()));
    }
    modes.iter().try_for_each(|part| match part {
        Part::Mode(weight) => {
            weights.push(*weight);
            Ok(())
        }
        Part::Split(split) => check_split(split, *exponent, false, weights),
    })
}

fn matrix(rows: &[Vec<f64>], name: &str, columns: Option<usize>) -> Result<DMatrix<f64>, String> {
    let columns = columns.unwrap_or_else(|| rows.first().map_or(0, Vec::len));
    if let Some((i, row)) = rows.iter().enumerate().find(|(_, row)| row.len() != columns) {
        return Err(format!("row {} of `{name}` has {} entries, and not {columns}", i + 1, row.len()));
    }
    if let Some(wrong) = rows.iter().flatten().find(|x| !x.is_finite()) {
        return Err(format!("`{name}` has the entry {wrong}; use numbers"));
    }
    Ok(DMatrix::from_fn(rows.len(), columns, |i, j| rows[i][j]))
}

fn check_products(products: &DMatrix<f64>) -> Result<(), String> {
    let size = products.amax();
    for (i, j) in (0..products.nrows()).flat_map(|i| (0..i).map(move |j| (i, j))) {
        if (products[(i, j)] - products[(j, i)]).abs() > ROUNDING * size {
            return Err(format!(
                "`gram` is not symmetric: entries {}, {} and {}, {}",
                i + 1,
                j + 1,
                j + 1,
                i + 1
            ));
        }
        let apart = products[(i, i)] + products[(j, j)] - 2.0 * products[(i, j)];
        if !(apart > ROUNDING * size) {
            return Err(format!("modes {} and {} lie at the same place", j + 1, i + 1));
        }
    }
    let lowest = products.clone().symmetric_eigenvalues().min();
    if lowest < -ROUNDING * size {
        return Err(format!("`gram` is no matrix of products: its lowest eigenvalue is {lowest:.3}"));
    }
    Ok(())
}
