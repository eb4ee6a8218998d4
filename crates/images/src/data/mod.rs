//! Images with classes: read from IDX files, a folder of PNGs by class or an array of NumPy; chosen by class in given proportions;
//! made smaller by block means.
//!
//! Pixels lie in [−1, 1] (means of blocks are multiplied, see [`Shape::block`]), image by image, row by row, with the colours of a pixel side by side.

mod drawn;
mod idx;
mod npy;
mod pictures;

use std::path::{Path, PathBuf};

use crate::error::{ImagesError, Result};

pub use drawn::drawn;
pub use npy::write as write_npy;
pub use pictures::write_sheet;

/// The longest side of an image.
pub const LONGEST: usize = 64;
/// The most pixels (times colours) of a data set: they are held in memory, as numbers of four bytes.
const MOST: usize = 1 << 30;

/// Height, width and colours of every image.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Shape {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
    /// 1 for grey, 3 for colour.
    pub colours: usize,
    /// The side of the blocks of which pixels are means, 1 for images as they are. In memory pixels are multiplied with it: the noise
    /// of a mean is as much smaller, so that noise stands to images as it does at full size, and classes are decided at the same times.
    pub block: usize,
}

impl Shape {
    /// Images as they are, of so many rows, columns and colours.
    pub fn new(height: usize, width: usize, colours: usize) -> Shape {
        Shape { height, width, colours, block: 1 }
    }

    /// Numbers of an image.
    pub fn size(self) -> usize {
        self.height * self.width * self.colours
    }

    /// `28×28`, `32×32×3`.
    pub fn words(self) -> String {
        let colours = if self.colours == 1 { String::new() } else { format!("×{}", self.colours) };
        let block = match self.block {
            1 => String::new(),
            side => format!(" (means of {side}×{side} pixels)"),
        };
        format!("{}×{}{colours}{block}", self.height, self.width)
    }

    /// Refuses what is too large, empty, or has other colours.
    fn check(self, path: &Path) -> Result<Shape> {
        let side = |x: usize| (1..=LONGEST).contains(&x);
        if !side(self.height) || !side(self.width) {
            return Err(ImagesError::file(
                path,
                format!("images are {}; both sides may be 1 to {LONGEST} pixels", self.words()),
            ));
        }
        match self.colours {
            1 | 3 => Ok(self),
            other => {
                Err(ImagesError::file(path, format!("images have {other} colours; grey (1) or colour (3)")))
            }
        }
    }
}

/// A data set.
#[derive(Debug, Clone, PartialEq)]
pub struct Images {
    /// What every image is.
    pub shape: Shape,
    /// All pixels, in [−1, 1], times the side of blocks.
    pub pixels: Vec<f32>,
    /// The class of every image, a place in `classes`; empty where none is known.
    pub labels: Vec<usize>,
    /// The names of the classes, in order.
    pub classes: Vec<String>,
}

impl Images {
    /// Reads a data set: an IDX file (its labels lie beside it under the usual name, or are given), a folder with a folder of PNGs
    /// for each class, or a .npy file.
    ///
    /// # Errors
    /// What is wrong with the files.
    pub fn load(data: &Path, labels: Option<&Path>) -> Result<Images> {
        let images = Images::load_any(data, labels)?;
        if images.labels.is_empty() {
            return Err(ImagesError::file(
                data,
                "no classes are known of these images; --labels FILE names them, a number for each image (.npy or IDX)",
            ));
        }
        Ok(images)
    }

