//! The helper that the settings name.

use std::time::Duration;

use cache_default::{OnHelperFailure, Settings, try_helper};

use super::check::Check;
use crate::report;
use crate::settings;

/// Starts the helper and ends it.
pub(super) fn helper(settings: &Settings, wait: Duration) -> Check {
    let check = Check::of("helper");
    let origin = &settings.prog.origin;
    let Some(prog) = &settings.prog.value else { return check.fine("none") };
    let tried = match try_helper(settings, wait) {
        Ok(None) => return check.fine("none"),
        Ok(Some(tried)) => tried,
        Err(error) => {
            let text = settings::helper_problem(&error, origin);
            let advice = format!("correct {origin}, or set it to off");
            return match settings.on_helper_failure.value {
                OnHelperFailure::Fail => check.wrong(text, advice),
                OnHelperFailure::Continue => {
                    let text = format!("{text}; the directory is used alone (on-helper-failure)");
                    check.warning(text, advice)
                }
            };
        }
    };
    let started = report::duration(tried.started_in);
    let check = check.fine(format!(
        "{prog:?} ({origin}) started in {started} and can {}",
        tried.commands.join(", ")
    ));
    let lacks = |command: &str| !tried.commands.iter().any(|can| can == command);
    let check = match (lacks("get"), lacks("put")) {
        (false, false) => check,
        (true, _) => check.warning(
            "it answers no lookups: nothing is ever found",
            format!("see what {origin} should be"),
        ),
        (false, true) => check.warning(
            "it takes no puts: nothing is ever stored",
            format!("see what {origin} should be"),
        ),
    };
    match tried.ended_in {
        Ok(took) => check.fine(format!("ended in {}", report::duration(took))),
        Err(error) => check.warning(
            crate::failure::in_one_line(&error),
            "a helper has to exit when it is closed: every build waits for that",
        ),
    }
}
