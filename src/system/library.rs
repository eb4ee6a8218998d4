//! The equation files that are built into the program, by subject: the folder of `equations/` that a file stands in.

use std::sync::Arc;

use super::assemble::description;
use super::equations::Description;
use super::schema::File;
use crate::diagnostic::Source;
use crate::language::error::EquationError;

/// A built-in system. Names are unique over all folders.
#[derive(Debug, Clone, Copy)]
pub struct BuiltIn {
    /// Its folder in `equations/` with a slash behind it; empty for the files outside of folders.
    folder: &'static str,
    /// Its name, which is that of the file.
    pub name: &'static str,
    /// The text of the file.
    pub text: &'static str,
}

impl BuiltIn {
    /// Its subject: the name of the folder; empty for the files outside of folders.
    pub fn subject(&self) -> &'static str {
        self.folder.trim_end_matches('/')
    }

    /// Where the file stands in the project.
    pub fn path(&self) -> String {
        format!("equations/{}{}.toml", self.folder, self.name)
    }

    /// The file, for messages.
    pub(super) fn source(&self) -> Arc<Source> {
        Arc::new(Source { name: self.path(), text: self.text.to_string() })
    }

    /// What the file says about itself, in front of its first table; nothing else of it is read.
    ///
    /// # Errors
    /// Anything that is wrong with these lines.
    pub fn description(&self) -> Result<Description, EquationError> {
        let head = self.text.split("\n[").next().unwrap_or_default();
        let source = Source { name: self.path(), text: head.to_string() };
        Ok(description(self.name, &File::parse(&Arc::new(source))?))
    }
}

macro_rules! built_in {
    ($($folder:literal: $($name:literal)*),* $(,)?) => {
        /// The built-in systems, in the order in which `overlaps list` shows them: those of a subject together.
        pub const BUILT_IN: &[BuiltIn] = &[$($(BuiltIn {
            folder: $folder,
            name: $name,
            text: include_str!(concat!("../../equations/", $folder, $name, ".toml")),
        }),*),*];
    };
}

built_in! {
    "":
        "two-phase"
        "two-phase-limit"
        "two-phase-printed"
        "first-phase"
        "first-phase-limit"
        "first-phase-printed"
        "second-phase"
        "second-phase-limit"
        "second-phase-printed"
        "second-phase-limit-printed"
        "finite-d"
        "curie-weiss"
        "hopfield"
        "ridge",
    "spin-glasses/":
        "sherrington-kirkpatrick"
        "sherrington-kirkpatrick-1rsb"
        "spin-glass-ferromagnet"
        "de-almeida-thouless"
        "spherical-spin-glass"
        "spherical-p-spin"
        "ising-p-spin"
        "p-spin-static"
        "random-energy",
    "magnets/":
        "potts"
        "blume-capel"
        "random-field-ising"
        "random-field-ising-gaussian"
        "transverse-p-spin"
        "bcs-gap",
    "networks/":
        "hopfield-zero-temperature"
        "dense-associative-memory"
        "hopfield-mixtures"
        "random-network-chaos"
        "kuramoto"
        "denoiser-units",
    "mixtures/":
        "modes-flow"
        "modes-uturn"
        "modes-denoiser"
        "modes-fractions"
        "denoiser-units-finite-d"
        "denoiser-units-second-phase"
        "denoiser-tanh-units",
    "perceptron/":
        "gardner"
        "gardner-capacity"
        "gardner-derrida"
        "ising-storage"
        "ising-capacity"
        "symmetric-binary"
        "teacher-spherical"
        "teacher-ising"
        "hebb-rule",
    "classification/":
        "support-vector-machine"
        "square-loss"
        "gaussian-mixture-square"
        "gaussian-mixture-lasso"
        "gaussian-mixture-hinge"
        "gaussian-mixture-logistic"
        "logistic-teacher"
        "logistic-separability",
    "regression/":
        "ridge-two-blocks"
        "ridgeless"
        "lasso"
        "elastic-net"
        "huber"
        "least-absolute-deviation"
        "donoho-tanner",
    "inference/":
        "spiked-wigner"
        "spiked-wigner-gaussian"
        "spiked-wishart"
        "spiked-tensor"
        "sparse-pca"
        "three-clusters"
        "compressed-sensing"
        "cdma"
        "phase-retrieval"
        "maximum-average-submatrix"
        "amp-spiked-wigner"
        "amp-soft-threshold"
        "amp-hard-threshold",
    "depth/":
        "edge-of-chaos"
        "correlation"
        "gradient-variance"
        "relu-layer"
        "propagation",
    "dynamics/":
        "soft-committee"
        "perceptron-online"
        "online-regression"
        "gaussian-mixture-online"
        "linear-network-mode",
    "linear-networks/":
        "linear-network"
        "linear-network-phases"
        "linear-network-flow"
        "linear-network-descent"
        "linear-network-half-way",
    "graphs/":
        "giant-component"
        "three-core"
        "xorsat"
        "regular-graph-ising",
}

/// A built-in system by name.
pub fn find(name: &str) -> Option<&'static BuiltIn> {
    BUILT_IN.iter().find(|system| system.name == name)
}

/// The subjects, in the order of the systems, without that of the files outside of folders.
pub fn subjects() -> Vec<&'static str> {
    let mut subjects: Vec<_> = BUILT_IN.iter().map(BuiltIn::subject).filter(|s| !s.is_empty()).collect();
    subjects.dedup();
    subjects
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptions_are_those_of_the_whole_files() {
        for system in BUILT_IN {
            let whole = description(system.name, &File::parse(&system.source()).unwrap());
            let head = system.description().unwrap();
            assert_eq!(format!("{head:?}"), format!("{whole:?}"));
        }
    }
}
