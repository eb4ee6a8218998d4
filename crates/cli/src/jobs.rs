//! Jobs of a cluster with Slurm: what commands that write job arrays share.

use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context, bail};

use overlaps::study::slurm::quoted;

/// Tasks of a job array, unless it is said how many.
pub const TASKS: usize = 64;

/// Submits a script, with an option of `sbatch` where there is one, and gives the number of its job.
///
/// # Errors
/// No Slurm; what `sbatch` says.
pub fn submitted(script: &Path, option: Option<&str>) -> anyhow::Result<String> {
    let output = Command::new("sbatch").arg("--parsable").args(option).arg(script).output();
    let output = output.context("cannot run sbatch; is Slurm installed on this machine?")?;
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        bail!("sbatch refused {}: {}", script.display(), said.trim());
    }
    // With several clusters their name follows.
    let number = String::from_utf8_lossy(&output.stdout);
    Ok(number.trim().split(';').next().unwrap_or_default().to_string())
}

/// A path that is the same from every folder.
///
/// # Errors
/// A current folder that is not there.
pub fn absolute(path: &Path) -> anyhow::Result<PathBuf> {
    std::path::absolute(path).with_context(|| format!("cannot find the folder of {}", path.display()))
}

/// A path as it is typed in a shell.
pub fn typed(path: &Path) -> String {
    quoted(&path.display().to_string())
}
