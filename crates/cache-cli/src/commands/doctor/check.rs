//! What one check comes to.

use serde::Serialize;

/// How good what was looked at is; the later, the worse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum State {
    Fine,
    /// It works, but.
    Warning,
    /// It does not work.
    Wrong,
}

impl State {
    pub(super) fn name(self) -> &'static str {
        match self {
            State::Fine => "fine",
            State::Warning => "warning",
            State::Wrong => "wrong",
        }
    }
}

/// What one check comes to: all that was found, and what to do about that which is not fine.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub(super) struct Check {
    pub(super) name: &'static str,
    pub(super) state: State,
    pub(super) text: String,
    pub(super) advice: Option<String>,
}

impl Check {
    /// One that has found nothing yet.
    pub(super) fn of(name: &'static str) -> Self {
        Self { name, state: State::Fine, text: String::new(), advice: None }
    }

    /// Adds something that is fine.
    pub(super) fn fine(self, text: impl AsRef<str>) -> Self {
        self.found(State::Fine, text.as_ref(), None)
    }

    /// Adds something that works, but.
    pub(super) fn warning(self, text: impl AsRef<str>, advice: impl AsRef<str>) -> Self {
        self.found(State::Warning, text.as_ref(), Some(advice.as_ref()))
    }

    /// Adds something that does not work.
    pub(super) fn wrong(self, text: impl AsRef<str>, advice: impl AsRef<str>) -> Self {
        self.found(State::Wrong, text.as_ref(), Some(advice.as_ref()))
    }

    fn found(mut self, state: State, text: &str, advice: Option<&str>) -> Self {
        if !self.text.is_empty() {
            self.text +=
                if (self.state, state) == (State::Fine, State::Fine) { ", " } else { "; " };
        }
        self.state = self.state.max(state);
        self.text += text;
        if let Some(advice) = advice {
            self.advice = Some(match self.advice.take() {
                // Two things that are wrong may have one remedy.
                Some(so_far) if so_far.contains(advice) => so_far,
                Some(so_far) => format!("{so_far}; {advice}"),
                None => advice.to_owned(),
            });
        }
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_worst_that_was_found_counts_and_all_of_it_is_said() {
        let check = Check::of("things").fine("one").fine("half").warning("two", "do 2");
        assert_eq!((check.state, check.text.as_str()), (State::Warning, "one, half; two"));
        let check = check.wrong("four", "do 4").warning("five", "do 2");
        assert_eq!(
            (check.state, check.text.as_str()),
            (State::Wrong, "one, half; two; four; five")
        );
        assert_eq!(check.advice.as_deref(), Some("do 2; do 4"));
    }
}
