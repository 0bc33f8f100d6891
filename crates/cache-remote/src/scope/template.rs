//! The template that a scope's text is made by.

use std::fmt;
use std::str::FromStr;

/// How a scope's text is put together: literal text with fields in braces. [`Default`] is
/// `{repository}/{branch}/{os}/{arch}/{go}`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Template {
    pub(super) parts: Vec<Part>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Part {
    Text(String),
    Field(Field),
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Field {
    Repository,
    Branch,
    Os,
    Arch,
    Go,
    Variable(String),
}

/// What [`Field::Variable`] begins with.
const VARIABLE: &str = "env:";

impl Field {
    const PLAIN: [(&str, Self); 5] = [
        ("repository", Self::Repository),
        ("branch", Self::Branch),
        ("os", Self::Os),
        ("arch", Self::Arch),
        ("go", Self::Go),
    ];

    fn parse(text: &str) -> Result<Self, TemplateError> {
        if let Some(name) = text.strip_prefix(VARIABLE) {
            // These are in no variable's name anywhere.
            let possible = !name.is_empty() && !name.contains(['=', '\0']);
            return possible
                .then(|| Self::Variable(name.to_owned()))
                .ok_or_else(|| TemplateError::NoVariable(name.to_owned()));
        }
        Self::PLAIN
            .into_iter()
            .find_map(|(name, field)| (name == text).then_some(field))
            .ok_or_else(|| TemplateError::UnknownField { field: text.to_owned() })
    }
}

impl Default for Template {
    fn default() -> Self {
        let mut parts = Vec::new();
        for (_, field) in Field::PLAIN {
            if !parts.is_empty() {
                parts.push(Part::Text("/".to_owned()));
            }
            parts.push(Part::Field(field));
        }
        Self { parts }
    }
}

impl FromStr for Template {
    type Err = TemplateError;

    fn from_str(text: &str) -> Result<Self, TemplateError> {
        let mut parts = Vec::new();
        let mut rest = text;
        while !rest.is_empty() {
            let literal = rest.find(['{', '}']).unwrap_or(rest.len());
            if literal > 0 {
                parts.push(Part::Text(rest[..literal].to_owned()));
            }
            rest = &rest[literal..];
            if let Some(field) = rest.strip_prefix('{') {
                let (field, after) = match field.find(['{', '}']) {
                    Some(end) if field[end..].starts_with('}') => {
                        (&field[..end], &field[end + 1..])
                    }
                    _ => return Err(TemplateError::Open(rest.to_owned())),
                };
                parts.push(Part::Field(Field::parse(field)?));
                rest = after;
            } else if !rest.is_empty() {
                return Err(TemplateError::NotOpen(rest.to_owned()));
            }
        }
        if parts.is_empty() { Err(TemplateError::Empty) } else { Ok(Self { parts }) }
    }
}

impl fmt::Display for Template {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.parts.iter().try_for_each(|part| match part {
            Part::Text(text) => f.write_str(text),
            Part::Field(Field::Variable(name)) => write!(f, "{{{VARIABLE}{name}}}"),
            Part::Field(field) => {
                let name = Field::PLAIN.into_iter().find(|(_, plain)| plain == field);
                write!(f, "{{{}}}", name.map_or("", |(name, _)| name))
            }
        })
    }
}

/// A text that is no template of scopes, and why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TemplateError {
    /// It is empty.
    #[error("the scope is empty; leave it out for {}", Template::default())]
    Empty,
    /// It has a field that does not exist.
    #[error("the scope has no field {{{field}}}; the fields are {}", known())]
    UnknownField {
        /// What is between its braces.
        field: String,
    },
    /// It has a field for a variable that no variable can be named like.
    #[error("the scope's field {{{VARIABLE}{0}}} names no variable")]
    NoVariable(String),
    /// It has a field that is not closed.
    #[error("the scope's field {0:?} has no closing brace")]
    Open(String),
    /// It has a closing brace too many.
    #[error("the scope has a closing brace that closes nothing, at {0:?}")]
    NotOpen(String),
}

/// All fields, as a text.
fn known() -> String {
    let plain = Field::PLAIN.map(|(name, _)| format!("{{{name}}}"));
    format!("{} and {{{VARIABLE}NAME}}", plain.join(", "))
}