    /// The same, where no classes need be known.
    ///
    /// # Errors
    /// What is wrong with the files.
    pub fn load_any(data: &Path, labels: Option<&Path>) -> Result<Images> {
        let metadata = std::fs::metadata(data).map_err(ImagesError::read(data))?;
        if metadata.is_dir() {
            if let Some(file) = labels {
                return Err(ImagesError::Given(format!(
                    "the classes of a folder are the names of its folders; leave out --labels {}",
                    file.display()
                )));
            }
            return pictures::read(data);
        }
        let npy = data.extension().is_some_and(|e| e == "npy");
        let (shape, pixels) = if npy { npy::images(data)? } else { idx::images(data)? };
        let beside = labels.map(PathBuf::from).or_else(|| (!npy).then(|| idx::labels_beside(data)).flatten());
        let numbers = match &beside {
            None => Vec::new(),
            Some(file) if file.extension().is_some_and(|e| e == "npy") => npy::labels(file)?,
            Some(file) => idx::labels(file)?,
        };
        let count = pixels.len() / shape.size();
        if let Some(file) = beside.filter(|_| numbers.len() != count) {
            let what =
                format!("{} labels do not match the {count} images of {}", numbers.len(), data.display());
            return Err(ImagesError::file(&file, what));
        }
        Ok(Images::of_numbers(shape, pixels, &numbers))
    }

    /// Images whose classes are numbers.
    pub fn of_numbers(shape: Shape, pixels: Vec<f32>, numbers: &[i64]) -> Images {
        let mut known = numbers.to_vec();
        known.sort_unstable();
        known.dedup();
        let labels = numbers.iter().filter_map(|number| known.binary_search(number).ok()).collect();
        Images { shape, pixels, labels, classes: known.iter().map(i64::to_string).collect() }
    }

    /// How many there are.
    pub fn count(&self) -> usize {
        self.pixels.len() / self.shape.size()
    }

    /// One of them.
    pub fn image(&self, place: usize) -> &[f32] {
        let size = self.shape.size();
        &self.pixels[place * size..(place + 1) * size]
    }

    /// How many there are of each class.
    pub fn counts(&self) -> Vec<usize> {
        let mut counts = vec![0; self.classes.len()];
        self.labels.iter().for_each(|label| counts[*label] += 1);
        counts
    }

    /// Those at some places.
    pub fn at(&self, places: &[usize]) -> Images {
        let pixels = places.iter().flat_map(|place| self.image(*place)).copied().collect();
        let labels = if self.labels.is_empty() {
            Vec::new()
        } else {
            places.iter().map(|p| self.labels[*p]).collect()
        };
        Images {
            pixels,
            labels,
            ..Images {
                shape: self.shape,
                pixels: Vec::new(),
                labels: Vec::new(),
                classes: self.classes.clone(),
            }
        }
    }

    /// Refuses data of fewer than two classes.
    ///
    /// # Errors
    /// Which classes there are.
    pub fn of_several_classes(self) -> Result<Images> {
        let found = self.counts().iter().filter(|count| **count > 0).count();
        match found {
            0 | 1 => Err(ImagesError::Given(format!(
                "all images are of the class {}; two classes or more are needed",
                self.classes.first().map_or("none", String::as_str)
            ))),
            _ => Ok(self),
        }
    }

    /// As many as there can be of some classes in these proportions, the first of each, in their order.
    ///
    /// # Errors
    /// Classes that there are not, too few images.
    pub fn in_proportion(&self, proportion: &Proportion) -> Result<Images> {
        let counts = self.counts();
        let mut wanted = vec![None; self.classes.len()];
        let places: Vec<(usize, f64)> = proportion
            .0
            .iter()
            .map(|(name, share)| match self.classes.iter().position(|class| class == name) {
                Some(place) => Ok((place, *share)),
                None => Err(ImagesError::Given(format!(
                    "--proportion: there is no class {name}; classes are {}",
                    self.classes.join(", ")
                ))),
            })
            .collect::<Result<_>>()?;
        // A count that is whole but for round-off is whole.
        let whole = |x: f64| (x + 1e-9).floor() as usize;
        let all =
            places.iter().map(|(place, share)| counts[*place] as f64 / share).fold(f64::INFINITY, f64::min);
        for (place, share) in &places {
            wanted[*place] = Some(whole(all * share));
            if wanted[*place] == Some(0) {
                return Err(ImagesError::Given(format!(
                    "--proportion leaves no image of the class {}: there are too few images",
                    self.classes[*place]
                )));
            }
        }
        let mut taken = vec![0; self.classes.len()];
        let take = |place: &usize| {
            let label = self.labels[*place];
            taken[label] += 1;
            wanted[label].is_some_and(|wanted| taken[label] <= wanted)
        };
        let places: Vec<usize> = (0..self.count()).filter(take).collect();
        Ok(self.at(&places).without_empty_classes())
    }

