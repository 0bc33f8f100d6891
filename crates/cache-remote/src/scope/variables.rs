//! What the variables of CI systems say.
//!
//! They count where `git` does not know: those systems check out a commit without its branch, and
//! in a container `git` may refuse the folder because somebody else owns it.

use super::{Env, remote_url};

/// Addresses of the repository. GitHub's is in two parts.
const REPOSITORY: [&str; 5] = [
    "CI_PROJECT_URL",            // GitLab
    "BUILD_REPOSITORY_URI",      // Azure
    "BITBUCKET_GIT_HTTP_ORIGIN", // Bitbucket
    "BUILDKITE_REPO",            // Buildkite
    "CIRCLE_REPOSITORY_URL",     // CircleCI
];

/// The branch. For a pull request that is the one that asks: its next build is like this one.
const BRANCH: [&str; 12] = [
    "GITHUB_HEAD_REF",
    "GITHUB_REF_NAME",
    "CI_MERGE_REQUEST_SOURCE_BRANCH_NAME", // GitLab
    "CI_COMMIT_BRANCH",                    // GitLab
    "CI_COMMIT_REF_NAME",                  // GitLab
    "SYSTEM_PULLREQUEST_SOURCEBRANCH",     // Azure
    "BUILD_SOURCEBRANCH",                  // Azure
    "BITBUCKET_BRANCH",
    "BUILDKITE_BRANCH",
    "CIRCLE_BRANCH",
    "CHANGE_BRANCH", // Jenkins
    "BRANCH_NAME",   // Jenkins
];

/// The default branch; where a system does not tell, the one that a pull request is for.
const DEFAULT_BRANCH: [&str; 7] = [
    "CI_DEFAULT_BRANCH", // GitLab
    "BUILDKITE_PIPELINE_DEFAULT_BRANCH",
    "GITHUB_BASE_REF",
    "SYSTEM_PULLREQUEST_TARGETBRANCH", // Azure
    "BITBUCKET_PR_DESTINATION_BRANCH",
    "BUILDKITE_PULL_REQUEST_BASE_BRANCH",
    "CHANGE_TARGET", // Jenkins
];

/// A variable's value. An empty one counts as not set, as everywhere in Go.
pub(super) fn value(name: &str, env: Env<'_>) -> Option<String> {
    env(name).filter(|value| !value.is_empty()).map(|value| value.to_string_lossy().into_owned())
}

pub(super) fn repository(env: Env<'_>) -> Option<String> {
    let at_github = || {
        let project = value("GITHUB_REPOSITORY", env)?;
        let server = value("GITHUB_SERVER_URL", env);
        Some(format!("{}/{project}", server.as_deref().unwrap_or("https://github.com")))
    };
    let elsewhere = || REPOSITORY.iter().find_map(|name| value(name, env));
    remote_url::name(&at_github().or_else(elsewhere)?)
}

pub(super) fn branch(env: Env<'_>) -> Option<String> {
    // A tag is built once. All of them together are a better scope than each one.
    let on_tag = value("GITHUB_REF_TYPE", env).as_deref() == Some("tag")
        || ["CI_COMMIT_TAG", "BUILDKITE_TAG"].iter().any(|name| value(name, env).is_some());
    if on_tag { None } else { BRANCH.iter().find_map(|name| branch_in(name, env)) }
}

pub(super) fn default_branch(env: Env<'_>) -> Option<String> {
    DEFAULT_BRANCH.iter().find_map(|name| branch_in(name, env))
}

/// Some give the name of a reference, which need not be a branch.
fn branch_in(name: &str, env: Env<'_>) -> Option<String> {
    let value = value(name, env)?;
    match value.strip_prefix("refs/heads/") {
        Some(branch) => Some(branch.to_owned()),
        None if value.starts_with("refs/") => None,
        None => Some(value),
    }
}
