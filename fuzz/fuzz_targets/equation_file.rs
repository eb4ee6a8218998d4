//! Any text in place of an equation file: it is loaded with everything compiled, or refused at its place.
//!
//! Bytes changed anywhere mostly break the TOML, so half of the changes are made to whole lines and to what stands in
//! quotes: those keep the file readable and reach the stages behind the TOML parser.

#![no_main]

use libfuzzer_sys::{fuzz_mutator, fuzz_target, fuzzer_mutate};
use overlaps::system::Theory;

fuzz_target!(|text: &str| {
    match Theory::parse("any.toml", text) {
        Ok(theory) => {
            let _ = theory.output_columns();
            let _ = theory.parameter_names();
            let _ = theory.check_values(&[]);
            assert!(theory.control.from < theory.control.to);
        }
        // A piece is another file, and the mistake may be there.
        Err(error) => assert!(error.to_string().contains(".toml"), "no place: {error}"),
    }
});

fuzz_mutator!(|data: &mut [u8], size: usize, max_size: usize, seed: u32| {
    match seed % 4 {
        0 => within_quotes(data, size, max_size, seed / 4)
            .unwrap_or_else(|| fuzzer_mutate(data, size, max_size)),
        1 => lines(data, size, max_size, seed / 4).unwrap_or_else(|| fuzzer_mutate(data, size, max_size)),
        _ => fuzzer_mutate(data, size, max_size),
    }
});

/// Changes what stands between two quotes, as any bytes are changed.
fn within_quotes(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> Option<usize> {
    let quotes: Vec<usize> = (0..size).filter(|i| data[*i] == b'"').collect();
    let pair = quotes.chunks_exact(2).nth(seed as usize % (quotes.len() / 2).max(1))?;
    let (from, to) = (pair[0] + 1, pair[1]);
    let room = (to - from) + (max_size - size);
    if room == 0 {
        return None;
    }
    let mut text = data[from..to].to_vec();
    text.resize(room, 0);
    let length = fuzzer_mutate(&mut text, to - from, room);
    let rest = data[to..size].to_vec();
    replace(data, from, &[&text[..length], &rest])
}

/// Removes a line, repeats it elsewhere, or exchanges two lines.
fn lines(data: &mut [u8], size: usize, max_size: usize, seed: u32) -> Option<usize> {
    let text = data[..size].to_vec();
    let mut lines: Vec<&[u8]> = text.split_inclusive(|byte| *byte == b'\n').collect();
    if lines.len() < 2 {
        return None;
    }
    let (what, seed) = (seed % 3, seed as usize / 3);
    let (first, second) = (seed % lines.len(), seed / lines.len() % lines.len());
    match what {
        0 => drop(lines.remove(first)),
        1 => lines.insert(second, lines[first]),
        _ => lines.swap(first, second),
    }
    let length: usize = lines.iter().map(|line| line.len()).sum();
    (length <= max_size).then(|| replace(data, 0, &lines)).flatten()
}

/// Writes the parts one after the other; the new size.
fn replace(data: &mut [u8], from: usize, parts: &[&[u8]]) -> Option<usize> {
    let mut at = from;
    for part in parts {
        data.get_mut(at..at + part.len())?.copy_from_slice(part);
        at += part.len();
    }
    Some(at)
}
