//! `overlaps completions SHELL`.

use anyhow::Context;
use clap::builder::PossibleValuesParser;
use clap::{Arg, Args, Command, CommandFactory, ValueHint};
use clap_complete::{Shell, generate};

use super::arguments::named;
use super::{Cli, FINE, print};
use overlaps::system::BUILT_IN;

/// The arguments that name systems.
const SYSTEMS: [&str; 2] = ["system", "compare"];

/// Print the script with which a shell completes this command.
///
/// For bash: overlaps completions bash > ~/.local/share/bash-completion/completions/overlaps. For zsh: overlaps completions
/// zsh > _overlaps, in a folder of $fpath. For fish: overlaps completions fish > ~/.config/fish/completions/overlaps.fish.
#[derive(Debug, Args)]
#[command(after_help = "Examples:\n  overlaps completions bash\n  overlaps completions zsh")]
pub struct Completions {
    /// The shell.
    #[arg(value_parser = named(&[
        (Shell::Bash, "Bash, 4.4 or later"),
        (Shell::Zsh, "Zsh"),
        (Shell::Fish, "Fish"),
    ], name))]
    shell: Shell,
}

impl Completions {
    /// Prints the script.
    pub fn run(&self) -> anyhow::Result<u8> {
        let script = generated(self.shell)?;
        let script = match self.shell {
            Shell::Zsh => with_paths(&script),
            Shell::Fish => script + &fish_systems(),
            _ => script,
        };
        print(&script)?;
        Ok(FINE)
    }
}

fn name(shell: Shell) -> &'static str {
    match shell {
        Shell::Fish => "fish",
        Shell::Zsh => "zsh",
        _ => "bash",
    }
}

fn generated(shell: Shell) -> anyhow::Result<String> {
    let mut script = Vec::new();
    generate(shell, &mut offering_systems(), "overlaps", &mut script);
    String::from_utf8(script).context("the script is not UTF-8")
}

/// The names of the built-in systems.
fn names() -> Vec<&'static str> {
    BUILT_IN.iter().map(|built_in| built_in.name).collect()
}

/// The command as the shell is to know it: systems are offered by name (the parser itself takes paths too), and files
/// only where a path is expected.
fn offering_systems() -> Command {
    Cli::command().mut_subcommands(|command| {
        command.mut_args(|argument| {
            if names_systems(&argument) {
                argument.value_parser(PossibleValuesParser::new(names()))
            } else if argument.get_action().takes_values() && argument.get_value_hint() == ValueHint::Unknown
            {
                argument.value_hint(ValueHint::Other)
            } else {
                argument
            }
        })
    })
}

fn names_systems(argument: &Arg) -> bool {
    SYSTEMS.contains(&argument.get_id().as_str())
}

/// In zsh a list of values would be the only answer: beside the names of systems, equation files are offered too.
fn with_paths(script: &str) -> String {
    let list = format!("({})", names().join(" "));
    let function = format!(
        "\n_overlaps_systems() {{\n    _alternative 'systems:built-in system:{list}' \
         'files:equation file:_files -g \"*.toml\"'\n}}\n"
    );
    let (head, body) = script.split_once('\n').unwrap_or((script, ""));
    format!("{head}\n{function}{}", body.replace(&format!(":{list}'"), ":_overlaps_systems'"))
}

/// In fish nothing is known of arguments without a flag; files are offered unless one says otherwise.
fn fish_systems() -> String {
    let command = Cli::command();
    let with_system =
        command.get_subcommands().filter(|command| command.get_positionals().any(names_systems));
    let names = names().join(" ");
    with_system
        .map(|command| {
            let condition = format!("__fish_overlaps_using_subcommand {}", command.get_name());
            format!("complete -c overlaps -n \"{condition}\" -a \"{names}\" -d 'built-in system'\n")
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_argument_that_is_a_path_is_known_as_one() {
        for command in Cli::command().get_subcommands() {
            for argument in command.get_arguments() {
                let name = argument.get_value_names().unwrap_or_default().first().map(|name| name.as_str());
                let hint = match name {
                    Some("FOLDER") => ValueHint::DirPath,
                    Some(name) if name.starts_with("FILE.") => ValueHint::FilePath,
                    _ => ValueHint::Unknown,
                };
                assert_eq!(argument.get_value_hint(), hint, "{} {}", command.get_name(), argument.get_id());
            }
        }
    }

    #[test]
    fn zsh_is_offered_systems_and_files() {
        let script = with_paths(&generated(Shell::Zsh).unwrap());
        assert!(script.starts_with("#compdef overlaps\n\n_overlaps_systems() {"));
        let offers = script.matches(":_overlaps_systems'").count();
        let takers: usize = Cli::command()
            .get_subcommands()
            .map(|c| c.get_arguments().filter(|a| names_systems(a)).count())
            .sum();
        assert_eq!(offers, takers);
        assert_eq!(script.matches("(two-phase ").count(), 1);
    }
}
