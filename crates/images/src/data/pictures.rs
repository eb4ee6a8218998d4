//! A folder with a folder of PNGs for each class; and a sheet of images as one PNG.

use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::{Images, Shape, of_byte, room};
use crate::error::{ImagesError, Result};
use overlaps::output::write_atomically;

/// Reads a folder.
pub fn read(folder: &Path) -> Result<Images> {
    let (mut classes, mut files) = (Vec::new(), Vec::new());
    for class in sorted(folder)?.into_iter().filter(|path| path.is_dir()) {
        let png = |path: &PathBuf| path.extension().is_some_and(|e| e.eq_ignore_ascii_case("png"));
        let found: Vec<PathBuf> = sorted(&class)?.into_iter().filter(png).collect();
        if !found.is_empty() {
            files.extend(found.into_iter().map(|file| (file, classes.len())));
            classes.push(class.file_name().unwrap_or_default().to_string_lossy().into_owned());
        }
    }
    let Some((first, _)) = files.first() else {
        let what =
            "there are no PNGs in its folders; a data set is a folder with a folder of PNGs for each class";
        return Err(ImagesError::file(folder, what));
    };
    let first = first.clone();
    let (mut pixels, mut labels, mut shape) = (Vec::new(), Vec::new(), None);
    for (file, class) in &files {
        let (own, image) = picture(file)?;
        let expected = *shape.get_or_insert(own);
        if own != expected {
            let what = format!(
                "the image is {}, and {} is {}; all are of the same size and colours",
                own.words(),
                first.display(),
                expected.words()
            );
            return Err(ImagesError::file(file, what));
        }
        if pixels.is_empty() {
            room(folder, files.len(), own)?;
        }
        pixels.extend(image);
        labels.push(*class);
    }
    let shape = shape.unwrap_or(Shape::new(1, 1, 1));
    Ok(Images { shape, pixels, labels, classes })
}

/// What is in a folder, in the order of names.
fn sorted(folder: &Path) -> Result<Vec<PathBuf>> {
    let entries = fs::read_dir(folder).map_err(ImagesError::read(folder))?;
    let paths: std::io::Result<Vec<PathBuf>> = entries.map(|entry| Ok(entry?.path())).collect();
    let mut paths = paths.map_err(ImagesError::read(folder))?;
    paths.sort();
    Ok(paths)
}

/// One image; transparency is left out, 16 bits become 8.
fn picture(path: &Path) -> Result<(Shape, Vec<f32>)> {
    let file = File::open(path).map_err(ImagesError::read(path))?;
    let no =
        |reason: png::DecodingError| ImagesError::file(path, format!("this PNG cannot be read: {reason}"));
    let mut decoder = png::Decoder::new(BufReader::new(file));
    decoder.set_transformations(png::Transformations::normalize_to_color8());
    let mut reader = decoder.read_info().map_err(no)?;
    let (width, height) = (reader.info().width as usize, reader.info().height as usize);
    Shape::new(height, width, 1).check(path)?;
    let mut bytes = vec![0; reader.output_buffer_size()];
    let info = reader.next_frame(&mut bytes).map_err(no)?;
    let (samples, colours) = match info.color_type {
        png::ColorType::Grayscale => (1, 1),
        png::ColorType::GrayscaleAlpha => (2, 1),
        png::ColorType::Rgb => (3, 3),
        png::ColorType::Rgba => (4, 3),
        png::ColorType::Indexed => return Err(ImagesError::file(path, "its palette cannot be read")),
    };
    let all = bytes[..info.buffer_size()].chunks_exact(samples);
    let pixels = all.flat_map(|pixel| pixel[..colours].iter().map(|byte| of_byte(*byte))).collect();
    Ok((Shape::new(height, width, colours), pixels))
}

/// Writes images side by side, some in a row, as one PNG; what lies outside [−1, 1] is cut off.
///
/// # Errors
/// A file that cannot be written.
pub fn write_sheet(path: &Path, images: &Images, in_row: usize) -> Result<()> {
    let Shape { height, width, colours, .. } = images.shape;
    let images = images.plain();
    let columns = in_row.clamp(1, images.count().max(1));
    let rows = images.count().div_ceil(columns).max(1);
    let (full_width, full_height) = (columns * (width + 1) - 1, rows * (height + 1) - 1);
    let mut bytes = vec![128; full_width * full_height * colours];
    for place in 0..images.count() {
        let (top, left) = (place / columns * (height + 1), place % columns * (width + 1));
        for (y, row) in images.image(place).chunks_exact(width * colours).enumerate() {
            let start = ((top + y) * full_width + left) * colours;
            let byte = |x: &f32| ((x.clamp(-1.0, 1.0) + 1.0) * 127.5).round() as u8;
            bytes[start..start + row.len()].iter_mut().zip(row).for_each(|(b, x)| *b = byte(x));
        }
    }
    let mut encoded = Vec::new();
    let mut encoder = png::Encoder::new(&mut encoded, full_width as u32, full_height as u32);
    encoder.set_color(if colours == 1 { png::ColorType::Grayscale } else { png::ColorType::Rgb });
    encoder.set_depth(png::BitDepth::Eight);
    let written = encoder.write_header().and_then(|mut writer| writer.write_image_data(&bytes));
    written.map_err(|reason| ImagesError::file(path, format!("the sheet cannot be made: {reason}")))?;
    Ok(write_atomically(path, |sink| sink.write_all(&encoded))?)
}
