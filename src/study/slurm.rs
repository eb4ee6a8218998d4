//! What is cut into parts as a job array under [Slurm](https://slurm.schedmd.com): the scripts that `sbatch` takes.

use std::path::Path;

/// Directives that are written here.
const OWN_DIRECTIVES: [&str; 4] = ["array", "chdir", "wrap", "open-mode"];

/// What the script runs, and how.
#[derive(Debug, Clone, Copy)]
pub struct JobArray<'a> {
    /// Name of the job.
    pub name: &'a str,
    /// This program.
    pub program: &'a Path,
    /// The command of which every task does a part.
    pub command: &'a str,
    /// The words that follow it.
    pub words: &'a [String],
    /// The folder in which files of these words are found.
    pub from: &'a Path,
    /// The folder of what is computed, which takes the logs.
    pub folder: &'a Path,
    /// Tasks of the array, one part each.
    pub tasks: usize,
    /// Further directives, `#SBATCH --NAME=VALUE`; an empty value for those that have none.
    pub directives: &'a [(String, String)],
}

impl JobArray<'_> {
    /// The script. A task that is stopped is put back into the queue by Slurm where it can; put back or submitted again,
    /// it goes on with what it had not finished.
    pub fn script(&self) -> String {
        let array = [("array".to_string(), format!("0-{}", self.tasks - 1))];
        let part = format!("--part \"$SLURM_ARRAY_TASK_ID/{}\"", self.tasks);
        let tail = format!("{part} --threads \"${{SLURM_CPUS_PER_TASK:-1}}\" --quiet");
        self.job(
            "A part for each task of a job array",
            &array,
            (self.name, "task-%a.log"),
            self.directives,
            &tail,
        )
    }

    /// The script of the job that joins the parts, of one thread, to be submitted after the array; none of the words may be of one part only.
    pub fn merge_script(&self) -> String {
        let of_tasks = ["cpus-per-task", "output", "job-name"];
        let own: Vec<_> =
            self.directives.iter().filter(|(name, _)| !of_tasks.contains(&name.as_str())).cloned().collect();
        let tail = format!("--merge {}", self.tasks);
        let name = format!("{}-merge", self.name);
        self.job("Joins the parts of a job array", &[], (&name, "merge.log"), &own, &tail)
    }

    /// A script that runs the words and `tail`.
    fn job(
        &self,
        what: &str,
        first: &[(String, String)],
        (name, log): (&str, &str),
        further: &[(String, String)],
        tail: &str,
    ) -> String {
        let has = |name: &str| further.iter().any(|(key, _)| key == name);
        let mut directives = first.to_vec();
        directives.push(("chdir".into(), quoted(&self.folder.display().to_string())));
        directives.push(("open-mode".into(), "append".into()));
        for (name, value) in
            [("job-name", quoted(name).as_str()), ("output", log), ("cpus-per-task", "1"), ("requeue", "")]
        {
            let refused = name == "requeue" && has("no-requeue");
            if !has(name) && !refused {
                directives.push((name.to_string(), value.to_string()));
            }
        }
        directives.extend(further.iter().cloned());
        let mut script = format!("#!/bin/bash\n# {what}; written by `overlaps {} --slurm`.\n", self.command);
        for (name, value) in directives {
            let assigned = if value.is_empty() { String::new() } else { format!("={value}") };
            script += &format!("#SBATCH --{name}{assigned}\n");
        }
        if self.from != self.folder {
            script += &format!("cd {} || exit\n", quoted(&self.from.display().to_string()));
        }
        let words: String = self.words.iter().map(|word| format!(" {}", quoted(word))).collect();
        let program = quoted(&self.program.display().to_string());
        script + &format!("exec {program} {}{words} {tail}\n", self.command)
    }
}

/// Refuses what is no name of a directive, and those that are written here.
///
/// # Errors
/// Why.
pub fn check_name(name: &str) -> Result<(), String> {
    let letter = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    if name.is_empty() || !name.chars().all(letter) {
        return Err(format!("`{name}` is no directive; expected one such as time"));
    }
    match OWN_DIRECTIVES.contains(&name) {
        true => Err(format!("`{name}` is written by --slurm itself")),
        false => Ok(()),
    }
}

/// Refuses values that are not one word.
///
/// # Errors
/// Why.
pub fn check_value(value: &str) -> Result<(), String> {
    match value.chars().any(|c| c.is_control() || c.is_whitespace()) {
        true => Err("a directive is one word without spaces".into()),
        false => Ok(()),
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

    /// Seven tasks of a command that begins in a folder.
    fn scripts(command: &str, words: &[&str], from: &str, directives: &[(&str, &str)]) -> [String; 2] {
        let owned = |(name, value): &(&str, &str)| (name.to_string(), value.to_string());
        let array = JobArray {
            name: "diagram",
            program: Path::new("/opt/overlaps"),
            command,
            words: &words.iter().map(|word| word.to_string()).collect::<Vec<_>>(),
            from: Path::new(from),
            folder: Path::new("/home/me/diagram.sweep"),
            tasks: 7,
            directives: &directives.iter().map(owned).collect::<Vec<_>>(),
        };
        [array.script(), array.merge_script()]
    }

    fn has_lines(script: &str, lines: &[&str]) {
        lines.iter().for_each(|line| assert!(script.lines().any(|l| l == *line), "{line}\n{script}"));
    }

    const DIRECTIVES: [(&str, &str); 2] = [("time", "01:00:00"), ("cpus-per-task", "4")];

    #[test]
    fn a_script_has_the_array_and_what_the_study_asks_for() {
        let [script, _] =
            scripts("sweep", &["/home/me/my study's.toml"], "/home/me/diagram.sweep", &DIRECTIVES);
        has_lines(
            &script,
            &[
                "#SBATCH --array=0-6",
                "#SBATCH --time=01:00:00",
                "#SBATCH --cpus-per-task=4",
                "#SBATCH --chdir=/home/me/diagram.sweep",
                "#SBATCH --requeue",
                "exec /opt/overlaps sweep '/home/me/my study'\\''s.toml' --part \"$SLURM_ARRAY_TASK_ID/7\" --threads \"${SLURM_CPUS_PER_TASK:-1}\" --quiet",
            ],
        );
        assert_eq!(script.matches("cpus-per-task=").count(), 1);
        assert!(!script.contains("\ncd "));
    }

    #[test]
    fn parts_and_what_joins_them_run_where_the_words_are_meant() {
        let [script, merge] = scripts("images reproduce", &["my data"], "/home/me", &DIRECTIVES);
        has_lines(&script, &["cd /home/me || exit", "#SBATCH --output=task-%a.log"]);
        has_lines(
            &merge,
            &[
                "cd /home/me || exit",
                "#SBATCH --job-name=diagram-merge",
                "#SBATCH --output=merge.log",
                "#SBATCH --time=01:00:00",
                "#SBATCH --cpus-per-task=1",
                "exec /opt/overlaps images reproduce 'my data' --merge 7",
            ],
        );
        assert!(!merge.contains("array="));
    }

    #[test]
    fn what_is_no_directive_is_refused() {
        for (name, why) in [("", "no directive"), ("Time", "no directive"), ("array", "--slurm itself")] {
            assert!(check_name(name).unwrap_err().contains(why), "{name}");
        }
        assert!(check_name("cpus-per-task").is_ok() && check_value("1G").is_ok());
        assert!(check_value("1 G").is_err() && check_value("1\n#SBATCH --x").is_err());
    }
}
