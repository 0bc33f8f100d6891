//! A build with its threads and its store, without any time passing.

use std::cmp::Reverse;
use std::collections::{BinaryHeap, VecDeque};

use super::*;

/// What a build does: look up, and compute what was not found.
#[derive(Debug, Clone, Copy)]
pub(super) struct Job {
    /// How long it takes to compute.
    pub(super) compute: Duration,
    /// How many lookups it takes when the first one hits. The others save nothing.
    pub(super) lookups: usize,
}

impl Job {
    pub(super) fn new(compute: Duration) -> Self {
        Self { compute, lookups: 1 }
    }
}

/// How a store answers one lookup.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reply {
    /// Until the first byte. More than a build bears with: never.
    pub(super) after: Duration,
    /// The body, in bytes, and at what rate it comes, in bytes a second.
    pub(super) body: u64,
    pub(super) rate: u64,
    pub(super) answer: Answer,
}

impl Reply {
    /// An answer that comes whole.
    pub(super) fn whole(after: Duration, answer: Answer) -> Self {
        Self { after, body: 0, rate: 1, answer }
    }
}

/// A wait of a build.
#[derive(Debug, Clone, Copy)]
pub(super) struct Waited {
    pub(super) from: Duration,
    pub(super) to: Duration,
    pub(super) answer: Answer,
    pub(super) received: u64,
}

/// What came of a build.
#[derive(Debug, Default)]
pub(super) struct Ran {
    pub(super) took: Duration,
    pub(super) waits: Vec<Waited>,
    pub(super) refused: Vec<NotAsked>,
    pub(super) told: Vec<TurnedOff>,
    pub(super) waited: Duration,
}

impl Ran {
    pub(super) fn hits(&self) -> usize {
        self.waits.iter().filter(|wait| wait.answer == Answer::Hit).count()
    }
}

/// How long it takes without a store.
pub(super) fn without_store(threads: usize, jobs: &[Job]) -> Duration {
    let mut free = BinaryHeap::from(vec![Reverse(Duration::ZERO); threads]);
    let mut end = Duration::ZERO;
    for job in jobs {
        let Reverse(begin) = free.pop().unwrap();
        end = end.max(begin + job.compute);
        free.push(Reverse(begin + job.compute));
    }
    end
}

/// A thread that waits for the store.
struct Waiting {
    asking: Asking,
    reply: Reply,
    from: Duration,
    received: u64,
}

enum Step {
    /// Takes the next job.
    Free,
    /// Looks up once more.
    Again,
    /// Has waited until a piece came or nothing was left.
    Waits(Box<Waiting>),
    /// Has computed this job.
    Computed(usize),
}

struct Thread {
    job: usize,
    looked_up: usize,
    step: Step,
}

/// A piece of a body. Pieces come whole.
const PIECE: u64 = 256 << 10;

/// Runs a build on a store that answers the lookups, in their order, as `store` says.
pub(super) fn run(threads: usize, jobs: &[Job], mut store: impl FnMut(usize) -> Reply) -> Ran {
    let build = Build::on(threads);
    let mut ran = Ran::default();
    let mut jobs_left: VecDeque<usize> = (0..jobs.len()).collect();
    let mut threads: Vec<Thread> =
        (0..threads).map(|_| Thread { job: 0, looked_up: 0, step: Step::Free }).collect();
    let mut due: BinaryHeap<_> =
        (0..threads.len()).map(|thread| Reverse((Duration::ZERO, thread))).collect();
    let mut asked = 0;
    while let Some(Reverse((moment, thread))) = due.pop() {
        build.clock.move_to(build.clock.start + moment);
        let Thread { job, looked_up, step } = &mut threads[thread];
        let compute = |job: usize| (moment + jobs[job].compute, Step::Computed(job));
        let (until, next) = match std::mem::replace(step, Step::Free) {
            begin @ (Step::Free | Step::Again) => {
                if matches!(begin, Step::Free) {
                    let Some(next) = jobs_left.pop_front() else {
                        ran.took = ran.took.max(moment);
                        continue;
                    };
                    (*job, *looked_up) = (next, 0);
                }
                *looked_up += 1;
                match build.patience.ask(&action(*job, *looked_up)) {
                    Err(reason) => {
                        ran.refused.push(reason);
                        if *looked_up > 1 { (moment, Step::Free) } else { compute(*job) }
                    }
                    Ok(asking) => {
                        let reply = store(asked);
                        asked += 1;
                        wait(&build, Waiting { asking, reply, from: moment, received: 0 })
                    }
                }
            }
            Step::Computed(job) => {
                build.patience.computed(&action(job, 1));
                (moment, Step::Free)
            }
            Step::Waits(mut waiting) => {
                let answer = arrive(&build, &mut waiting);
                match answer {
                    None => wait(&build, *waiting),
                    Some(answer) => {
                        ran.waits.push(Waited {
                            from: waiting.from,
                            to: moment,
                            answer,
                            received: waiting.received,
                        });
                        waiting.asking.answered(answer);
                        match answer {
                            Answer::Hit if *looked_up < jobs[*job].lookups => (moment, Step::Again),
                            Answer::Hit => (moment, Step::Free),
                            _ if *looked_up > 1 => (moment, Step::Free),
                            _ => compute(*job),
                        }
                    }
                }
            }
        };
        *step = next;
        due.push(Reverse((until, thread)));
    }
    ran.told = build.told();
    ran.waited = build.patience.waited();
    ran
}

fn action(job: usize, lookup: usize) -> ActionId {
    let mut bytes = [0; 32];
    bytes[..8].copy_from_slice(&job.to_le_bytes());
    bytes[8..16].copy_from_slice(&lookup.to_le_bytes());
    ActionId::from_bytes(bytes)
}

/// When the next piece of a body is there, or the end of an answer without one.
fn next_piece(waiting: &Waiting) -> Duration {
    let bytes = (waiting.received + PIECE).min(waiting.reply.body);
    let body = Duration::from_micros(bytes.saturating_mul(1_000_000) / waiting.reply.rate);
    waiting.from.saturating_add(waiting.reply.after).saturating_add(body)
}

fn wait(build: &Build, waiting: Waiting) -> (Duration, Step) {
    let until = build.clock.passed() + waiting.asking.left();
    (next_piece(&waiting).min(until), Step::Waits(Box::new(waiting)))
}

/// What has come by now: the answer, or `None` for a piece that is not the last.
fn arrive(build: &Build, waiting: &mut Waiting) -> Option<Answer> {
    if build.clock.passed() < next_piece(waiting) {
        return Some(Answer::Failed);
    }
    let piece = PIECE.min(waiting.reply.body - waiting.received);
    if piece > 0 {
        waiting.asking.received(piece);
        waiting.received += piece;
    }
    (waiting.received == waiting.reply.body).then_some(waiting.reply.answer)
}
