//! The reader of study files: what it accepts, it accepts again, and its sweeps make a plan or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use overlaps::study::{Plan, Study, Wanted};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Study::parse(text) {
        Ok(study) => {
            assert_eq!(Study::parse(text).ok().as_ref(), Some(&study));
            let wanted = Wanted { set: study.set, sweep: study.sweep, zip: study.zip };
            let plan = Plan::sort(&wanted, "t", |name| Ok((name.to_string(), Vec::new())));
            if let Ok(plan) = plan {
                let last = plan.cells() - 1;
                assert_eq!(plan.swept_values(last).len(), plan.swept.len());
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
