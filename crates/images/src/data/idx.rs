//! The IDX files of MNIST and its kin: two bytes 0, the type of the numbers (8: bytes), how many sizes, the sizes as big-endian
//! numbers of four bytes, the numbers. <http://yann.lecun.com/exdb/mnist/>

use std::fs;
use std::path::{Path, PathBuf};

use super::{Shape, of_byte, room};
use crate::error::{ImagesError, Result};

/// Images: three sizes, or four with colours at the end.
pub fn images(path: &Path) -> Result<(Shape, Vec<f32>)> {
    let bytes = fs::read(path).map_err(ImagesError::read(path))?;
    let (sizes, body) = parts(path, &bytes)?;
    let (count, shape) = match sizes[..] {
        [count, height, width] => (count, Shape::new(height, width, 1)),
        [count, height, width, colours] => (count, Shape::new(height, width, colours)),
        _ => {
            let what = format!(
                "an IDX file of {} sizes, where images have 3 (count, height, width) or 4",
                sizes.len()
            );
            return Err(ImagesError::file(path, what));
        }
    };
    room(path, count, shape.check(path)?)?;
    if count == 0 {
        return Err(ImagesError::file(path, "there are no images in it"));
    }
    Ok((shape, body.iter().map(|byte| of_byte(*byte)).collect()))
}

/// Labels: one size.
pub fn labels(path: &Path) -> Result<Vec<i64>> {
    let bytes = fs::read(path).map_err(ImagesError::read(path))?;
    let (sizes, body) = parts(path, &bytes)?;
    match sizes.len() {
        1 => Ok(body.iter().map(|byte| i64::from(*byte)).collect()),
        n => Err(ImagesError::file(path, format!("an IDX file of {n} sizes, where labels have 1"))),
    }
}

/// Where labels lie by custom: `…labels-idx1…` beside `…images-idx3…`.
pub fn labels_beside(images: &Path) -> Option<PathBuf> {
    let name = images.file_name()?.to_str()?;
    let labels = name.replace("images", "labels").replace("idx3", "idx1").replace("idx4", "idx1");
    let beside = images.with_file_name(&labels);
    (labels != name && beside.exists()).then_some(beside)
}

/// The sizes, and as many bytes as they say.
fn parts<'b>(path: &Path, bytes: &'b [u8]) -> Result<(Vec<usize>, &'b [u8])> {
    let no = |what: String| Err(ImagesError::file(path, what));
    let &[0, 0, kind, rank, ref rest @ ..] = bytes else {
        return no("this is no IDX file, no .npy and no folder of PNGs".into());
    };
    if kind != 8 {
        return no(format!("an IDX file with numbers of type {kind}; bytes (type 8) are read"));
    }
    let rank = usize::from(rank);
    let Some((sizes, body)) = rest.split_at_checked(4 * rank) else {
        return no("the IDX file ends within its header".into());
    };
    let (sizes, _) = sizes.as_chunks::<4>();
    let sizes: Vec<usize> = sizes.iter().map(|size| u32::from_be_bytes(*size) as usize).collect();
    let expected = sizes.iter().try_fold(1usize, |all, size| all.checked_mul(*size));
    match expected {
        Some(expected) if expected == body.len() => Ok((sizes, body)),
        _ => {
            let sizes: Vec<String> = sizes.iter().map(usize::to_string).collect();
            let expected = expected.map_or("more".into(), |n| n.to_string());
            let word =
                if expected.parse().is_ok_and(|n: usize| n < body.len()) { "too long" } else { "truncated" };
            no(format!(
                "the IDX file is {word}: its header says {} = {expected} bytes, and there are {}",
                sizes.join("×"),
                body.len()
            ))
        }
    }
}
