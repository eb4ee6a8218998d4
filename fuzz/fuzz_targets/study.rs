//! The reader of study files: what it accepts, it accepts again, and its sweeps make a plan or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use overlaps::study::{Plan, Study, Wanted};
use overlaps::value::parameter::{Parameters, number};

fuzz_target!(|data: &[u8]| {
    let Ok(text) = std::str::from_utf8(data) else { return };
    match Study::parse(text) {
        Ok(study) => {
            assert_eq!(Study::parse(text).ok().as_ref(), Some(&study));
            let wanted = Wanted { set: study.set, sweep: study.sweep, zip: study.zip };
            let sweeps = wanted.sweep.iter().chain(wanted.zip.iter().flatten()).map(|sweep| &sweep.name);
            let names = wanted.set.iter().map(|set| &set.name).chain(sweeps);
            let all: Vec<_> = names.map(|name| number(name, 0.0, "")).collect();
            let plan = Plan::sort(&wanted, "t", &[Parameters { whose: "any", all: &all }]);
            if let Ok(plan) = plan {
                let last = plan.cells() - 1;
                assert_eq!(plan.swept_values(last).len(), plan.swept.len());
            }
        }
        Err(error) => assert!(!error.to_string().is_empty()),
    }
});