    fn without_empty_classes(mut self) -> Images {
        let counts = self.counts();
        let kept: Vec<usize> = (0..counts.len()).filter(|class| counts[*class] > 0).collect();
        self.labels.iter_mut().for_each(|label| *label = kept.binary_search(label).unwrap_or_default());
        self.classes = kept.iter().map(|class| self.classes[*class].clone()).collect();
        self
    }

    /// The same as they are looked at, with all pixels in [−1, 1].
    pub fn plain(&self) -> Images {
        let block = self.shape.block as f32;
        let pixels = self.pixels.iter().map(|x| x / block).collect();
        let shape = Shape { block: 1, ..self.shape };
        Images { shape, pixels, labels: self.labels.clone(), classes: self.classes.clone() }
    }

    /// The means of square blocks, so that the longer side has so many pixels.
    ///
    /// # Errors
    /// A side that is not divided.
    pub fn shrunk(self, side: usize) -> Result<Images> {
        let Shape { height, width, colours, block: before } = self.shape;
        let longer = height.max(width);
        let block = longer / side.max(1);
        if side == 0 || block * side != longer || height % block != 0 || width % block != 0 {
            return Err(ImagesError::Given(format!(
                "--size {side}: images of {} have no blocks of equal size that make {side} pixels of the longer side",
                self.shape.words()
            )));
        }
        if block == 1 {
            return Ok(self);
        }
        let shape = Shape { height: height / block, width: width / block, colours, block: before * block };
        let mut pixels = Vec::with_capacity(self.count() * shape.size());
        for place in 0..self.count() {
            let image = self.image(place);
            for y in 0..shape.height {
                for x in 0..shape.width {
                    for colour in 0..colours {
                        let inside = (0..block * block).map(|k| {
                            let (row, column) = (y * block + k / block, x * block + k % block);
                            f64::from(image[(row * width + column) * colours + colour])
                        });
                        // The mean, times the side of the block.
                        pixels.push((inside.sum::<f64>() / block as f64) as f32);
                    }
                }
            }
        }
        Ok(Images { shape, pixels, ..self })
    }
}

/// Classes and their shares, which sum to 1.
#[derive(Debug, Clone, PartialEq)]
pub struct Proportion(pub Vec<(String, f64)>);

impl std::str::FromStr for Proportion {
    type Err = String;

    fn from_str(text: &str) -> std::result::Result<Proportion, String> {
        let mut shares: Vec<(String, f64)> = Vec::new();
        for part in text.split(',') {
            let Some((name, share)) = part.rsplit_once('=') else {
                return Err(format!("`{part}` is no CLASS=SHARE; for example 0=0.8,1=0.2"));
            };
            let share = share.trim().parse().ok().filter(|x| *x > 0.0 && *x <= 1.0);
            let share =
                share.ok_or_else(|| format!("the share of `{part}` is no number above 0, up to 1"))?;
            let name = name.trim().to_string();
            if shares.iter().any(|(other, _)| *other == name) {
                return Err(format!("the class {name} is given twice"));
            }
            shares.push((name, share));
        }
        let sum: f64 = shares.iter().map(|(_, share)| share).sum();
        if (sum - 1.0).abs() > 1e-9 {
            return Err(format!("the shares sum to {sum}, not to 1"));
        }
        Ok(Proportion(shares))
    }
}

/// A grey level or colour as a number in [−1, 1].
fn of_byte(byte: u8) -> f32 {
    f32::from(byte) / 127.5 - 1.0
}

/// Refuses what memory cannot hold, before it is asked for.
fn room(path: &Path, count: usize, shape: Shape) -> Result<()> {
    match count.checked_mul(shape.size()).filter(|all| *all <= MOST) {
        Some(_) => Ok(()),
        None => Err(ImagesError::file(
            path,
            format!(
                "{count} images of {} need {:.1} GB of memory; at most {} GB are taken",
                shape.words(),
                count as f64 * shape.size() as f64 * 4e-9,
                4 * MOST / 1_000_000_000
            ),
        )),
    }
}
