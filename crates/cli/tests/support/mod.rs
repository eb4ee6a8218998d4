//! What the tests of the command share: what those of the library do, and running it.
#![allow(dead_code, unused_imports)] // each test file uses its own part

#[path = "../../../../tests/support/mod.rs"]
mod library;

use std::path::Path;
use std::process::{Command, Output};

pub use library::*;
use overlaps::value::Value;
use overlaps_models::mixture::FLOW;

/// The value at a place of a table of numbers, in which a word is its place among the words of its parameter.
pub fn coded(name: &str, number: f64) -> Value {
    FLOW.parameters.iter().find(|own| own.name == name).map_or(number.into(), |own| own.value(number))
}

/// Runs the command in a folder; whatever it says, it does not panic.
pub fn run_in(folder: &Path, arguments: &[&str]) -> Output {
    let output =
        Command::new(env!("CARGO_BIN_EXE_overlaps")).args(arguments).current_dir(folder).output().unwrap();
    let message = String::from_utf8_lossy(&output.stderr);
    assert!(!message.contains("panicked"), "{arguments:?}: {message}");
    output
}
