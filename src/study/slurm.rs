//! A study as a job array under [Slurm](https://slurm.schedmd.com): the script that `sbatch` takes.

use std::path::Path;

/// What the script runs, and how.
#[derive(Debug, Clone, Copy)]
pub struct JobArray<'a> {
    /// Name of the job.
    pub name: &'a str,
    /// This program.
    pub program: &'a Path,
    /// The study file.
    pub study: &'a Path,
    /// Flags of `overlaps sweep` that every task needs.
    pub flags: &'a [String],
    /// The folder with the cells of the study, which takes the logs.
    pub folder: &'a Path,
    /// Tasks of the array, one part of the study each.
    pub tasks: usize,
    /// Further directives, `#SBATCH --NAME=VALUE`; an empty value for those that have none.
    pub directives: &'a [(String, String)],
}

impl JobArray<'_> {
    /// The script. A task that is stopped is put back into the queue by Slurm where it can; put back or submitted again,
    /// it goes on with the cells that it had not finished.
    pub fn script(&self) -> String {
        let has = |name: &str| self.directives.iter().any(|(key, _)| key == name);
        let mut directives = vec![
            ("array".to_string(), format!("0-{}", self.tasks - 1)),
            ("chdir".into(), quoted(&self.folder.display().to_string())),
            ("open-mode".into(), "append".into()),
        ];
        for (name, value) in [
            ("job-name", quoted(self.name).as_str()),
            ("output", "task-%a.log"),
            ("cpus-per-task", "1"),
            ("requeue", ""),
        ] {
            let refused = name == "requeue" && has("no-requeue");
            if !has(name) && !refused {
                directives.push((name.to_string(), value.to_string()));
            }
        }
        directives.extend(self.directives.iter().cloned());
        let mut script = String::from(
            "#!/bin/bash\n# The cells of a study, cut into the tasks of a job array; written by `overlaps sweep --slurm`.\n",
        );
        for (name, value) in directives {
            let assigned = if value.is_empty() { String::new() } else { format!("={value}") };
            script += &format!("#SBATCH --{name}{assigned}\n");
        }
        let flags: String = self.flags.iter().map(|flag| format!(" {}", quoted(flag))).collect();
        script += &format!(
            "exec {} sweep {}{flags} --part \"$SLURM_ARRAY_TASK_ID/{}\" --threads \"${{SLURM_CPUS_PER_TASK:-1}}\" --quiet\n",
            quoted(&self.program.display().to_string()),
            quoted(&self.study.display().to_string()),
            self.tasks
        );
        script
    }
}

/// A word as a shell takes it.
pub fn quoted(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "/._-=+:,@%".contains(c);
    match !word.is_empty() && word.chars().all(plain) {
        true => word.to_string(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    }
}

/// Numbers of tasks as Slurm takes them: `3,5,7-9`.
pub fn ranges(tasks: &[usize]) -> String {
    let runs = tasks.chunk_by(|a, b| a + 1 == *b);
    let words = runs.map(|run| match run {
        [one] => one.to_string(),
        [first, .., last] => format!("{first}-{last}"),
        [] => String::new(),
    });
    words.collect::<Vec<_>>().join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tasks_are_written_as_slurm_takes_them() {
        assert_eq!(ranges(&[3, 5, 7, 8, 9]), "3,5,7-9");
        assert_eq!(ranges(&[0]), "0");
    }

    #[test]
    fn a_script_has_the_array_and_what_the_study_asks_for() {
        let directives = [("time".to_string(), "01:00:00".to_string()), ("cpus-per-task".into(), "4".into())];
        let array = JobArray {
            name: "diagram",
            program: Path::new("/opt/overlaps"),
            study: Path::new("/home/me/my study's.toml"),
            flags: &[],
            folder: Path::new("/home/me/diagram.sweep"),
            tasks: 7,
            directives: &directives,
        };
        let script = array.script();
        for line in [
            "#SBATCH --array=0-6",
            "#SBATCH --time=01:00:00",
            "#SBATCH --cpus-per-task=4",
            "#SBATCH --chdir=/home/me/diagram.sweep",
            "#SBATCH --requeue",
            "exec /opt/overlaps sweep '/home/me/my study'\\''s.toml' --part \"$SLURM_ARRAY_TASK_ID/7\" --threads \"${SLURM_CPUS_PER_TASK:-1}\" --quiet",
        ] {
            assert!(script.lines().any(|l| l == line), "{line}\n{script}");
        }
        assert_eq!(script.matches("cpus-per-task=").count(), 1);
    }
}
