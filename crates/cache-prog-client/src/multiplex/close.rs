//! How a helper is asked to finish, and how it is made to.

use super::*;
use crate::waiting::PATIENCE;

impl Helper {
    /// Asks it to finish, closes its stdin and waits for its exit; ends it when the limit has
    /// passed. Says once what went wrong with it, here or before.
    pub(crate) fn close(&self) -> Result<(), Error> {
        let mut closed = lock(&self.closed);
        if std::mem::replace(&mut *closed, true) {
            return Ok(());
        }
        let shared = &*self.shared;
        let is_open = {
            // A failure that is being dealt with comes first.
            let _one_at_a_time = lock(&shared.ending);
            let mut state = lock(&shared.state);
            let is_open = matches!(state.stage, Stage::Open);
            if is_open {
                state.stage = Stage::Closing;
            }
            is_open
        };
        let result = if is_open { self.finish() } else { Err(shared.ended().into()) };
        self.join();
        result
    }

    fn finish(&self) -> Result<(), Error> {
        let shared = &*self.shared;
        let limit = shared.limits.close;
        let until = Instant::now().checked_add(limit);
        let left = || until.map_or(limit, |until| until.saturating_duration_since(Instant::now()));
        shared.lifeline.set_last_moment(until);

        let turn = select! {
            recv(shared.turns.1) -> writer => writer.ok().map(|writer| shared.begin_turn(writer)),
            recv(shared.lifeline.ended()) -> _ => None,
            default(limit) => None,
        };
        let mut answer = Ok(());
        // Without a turn the helper is over, or will be by the limit.
        if let Some(turn) = turn {
            let mut stdin = turn.keep();
            if let Some(writer) = stdin.as_mut().filter(|_| self.knows(&Command::Close))
                && let Ok((id, reply)) = shared.register(true)
                && writer.request(&Request::close(id)).is_ok()
            {
                // An exit without a reply is as good. One that gives none may still exit when its
                // stdin ends.
                let what = WaitingFor::Answer(Command::Close);
                if let Ok(reply) = shared.waits.receive(&reply, left() / 2, &what) {
                    answer = shared.judge(Command::Close, reply).map(drop);
                }
            }
        }
        let has_exited = loop {
            let left = left();
            if shared.process.exits_within(left.min(PATIENCE)) {
                break true;
            }
            if left <= PATIENCE {
                break false;
            }
            shared.waits.say(&WaitingFor::Exit);
        };
        shared.process.end();
        {
            let _one_at_a_time = lock(&shared.ending);
            shared.let_go(Ended::Closed);
        }
        if !has_exited {
            return Err(shared.error(HelperProblem::StillRunning(limit)).into());
        }
        if let Some(status) = shared.process.status().filter(|status| !status.success()) {
            tracing::warn!(
                "cache helper {:?} was closed and then failed ({status})",
                shared.program
            );
        }
        answer
    }

    /// Waits for the reading thread, which ends with the lifeline.
    fn join(&self) {
        // Elsewhere it may go on reading as long as somebody holds the helper's stdout.
        if cfg!(unix)
            && let Some(reader) = lock(&self.reader).take()
        {
            reader.join().ok();
        }
    }
}

impl Drop for Helper {
    fn drop(&mut self) {
        let shared = &*self.shared;
        {
            let _one_at_a_time = lock(&shared.ending);
            if !matches!(lock(&shared.state).stage, Stage::Over(_)) {
                shared.process.end();
                shared.let_go(Ended::Closed);
            }
        }
        self.join();
    }
}
