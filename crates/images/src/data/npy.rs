//! Arrays of NumPy: `numpy.save` writes them. Images are count × height × width (× colours), bytes or numbers in [−1, 1]; labels
//! are whole numbers. <https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html>

use std::fs;
use std::path::Path;

use super::{Images, Shape, of_byte, room};
use crate::error::{ImagesError, Result};
use overlaps::output::write_atomically;

/// The types of numbers that are read.
const TYPES: &str = "u1, i1, i2, i4, i8, u2, u4, f4 and f8, little-endian";

/// What an array says of itself, and its bytes.
struct Array {
    kind: String,
    sizes: Vec<usize>,
    body: Vec<u8>,
}

/// Images, as they are given or from bytes.
pub fn images(path: &Path) -> Result<(Shape, Vec<f32>)> {
    let array = read(path)?;
    let (count, shape) = match array.sizes[..] {
        [count, height, width] => (count, Shape::new(height, width, 1)),
        [count, height, width, colours] => (count, Shape::new(height, width, colours)),
        _ => {
            let what = format!(
                "an array of {:?}; images are (count, height, width) or (count, height, width, colours)",
                array.sizes
            );
            return Err(ImagesError::file(path, what));
        }
    };
    room(path, count, shape.check(path)?)?;
    if count == 0 {
        return Err(ImagesError::file(path, "there are no images in it"));
    }
    if array.kind == "|u1" {
        return Ok((shape, array.body.iter().map(|byte| of_byte(*byte)).collect()));
    }
    let pixels: Vec<f64> = numbers(path, &array)?;
    if let Some(place) = pixels.iter().position(|x| !(-1.0..=1.0).contains(x)) {
        let (x, image, inside) = (pixels[place], place / shape.size(), place % shape.size() / shape.colours);
        let (row, column) = (inside / shape.width, inside % shape.width);
        let what = format!(
            "image {image} has the pixel {x} (row {row}, column {column}, from 0); numbers lie in [-1, 1], or are bytes (u1) from 0 to 255"
        );
        return Err(ImagesError::file(path, what));
    }
    Ok((shape, pixels.into_iter().map(|x| x as f32).collect()))
}

/// Labels: an array of one size.
pub fn labels(path: &Path) -> Result<Vec<i64>> {
    let array = read(path)?;
    if array.sizes.len() != 1 {
        return Err(ImagesError::file(
            path,
            format!("an array of {:?}; labels are one number for each image", array.sizes),
        ));
    }
    let whole = |(place, x): (usize, f64)| match x.fract() == 0.0 && x.abs() < 1e15 {
        true => Ok(x as i64),
        false => Err(ImagesError::file(path, format!("the label {x} of image {place} is no whole number"))),
    };
    numbers(path, &array)?.into_iter().enumerate().map(whole).collect()
}

/// The numbers of an array.
fn numbers(path: &Path, array: &Array) -> Result<Vec<f64>> {
    fn each<const N: usize>(bytes: &[u8], of: impl Fn([u8; N]) -> f64) -> Vec<f64> {
        bytes.as_chunks::<N>().0.iter().map(|chunk| of(*chunk)).collect()
    }
    let body = &array.body;
    Ok(match array.kind.as_str() {
        "|u1" => each(body, |[b]: [u8; 1]| f64::from(b)),
        "|i1" => each(body, |b| f64::from(i8::from_le_bytes(b))),
        "<i2" => each(body, |b| f64::from(i16::from_le_bytes(b))),
        "<u2" => each(body, |b| f64::from(u16::from_le_bytes(b))),
        "<i4" => each(body, |b| f64::from(i32::from_le_bytes(b))),
        "<u4" => each(body, |b| f64::from(u32::from_le_bytes(b))),
        "<i8" => each(body, |b| i64::from_le_bytes(b) as f64),
        "<f4" => each(body, |b| f64::from(f32::from_le_bytes(b))),
        "<f8" => each(body, f64::from_le_bytes),
        other => {
            return Err(ImagesError::file(
                path,
                format!("an array of numbers of type {other}; {TYPES} are read"),
            ));
        }
    })
}

fn read(path: &Path) -> Result<Array> {
    let bytes = fs::read(path).map_err(ImagesError::read(path))?;
    let no = |what: &str| ImagesError::file(path, what);
    let header = || -> Option<(&[u8], &[u8])> {
        let rest = bytes.strip_prefix(b"\x93NUMPY")?;
        let (&major, rest) = rest.split_first()?;
        let (_, rest) = rest.split_first()?;
        let (length, rest) = match major {
            1 => (usize::from(u16::from_le_bytes(*rest.first_chunk()?)), rest.get(2..)?),
            _ => (u32::from_le_bytes(*rest.first_chunk()?) as usize, rest.get(4..)?),
        };
        rest.split_at_checked(length)
    };
    let (header, body) =
        header().ok_or_else(|| no("this is no array of NumPy, or it ends within its header"))?;
    let header = std::str::from_utf8(header).map_err(|_| no("the header of the array is no text"))?;
    let value = |key: &str| header.split_once(&format!("'{key}':")).map(|(_, rest)| rest.trim_start());
    let kind =
        value("descr").and_then(|rest| rest.strip_prefix('\'')?.split('\'').next()).map(str::to_string);
    let kind = kind.ok_or_else(|| no("the array has several fields; one of numbers is read"))?;
    if value("fortran_order").is_some_and(|rest| rest.starts_with("True")) {
        return Err(no("the array is in Fortran order; save numpy.ascontiguousarray(…)"));
    }
    let sizes = value("shape").and_then(|rest| rest.strip_prefix('(')?.split(')').next());
    let sizes: Option<Vec<usize>> = sizes.and_then(|text| {
        text.split(',').map(str::trim).filter(|s| !s.is_empty()).map(|s| s.parse().ok()).collect()
    });
    let sizes = sizes.ok_or_else(|| no("the header of the array has no shape"))?;
    let width = kind
        .strip_prefix(['<', '|'])
        .and_then(|kind| kind.strip_prefix(['u', 'i', 'f'])?.parse::<usize>().ok())
        .ok_or_else(|| no(&format!("an array of type {kind}; {TYPES} are read")))?;
    let expected = sizes.iter().try_fold(width, |all, size| all.checked_mul(*size));
    if expected != Some(body.len()) {
        let expected = expected.map_or("more".into(), |n| n.to_string());
        return Err(no(&format!(
            "the array {sizes:?} has {expected} bytes, and the file has {}",
            body.len()
        )));
    }
    Ok(Array { kind, sizes, body: body.to_vec() })
}

/// Writes images, count × height × width (× colours) numbers of four bytes; what lies outside [−1, 1] is cut off.
///
/// # Errors
/// A file that cannot be written.
pub fn write(path: &Path, images: &Images) -> Result<()> {
    let Shape { height, width, colours, .. } = images.shape;
    let images = images.plain();
    let mut sizes = format!("{}, {height}, {width}", images.count());
    if colours > 1 {
        sizes += &format!(", {colours}");
    }
    let mut header = format!("{{'descr': '<f4', 'fortran_order': False, 'shape': ({sizes}), }}");
    // The data begin at a multiple of 64 bytes.
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    Ok(write_atomically(path, |sink| {
        sink.write_all(b"\x93NUMPY\x01\x00")?;
        sink.write_all(&(header.len() as u16).to_le_bytes())?;
        sink.write_all(header.as_bytes())?;
        let bytes: Vec<u8> = images.pixels.iter().flat_map(|x| x.clamp(-1.0, 1.0).to_le_bytes()).collect();
        sink.write_all(&bytes)
    })?)
}
