//! Which builds have a list in common.
//!
//! A scope is a text such as `github.com/owner/project/main/linux/amd64/go1.27.3`. Builds with the
//! same one use much the same results, so the list that one writes is worth reading to the next.
//! It is a guess and nothing more: a wrong one costs time, never a wrong result.

mod git;
mod platform;
mod remote_url;
mod template;
mod variables;

use std::ffi::OsString;
use std::path::Path;

use template::{Field, Part};
pub use template::{Template, TemplateError};

/// From a variable's name to its value.
type Env<'a> = &'a dyn Fn(&str) -> Option<OsString>;

/// Stands for what is not known.
const UNKNOWN: &str = "-";

/// The branch of a checkout that is on none. The commit would be a scope that nobody else has.
const DETACHED: &str = "detached";

/// The default branch where nothing names one: a build machine often has fetched one commit only.
const USUAL_BRANCH: &str = "main";

/// Which builds this one has a list in common with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Scope {
    /// What its list is stored and looked for under.
    pub text: String,
    /// What is looked for when nobody wrote a list for that: the same on the default branch. `None`
    /// when that is no other scope.
    pub fallback: Option<String>,
}

impl Scope {
    /// The scope of this text, without a fallback.
    pub fn new(text: impl Into<String>) -> Self {
        Self { text: text.into(), fallback: None }
    }
}

impl Template {
    /// The scope of a build in `dir`, where `env` gives the value of a variable. It always exists,
    /// and names no user, password or token of the repository's address.
    ///
    /// | field | is |
    /// | --- | --- |
    /// | `{repository}` | the address of the remote `origin`, else of the first one: `github.com/owner/project`, however it is reached. Without a remote, or with one on this machine: the folder's name. Where `git` is not installed or `dir` is in no repository: what a CI system's variables say, else the name of `dir`. |
    /// | `{branch}` | the branch; where none is checked out, as CI systems do it, what their variables say, else `detached`; outside a repository their variables again, else `-` |
    /// | `{os}`, `{arch}` | `GOOS` and `GOARCH`, which the go command gives its helper, else this platform by Go's names |
    /// | `{go}` | `GOVERSION`, which the go command gives its helper, else `-` |
    /// | `{env:NAME}` | a variable's value, else `-` |
    ///
    /// `git` is run where one of the first two fields asks for it, without touching the network.
    /// When it has not answered within two seconds, it counts as not installed.
    pub fn scope(&self, dir: &Path, env: &dyn Fn(&str) -> Option<OsString>) -> Scope {
        self.scope_by(&git::Program::default(), dir, env)
    }

    fn scope_by(&self, git: &git::Program<'_>, dir: &Path, env: Env<'_>) -> Scope {
        let asks = |field| self.parts.contains(&Part::Field(field));
        let checkout = match asks(Field::Repository) || asks(Field::Branch) {
            true => git::look(git, dir),
            false => None,
        };
        let repository = match &checkout {
            Some(checkout) => checkout.repository.clone(),
            None => variables::repository(env).or_else(|| folder_name(dir)),
        };
        let on = match &checkout {
            Some(git::Checkout { branch: Some(branch), .. }) => Some(branch.clone()),
            Some(_) => Some(variables::branch(env).unwrap_or_else(|| DETACHED.to_owned())),
            None => variables::branch(env),
        };
        let fill = |branch: Option<&str>| self.fill(repository.as_deref(), branch, env);
        let text = fill(on.as_deref());
        // Nothing is known of a folder that is on no branch at all.
        let fallback = on.map(|_| fill(Some(&default_branch(checkout, env))));
        Scope { fallback: fallback.filter(|fallback| *fallback != text), text }
    }

    fn fill(&self, repository: Option<&str>, branch: Option<&str>, env: Env<'_>) -> String {
        let known = |value: Option<String>| value.unwrap_or_else(|| UNKNOWN.to_owned());
        let value = |part: &Part| match part {
            Part::Text(text) => text.clone(),
            Part::Field(Field::Repository) => known(repository.map(str::to_owned)),
            Part::Field(Field::Branch) => known(branch.map(str::to_owned)),
            Part::Field(Field::Os) => platform::os(env),
            Part::Field(Field::Arch) => platform::arch(env),
            Part::Field(Field::Go) => known(variables::value("GOVERSION", env)),
            Part::Field(Field::Variable(name)) => known(variables::value(name, env)),
        };
        self.parts.iter().map(value).collect()
    }
}

fn default_branch(checkout: Option<git::Checkout>, env: Env<'_>) -> String {
    let (named, usual) = match checkout {
        Some(checkout) => (checkout.default_branch, checkout.usual_branch),
        None => (None, None),
    };
    named
        .or_else(|| variables::default_branch(env))
        .or(usual)
        .unwrap_or_else(|| USUAL_BRANCH.to_owned())
}

/// The name of a folder, whatever way leads to it.
fn folder_name(dir: &Path) -> Option<String> {
    let dir = dir.canonicalize().unwrap_or_else(|_| dir.to_owned());
    Some(dir.file_name()?.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests;
