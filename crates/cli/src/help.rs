//! What the command says of itself: commands in groups, and tips where a command line is refused.

use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Command, CommandFactory, Error};

use super::Cli;
use overlaps::name::nearest;
use overlaps::system::{BUILT_IN, Theory};

/// The commands by what they are for.
const GROUPS: [(&str, &[&str]); 5] = [
    ("Equations", &["list", "show", "solve", "explore", "limit", "critical"]),
    ("Simulation, and theory beside it", &["simulate", "check", "atlas"]),
    ("Flow-based generative models", &["generate", "steps", "modes", "uturn", "schedule", "images"]),
    ("Many results", &["sweep", "merge", "paper", "reproduce", "report"]),
    ("This command", &["completions", "man", "help"]),
];

/// The command, with its commands in groups.
pub fn command() -> Command {
    let command = Cli::command();
    let about = |name: &str| match command.find_subcommand(name).and_then(Command::get_about) {
        Some(about) => about.to_string(),
        None => "Say more about a command: overlaps help COMMAND".into(),
    };
    let groups = GROUPS.map(|(title, names)| {
        // A command may be left out by a feature.
        let there = names.iter().filter(|name| **name == "help" || command.find_subcommand(name).is_some());
        let lines = there.map(|name| format!("  {name:<12} {}\n", about(name)));
        format!("\n{title}:\n{}", lines.collect::<String>())
    });
    let template = format!(
        "{{about-with-newline}}\n{{usage-heading}} {{usage}}\n{}\nOptions:\n{{options}}{{after-help}}",
        groups.concat()
    );
    command.help_template(template)
}

/// The same error, with a tip that leads on where that of the parser would not; `words` are the command line.
pub fn with_tip(mut error: Error, words: &[String]) -> Error {
    let context = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => Some(text.clone()),
        _ => None,
    };
    let tip = match error.kind() {
        ErrorKind::UnknownArgument => {
            let flag = context(ContextKind::InvalidArg).unwrap_or_default();
            let near = error.get(ContextKind::SuggestedArg).is_some();
            parameter(&flag, words, near)
        }
        ErrorKind::InvalidSubcommand => system(&context(ContextKind::InvalidSubcommand).unwrap_or_default()),
        ErrorKind::ValueValidation => another(&context(ContextKind::InvalidValue).unwrap_or_default()),
        _ => None,
    };
    if let Some(tip) = tip {
        for kind in [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand, ContextKind::Usage] {
            error.remove(kind);
        }
        error.insert(ContextKind::Suggested, ContextValue::StyledStrs(vec![tip.into()]));
    }
    error
}

/// What to say in place of `--n 8`; `near`: a flag has nearly this name.
fn parameter(flag: &str, words: &[String], near: bool) -> Option<String> {
    let (command, name) = (Cli::command(), flag.trim_start_matches('-'));
    let own = words.iter().skip(1).find_map(|word| command.find_subcommand(word))?;
    let takes_values = own.get_arguments().any(|argument| *argument.get_id() == "given");
    let is_known = |theory: &Theory| {
        let mut parameters = theory.known().flat_map(|known| known.all);
        theory.control.name == name || parameters.any(|parameter| parameter.name == name)
    };
    let mut theories = words.iter().skip(2).filter_map(|word| Theory::load(word).ok());
    let models = overlaps_models::all();
    let mut simulated = models.iter().flat_map(|model| &model.description().parameters);
    let known = simulated.any(|parameter| parameter.name == name) || theories.any(|theory| is_known(&theory));
    if !takes_values || !flag.starts_with('-') || near && !known {
        return None;
    }
    let given = words.iter().position(|word| word.trim_start_matches('-').split('=').next() == Some(name))?;
    let value = match words[given].split_once('=') {
        Some((_, value)) => Some(value),
        None => words.get(given + 1).map(String::as_str).filter(|word| !word.starts_with("--")),
    };
    let value = value.unwrap_or("VALUE");
    Some(match known {
        true => format!("a parameter is given as '{name}={value}'"),
        false => format!("a parameter is given as 'NAME=VALUE', '{name}={value}'"),
    })
}

/// What to say in place of `overlaps first-phase`.
fn system(name: &str) -> Option<String> {
    let names = || BUILT_IN.iter().map(|built_in| built_in.name);
    match names().any(|known| known == name) || name.ends_with(".toml") {
        true => Some(format!("'{name}' is a system: 'overlaps solve {name}', or 'overlaps show {name}'")),
        false => nearest(name, names())
            .map(|near| format!("did you mean the system '{near}'? It is solved by 'overlaps solve {near}'")),
    }
}

/// What to say in place of `overlaps solve first-phase second-phase`.
fn another(word: &str) -> Option<String> {
    let is_system = BUILT_IN.iter().any(|built_in| built_in.name == word) || word.ends_with(".toml");
    is_system.then(|| format!("'--compare {word}' sets another system beside"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_command_stands_in_one_group_and_has_two_examples() {
        let all: Vec<&str> = GROUPS.iter().flat_map(|(_, names)| *names).copied().collect();
        for command in Cli::command().get_subcommands() {
            let name = command.get_name();
            let groups = all.iter().filter(|known| **known == name).count();
            assert_eq!(groups, 1, "{name} stands in {groups} groups of GROUPS");
            let text = command.get_after_help().map(ToString::to_string).unwrap_or_default();
            let examples: Vec<&str> =
                text.lines().map(str::trim).filter(|line| line.starts_with("overlaps ")).collect();
            assert_eq!(examples.len(), 2, "examples in after_help of {name}");
            for example in examples {
                let words = shlex::split(example.split(" > ").next().unwrap()).unwrap();
                assert!(words[1] == name, "{example}");
                let parsed = Cli::command().try_get_matches_from(&words);
                assert!(parsed.is_ok(), "{example}: {}", parsed.unwrap_err());
            }
        }
    }
}
