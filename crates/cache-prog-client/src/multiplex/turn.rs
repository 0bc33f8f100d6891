//! Turns at writing to the helper.

use super::*;
use crate::waiting::PATIENCE;

/// Why a request was not written to its end.
pub(crate) enum Sending {
    /// The helper does not take it.
    Pipe(io::Error),
    /// There is no more of it, or it is not what it was.
    Source(Error),
}

impl From<io::Error> for Sending {
    fn from(error: io::Error) -> Self {
        Self::Pipe(error)
    }
}

/// The right to write one request.
pub(super) struct Turn<'a> {
    shared: &'a Shared,
    /// `None` only while it is dropped.
    writer: Option<RequestWriter<Input>>,
    sent_before: u64,
    is_whole: bool,
}

impl Shared {
    /// Waits for a turn: as long as whoever has it gets on.
    pub(super) fn turn(&self) -> Result<Turn<'_>, Ended> {
        let limit = self.limits.reply;
        let (mut sent, mut since) = (self.lifeline.sent(), Instant::now());
        loop {
            select! {
                recv(self.turns.1) -> writer => {
                    return Ok(self.begin_turn(writer.map_err(|_| self.ended())?));
                }
                recv(self.lifeline.ended()) -> _ => return Err(self.ended()),
                default(limit.saturating_sub(since.elapsed()).min(PATIENCE)) => {
                    let sent_now = self.lifeline.sent();
                    if sent_now != sent {
                        (sent, since) = (sent_now, Instant::now());
                    } else if since.elapsed() >= limit {
                        return Err(self.end(HelperProblem::NotReading(limit)));
                    } else {
                        self.waits.say(&WaitingFor::Reading);
                    }
                }
            }
        }
    }

    pub(super) fn begin_turn(&self, writer: RequestWriter<Input>) -> Turn<'_> {
        let sent_before = self.lifeline.sent();
        Turn { shared: self, writer: Some(writer), sent_before, is_whole: false }
    }
}

impl Turn<'_> {
    /// Writes the request `id`.
    pub(super) fn write(
        mut self,
        id: i64,
        write: impl FnOnce(&mut RequestWriter<Input>, i64) -> Result<(), Sending>,
    ) -> Result<(), Error> {
        let shared = self.shared;
        let Some(writer) = &mut self.writer else { return Err(shared.ended().into()) };
        match write(writer, id) {
            Ok(()) => {
                self.is_whole = true;
                Ok(())
            }
            Err(Sending::Source(error)) => {
                lock(&shared.state).waiting.remove(&id);
                Err(error)
            }
            Err(Sending::Pipe(e)) => Err(shared
                .end(match e.kind() {
                    ErrorKind::TimedOut => HelperProblem::NotReading(shared.limits.reply),
                    _ => HelperProblem::ClosedInput,
                })
                .into()),
        }
    }

    /// The helper's stdin, which nobody gets after this.
    pub(super) fn keep(mut self) -> Option<RequestWriter<Input>> {
        self.is_whole = true;
        self.writer.take()
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        if !self.is_whole && self.shared.lifeline.sent() != self.sent_before {
            // The next request would be taken for the rest of this one. Also when the source
            // panicked.
            self.shared.end(HelperProblem::HalfSent);
        }
        let Some(writer) = self.writer.take() else { return };
        let state = lock(&self.shared.state);
        if !matches!(state.stage, Stage::Over(_)) {
            self.shared.turns.0.try_send(writer).ok();
        }
    }
}
