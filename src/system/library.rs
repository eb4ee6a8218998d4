//! The equation files that are built into the program.

macro_rules! built_in {
    ($($name:literal),* $(,)?) => {
        /// Names and texts of the built-in systems, in the order in which `overlaps list` shows them.
        pub const BUILT_IN: &[(&str, &str)] =
            &[$(($name, include_str!(concat!("../../equations/", $name, ".toml")))),*];
    };
}

built_in! {
    "two-phase",
    "two-phase-limit",
    "two-phase-printed",
    "first-phase",
    "first-phase-limit",
    "first-phase-printed",
    "second-phase",
    "second-phase-limit",
    "second-phase-printed",
    "second-phase-limit-printed",
    "finite-d",
    "curie-weiss",
    "hopfield",
    "ridge",
}

/// The text of a built-in system.
pub fn text(name: &str) -> Option<&'static str> {
    BUILT_IN.iter().find(|(n, _)| *n == name).map(|(_, text)| *text)
}
