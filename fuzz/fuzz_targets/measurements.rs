//! Any bytes in place of a CSV of measurements: what is read is written and read back the same; what is measured is
//! finite where it must be.

#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use overlaps::compare::{Measurements, Naming};
use overlaps::system::Theory;
use overlaps::output::Cell;
use overlaps::output::csv::{read_table, write_table};
use overlaps_models::mixture::DENOISER;

/// One along t in two pieces, one with parameters that are words.
static THEORIES: LazyLock<[Theory; 2]> = LazyLock::new(|| {
    ["two-phase", "finite-d"].map(|name| Theory::load(name).unwrap_or_else(|error| panic!("{error}")))
});

fuzz_target!(|bytes: &[u8]| {
    let Ok(table) = read_table(bytes) else { return };
    let mut written = Vec::new();
    write_table(&table, &mut written).expect("a table is written to memory");
    let again = read_table(&written[..]).unwrap_or_else(|error| panic!("{error}"));
    assert_eq!(table.columns.len(), again.columns.len());
    assert_eq!(table.rows.len(), again.rows.len());
    for (cell, other) in table.rows.iter().flatten().zip(again.rows.iter().flatten()) {
        let nan = |cell: &Cell| cell.number().is_some_and(f64::is_nan);
        assert!(cell == other || nan(cell) && nan(other), "{cell:?} became {other:?}");
    }
    for theory in THEORIES.iter() {
        match Measurements::from_table(&table, std::slice::from_ref(theory), &DENOISER, &Naming::default(), "any.csv") {
            Ok(measurements) => {
                assert!(!measurements.rows.is_empty());
                for row in &measurements.rows {
                    assert!(row.control.is_finite() && row.d >= 1.0 && !row.seed.is_empty());
                    assert_eq!(row.parameters.len(), measurements.parameters.len());
                    assert_eq!(row.overlaps.len(), measurements.overlaps.len());
                }
            }
            Err(error) => assert!(error.to_string().contains("any.csv"), "no place: {error}"),
        }
    }
});
