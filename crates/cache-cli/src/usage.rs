//! What is wrong with a command line, in one line: clap finds it, and says it in several.

use std::borrow::Cow;
use std::error::Error;

use cache_remote::masked_uri;
use clap::error::{ContextKind, ContextValue, ErrorKind};

/// What is wrong, and what to do. `command` is the one that was named, if there is one of that name.
pub(crate) fn line(error: &clap::Error, command: Option<&str>) -> String {
    let see = match command {
        Some(command) => format!("see \"larder {command} --help\""),
        None => "see \"larder --help\"".to_owned(),
    };
    match error.kind() {
        ErrorKind::InvalidValue | ErrorKind::ValueValidation => {
            about_value(error).unwrap_or_else(|| first_line(error))
        }
        _ => {
            let problem = about_arguments(error).unwrap_or_else(|| first_line(error));
            let end = if problem.ends_with('?') { "" } else { ";" };
            format!("{problem}{end} {see}")
        }
    }
}

fn about_value(error: &clap::Error) -> Option<String> {
    let argument = text(error, ContextKind::InvalidArg)?;
    let value = text(error, ContextKind::InvalidValue).unwrap_or_default();
    let name = name(argument);
    Some(match (list(error, ContextKind::ValidValue), error.source()) {
        // All of them, and not the one that clap takes for similar.
        (Some(valid), _) if !valid.is_empty() => {
            format!("{name} is {value:?}; it must be {}", joined(&valid, "or"))
        }
        (_, Some(problem)) => format!("{name} is {value:?}; {problem}"),
        _ => format!("{name} needs a value: {argument}"),
    })
}

fn about_arguments(error: &clap::Error) -> Option<String> {
    let argument = text(error, ContextKind::InvalidArg);
    Some(match error.kind() {
        ErrorKind::UnknownArgument => match (argument?, text(error, ContextKind::SuggestedArg)) {
            (option, Some(other)) if option.starts_with('-') => {
                format!("there is no option {option}; did you mean {}?", name(other))
            }
            (option, None) if option.starts_with('-') => format!("there is no option {option}"),
            (argument, _) => format!("{:?} is one argument too many", without_secrets(argument)),
        },
        ErrorKind::InvalidSubcommand => {
            let command = text(error, ContextKind::InvalidSubcommand)?;
            match list(error, ContextKind::SuggestedSubcommand) {
                Some(others) if !others.is_empty() => {
                    format!(
                        "there is no command {command}; did you mean {}?",
                        joined(&others, "or")
                    )
                }
                _ => format!("there is no command {command}"),
            }
        }
        ErrorKind::MissingSubcommand => "no command is named".to_owned(),
        ErrorKind::MissingRequiredArgument => {
            let missing = list(error, ContextKind::InvalidArg)?;
            let are = if missing.len() == 1 { "is" } else { "are" };
            format!("{} {are} missing", joined(&missing, "and"))
        }
        ErrorKind::ArgumentConflict => {
            let others = list(error, ContextKind::PriorArg).unwrap_or_default();
            match argument? {
                argument if others.iter().all(|other| *other == name(argument)) => {
                    format!("{} is given twice; leave one out", name(argument))
                }
                argument => {
                    let others = joined(&others, "and");
                    format!("{} and {others} exclude each other; leave one out", name(argument))
                }
            }
        }
        _ => return None,
    })
}

/// What clap says, for what is not listed here.
fn first_line(error: &clap::Error) -> String {
    let text = error.to_string();
    let line = text.lines().next().unwrap_or_default();
    line.strip_prefix("error: ").unwrap_or(line).to_owned()
}

/// An argument that may be the address of a store in a wrong place.
fn without_secrets(argument: &str) -> Cow<'_, str> {
    match argument.contains("://") {
        true => masked_uri(argument).into(),
        false => argument.into(),
    }
}

fn text(error: &clap::Error, kind: ContextKind) -> Option<&str> {
    match error.get(kind)? {
        ContextValue::String(text) => Some(text),
        _ => None,
    }
}

/// Names or values, as they are written.
fn list(error: &clap::Error, kind: ContextKind) -> Option<Vec<&str>> {
    Some(match error.get(kind)? {
        ContextValue::String(text) => vec![name(text)],
        ContextValue::Strings(texts) => texts.iter().map(|text| name(text)).collect(),
        _ => return None,
    })
}

/// An argument without what clap shows beside its name: `--dir <DIR>`, `<PART>...`.
fn name(argument: &str) -> &str {
    let word = argument.split(' ').next().unwrap_or(argument);
    word.trim_end_matches("...").trim_matches(['<', '>', '[', ']'])
}

/// `a`, `a or b`, `a, b or c`.
fn joined(items: &[&str], last: &str) -> String {
    match items {
        [] => String::new(),
        [one] => (*one).to_owned(),
        [most @ .., end] => format!("{} {last} {end}", most.join(", ")),
    }
}
