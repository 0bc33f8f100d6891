//! The store that is shared with other machines, and the keys for it.

use std::time::Duration;

use cache_default::{Settings, read_key_pair};
use cache_remote::{Reached, StoreError, StoreProblem, reach};

use super::check::Check;
use super::directory::parted;
use crate::report::{self, count};

/// Asks the store for something.
pub(super) fn store(settings: &Settings, wait: Duration) -> Check {
    let check = Check::of("store");
    let Some(address) = &settings.remote.value else { return check.fine("none") };
    let origin = &settings.remote.origin;
    let check = match &settings.prog.value {
        Some(_) => check.wrong(
            format!(
                "a helper ({}) and a store ({origin}) are named, and a cache has one of the two",
                settings.prog.origin
            ),
            "set the other to off",
        ),
        None => check,
    };
    let shown = format!("{address} ({origin})");
    let access = settings.remote_access.value;
    match reach(address.with_secrets(), wait) {
        Ok(Reached::NoFolder { folder }) => check.warning(
            format!("{shown}: {} is not there", folder.display()),
            "the first upload makes it; where it is on a share, see that the share is mounted",
        ),
        Ok(Reached::Answers { took }) => check.fine(format!(
            "{shown} answers in {}, {}",
            report::duration(took),
            access.as_str()
        )),
        Ok(_) => check.fine(shown),
        Err(error) if !access.reads() && matches!(error.problem(), StoreProblem::Refused(_)) => {
            check.fine(format!("{shown} may not be read, which it need not: {}", access.as_str()))
        }
        Err(error) => {
            let (text, advice) = problem(&error, wait);
            let advice = match error.is_mistake() {
                true => format!("correct {origin}, or set it to off to do without a store"),
                false => advice.to_owned(),
            };
            check.wrong(format!("{shown}: {text}"), advice)
        }
    }
}

fn problem(error: &StoreError, wait: Duration) -> (String, &'static str) {
    let advice = "check the address and the network; builds go on without the store";
    match error.problem() {
        StoreProblem::Refused(said) => (
            format!("it refuses access: {said}"),
            "check the credentials and what they allow; on S3 a lookup needs s3:GetObject and \
             s3:ListBucket",
        ),
        StoreProblem::Settings(said) => (
            format!("it refuses the settings: {said}"),
            "check the bucket, the region and the endpoint in the address",
        ),
        StoreProblem::Timeout => {
            (format!("it did not answer within {}", report::duration(wait)), advice)
        }
        problem => (problem.to_string(), advice),
    }
}

/// Looks at the keys with which results are signed and checked; `None` where there is no store.
pub(super) fn keys(settings: &Settings) -> Option<Check> {
    settings.remote.value.as_ref()?;
    let access = settings.remote_access.value;
    let trusted = settings.trusted_keys.value.as_deref();
    let mut check = Check::of("keys");
    if access.writes() {
        let origin = &settings.signing_key.origin;
        check = match settings.signing_key.value.as_deref().map(read_key_pair) {
            None => check.fine("uploads are not signed"),
            Some(Ok(pair)) => {
                let id = pair.public().id();
                let check = check.fine(format!("uploads are signed with the key {id} ({origin})"));
                match trusted.is_some_and(|trusted| !trusted.contains(&pair.public())) {
                    true if access.reads() => check.warning(
                        "that key is not among the trusted ones: what this machine uploads, it does \
                         not take",
                        format!("add its public key to {}", settings.trusted_keys.origin),
                    ),
                    _ => check,
                }
            }
            Some(Err(error)) => {
                let (text, advice) = parted(&error);
                let advice = match advice.is_empty() {
                    true => "name the file that larder key-pair has made, or set it to off",
                    false => &advice,
                };
                check.wrong(format!("{text} ({origin})"), advice)
            }
        };
    }
    if access.reads() {
        check = check.fine(match trusted {
            Some(keys) => {
                let keys = count(keys.len() as u64, "key is", "keys are");
                format!("{keys} trusted ({})", settings.trusted_keys.origin)
            }
            None => "everybody's results are taken".to_owned(),
        });
    }
    Some(check)
}
