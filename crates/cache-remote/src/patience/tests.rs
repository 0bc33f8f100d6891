mod bounds;
mod builds;
mod simulation;
mod sums;

use std::sync::atomic::{AtomicU64, Ordering};

use cache_core::OutputId;

use super::breaker::{FAILURES, PAUSE};
use super::ledger::{ALL, LONGEST_SILENCE, RATE, SHORTEST};
use super::misses::{RAREST, STEP};
use super::*;

/// What is asked for, again and again.
const RESULT: ActionId = ActionId::from_bytes([7; 32]);

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A clock that stands still until it is moved.
#[derive(Clone)]
struct Clock {
    start: Instant,
    passed: Arc<AtomicU64>,
}

impl Clock {
    fn new() -> Self {
        Self { start: Instant::now(), passed: Arc::default() }
    }

    fn now(&self) -> Instant {
        self.start + self.passed()
    }

    fn passed(&self) -> Duration {
        Duration::from_micros(self.passed.load(Ordering::Relaxed))
    }

    fn pass(&self, time: Duration) {
        self.passed.fetch_add(u64::try_from(time.as_micros()).unwrap(), Ordering::Relaxed);
    }

    fn move_to(&self, moment: Instant) {
        self.pass(moment.saturating_duration_since(self.now()));
    }
}

/// A build with its clock, and what it was told.
struct Build {
    clock: Clock,
    patience: Patience,
    told: Arc<Mutex<Vec<TurnedOff>>>,
}

impl Build {
    /// On one processor.
    fn new() -> Self {
        Self::on(1)
    }

    fn on(processors: usize) -> Self {
        let (clock, told) = (Clock::new(), Arc::<Mutex<Vec<_>>>::default());
        let (moved, tell) = (clock.clone(), told.clone());
        let notice = move |turned_off| tell.lock().unwrap().push(turned_off);
        Self { patience: Patience::on(processors, move || moved.now(), notice), clock, told }
    }

    /// One whose store has answered already.
    fn connected() -> Self {
        let build = Self::new();
        build.get(ms(0), Answer::Hit).unwrap();
        build
    }

    /// One that asks, waits and gets this answer.
    fn get(&self, takes: Duration, answer: Answer) -> Result<(), NotAsked> {
        let asking = self.patience.ask(&RESULT)?;
        self.clock.pass(takes);
        asking.answered(answer);
        Ok(())
    }

    fn refusal(&self) -> Option<NotAsked> {
        self.patience.ask(&RESULT).map(|asking| asking.answered(Answer::Hit)).err()
    }

    fn told(&self) -> Vec<TurnedOff> {
        self.told.lock().unwrap().clone()
    }
}

#[test]
fn a_store_that_fails_three_times_in_a_row_is_left_alone_and_tried_again() {
    let build = Build::new();
    for _ in 0..FAILURES {
        assert!(!build.patience.is_failing());
        build.get(ms(1), Answer::Failed).unwrap();
    }
    assert!(build.patience.is_failing());
    assert_eq!(build.get(ms(1), Answer::Hit), Err(NotAsked::Failing));
    assert_eq!(build.patience.wait(&RESULT).err(), Some(NotAsked::Failing));
    build.clock.pass(PAUSE - ms(1));
    assert_eq!(build.get(ms(1), Answer::Hit), Err(NotAsked::Failing));
    build.clock.pass(ms(1));
    assert!(!build.patience.is_failing());
    let probe = build.patience.ask(&RESULT).unwrap();
    assert_eq!(build.refusal(), Some(NotAsked::Failing), "while one finds out");
    probe.answered(Answer::NotThere);
    assert_eq!(build.refusal(), None);
    let expected = TurnedOff::Failing { failures: FAILURES, pause: PAUSE };
    assert_eq!(build.told(), [expected]);
    assert_eq!(expected.to_string(), "it failed 3 times in a row, and is tried again in 30 s");
}

#[test]
fn after_the_third_time_it_is_left_alone_for_good() {
    let build = Build::new();
    for _ in 0..FAILURES - 1 {
        build.get(ms(1), Answer::Failed).unwrap();
    }
    for _ in 0..3 {
        build.get(ms(1), Answer::Failed).unwrap();
        assert!(build.patience.is_failing());
        build.clock.pass(PAUSE);
    }
    build.clock.pass(PAUSE * 1000);
    assert_eq!(build.refusal(), Some(NotAsked::FailedTooOften));
    assert!(build.patience.is_failing());
    assert_eq!(build.told().len(), 1);
}

#[test]
fn failures_between_good_answers_are_no_reason_to_leave_it_alone() {
    let build = Build::connected();
    for answer in [Answer::Hit, Answer::NotThere].repeat(10) {
        build.get(ms(1), Answer::Failed).unwrap();
        build.get(ms(1), Answer::Failed).unwrap();
        build.get(ms(1), answer).unwrap();
    }
    assert_eq!(build.told(), []);
}

#[test]
fn answers_from_before_a_pause_neither_end_nor_prolong_it() {
    let build = Build::new();
    let asked: Vec<_> = (0..8).map(|_| build.patience.ask(&RESULT).unwrap()).collect();
    build.clock.pass(ms(10));
    for (n, asking) in asked.into_iter().enumerate() {
        asking.answered(if n == 5 { Answer::Hit } else { Answer::Failed });
    }
    assert!(build.patience.is_failing());
    build.clock.pass(PAUSE);
    assert_eq!(build.refusal(), None, "that was one time, not two");
}

#[test]
fn requests_that_nobody_waits_for_tell_about_the_store_too() {
    let build = Build::new();
    (0..FAILURES).for_each(|_| build.patience.learn(Answer::Failed));
    assert_eq!(build.refusal(), Some(NotAsked::Failing));
    build.patience.learn(Answer::Hit);
    assert!(build.patience.is_failing(), "it was sent before the pause");
    build.clock.pass(PAUSE);
    build.patience.learn(Answer::NotThere);
    assert_eq!(build.refusal(), None);
    assert_eq!(build.patience.waited(), Duration::ZERO);
}

#[test]
fn leave_that_is_dropped_counts_as_a_failure() {
    let build = Build::new();
    (0..FAILURES).for_each(|_| drop(build.patience.ask(&RESULT)));
    assert!(build.patience.is_failing());
}

#[test]
fn silence_is_borne_for_two_seconds_and_after_failures_for_less() {
    let build = Build::new();
    let first = build.patience.ask(&RESULT).unwrap();
    assert_eq!(first.left(), LONGEST_SILENCE);
    build.clock.pass(ms(300));
    assert_eq!(first.left(), LONGEST_SILENCE - ms(300));
    first.answered(Answer::Failed);
    for expected in [LONGEST_SILENCE / 2, SHORTEST] {
        let next = build.patience.ask(&RESULT).unwrap();
        assert_eq!(next.left(), expected);
        next.answered(Answer::Failed);
    }
    build.clock.pass(PAUSE);
    let probe = build.patience.ask(&RESULT).unwrap();
    assert_eq!(probe.left(), SHORTEST);
    probe.answered(Answer::NotThere);
    let next = build.patience.ask(&RESULT).unwrap();
    assert_eq!(next.left(), LONGEST_SILENCE);
    next.answered(Answer::NotThere);
}

#[test]
fn what_arrives_at_a_good_rate_is_waited_for() {
    let build = Build::connected();
    let asking = build.patience.ask(&RESULT).unwrap();
    for _ in 0..300 {
        build.clock.pass(ms(100));
        asking.received(RATE / 5);
        assert_eq!(asking.left(), LONGEST_SILENCE);
    }
    asking.answered(Answer::Hit);
    assert_eq!(build.refusal(), None, "nothing was lost");
}

#[test]
fn after_a_failure_bytes_count_only_when_a_result_was_right() {
    let build = Build::connected();
    let receive = |answer| {
        let asking = build.patience.wait(&RESULT).unwrap();
        build.clock.pass(ms(500));
        build.patience.received(RATE);
        let silence = asking.left();
        asking.answered(answer);
        silence
    };
    assert_eq!(receive(Answer::Failed), LONGEST_SILENCE);
    assert_eq!(receive(Answer::NotThere), LONGEST_SILENCE / 2 - ms(500));
    assert_eq!(receive(Answer::Hit), LONGEST_SILENCE - ms(500));
    assert_eq!(receive(Answer::Hit), LONGEST_SILENCE);
}

#[test]
fn what_stops_arriving_is_given_up_whatever_came_before() {
    let build = Build::connected();
    let asking = build.patience.ask(&RESULT).unwrap();
    build.clock.pass(ms(100));
    asking.received(RATE * 1000);
    assert_eq!(asking.left(), LONGEST_SILENCE);
    build.clock.pass(LONGEST_SILENCE);
    assert_eq!(asking.left(), Duration::ZERO);
}

#[test]
fn a_trickle_is_as_good_as_silence() {
    let build = Build::connected();
    let asking = build.patience.ask(&RESULT).unwrap();
    let begun = build.clock.now();
    while !asking.left().is_zero() {
        build.clock.pass(ms(100));
        asking.received(100);
    }
    assert!(build.clock.now() - begun < LONGEST_SILENCE + ms(200));
}

#[test]
fn what_others_receive_does_not_prolong_the_wait_for_an_answer() {
    let build = Build::connected();
    let asking = build.patience.ask(&RESULT).unwrap();
    build.clock.pass(ms(1000));
    build.patience.received(RATE * 100);
    assert_eq!(asking.left(), LONGEST_SILENCE - ms(1000));
    asking.answered(Answer::NotThere);
}

#[test]
fn what_is_on_its_way_is_waited_for_while_anything_arrives() {
    let build = Build::connected();
    let waiting = build.patience.wait(&RESULT).unwrap();
    for _ in 0..100 {
        build.clock.pass(ms(100));
        build.patience.received(RATE / 5);
        assert_eq!(waiting.left(), LONGEST_SILENCE);
    }
    build.clock.pass(LONGEST_SILENCE);
    assert_eq!(waiting.left(), Duration::ZERO);
    waiting.answered(Answer::Failed);
    // The whole of it was in vain, and more than may be lost.
    assert_eq!(build.refusal(), Some(NotAsked::TooSlow));
    let [TurnedOff::TooSlow { lost }] = build.told()[..] else { panic!("{:?}", build.told()) };
    assert!(lost >= ms(12_000), "{lost:?}");
    assert_eq!(
        build.told()[0].to_string(),
        "waiting for it has cost 12.0 s, and it is not asked any more"
    );
}

#[test]
fn what_is_on_its_way_counts_where_it_is_fetched_and_not_for_each_who_waits() {
    let build = Build::connected();
    let waiting = [(); 4].map(|()| build.patience.wait(&RESULT).unwrap());
    build.clock.pass(ms(1000));
    waiting.iter().for_each(|waiting| waiting.received(RATE));
    assert_eq!(waiting[0].left(), LONGEST_SILENCE - ms(1000));
    build.patience.received(RATE / 2);
    assert_eq!(waiting[0].left(), LONGEST_SILENCE - ms(500));
    waiting.into_iter().for_each(|waiting| waiting.answered(Answer::Hit));
}

#[test]
fn what_is_on_its_way_without_progress_is_given_up() {
    let build = Build::connected();
    build.patience.received(RATE * 100);
    build.clock.pass(ms(1));
    let waiting = build.patience.wait(&RESULT).unwrap();
    assert_eq!(waiting.left(), LONGEST_SILENCE);
    for _ in 0..20 {
        build.clock.pass(ms(100));
        build.patience.received(100);
    }
    assert!(waiting.left() < ms(10));
    waiting.answered(Answer::Failed);
}

#[test]
fn waiting_together_is_lost_once_and_ends_in_time() {
    let build = Build::connected();
    let one = build.patience.ask(&RESULT).unwrap();
    build.clock.pass(ms(1500));
    let other = build.patience.ask(&RESULT).unwrap();
    build.clock.pass(ms(500));
    one.answered(Answer::Failed);
    build.clock.pass(ms(1400));
    // 3.4 s were lost until now, so that 0.6 s are left.
    let last = build.patience.ask(&RESULT).unwrap();
    assert_eq!(last.left(), ALL - ms(3400));
    build.clock.pass(ms(100));
    other.answered(Answer::Failed);
    assert_eq!(last.left(), ALL - ms(3500));
    assert_eq!(build.patience.waited(), ms(3500));
    last.answered(Answer::Hit);
}

#[test]
fn misses_may_cost_little_more_than_nothing() {
    let build = Build::connected();
    let mut asked = 0;
    while build.get(ms(50), Answer::NotThere).is_ok() {
        asked += 1;
    }
    assert_eq!(asked, 5);
    assert_eq!(build.refusal(), Some(NotAsked::NotWorthIt));
    build.clock.pass(ms(6000));
    assert_eq!(build.refusal(), None);
    assert_eq!(build.told(), [], "an empty store is nothing to be told of");
}

#[test]
fn what_connecting_takes_is_no_reason_not_to_ask_again() {
    let build = Build::new();
    let first: Vec<_> = (0..4).map(|_| build.patience.ask(&RESULT).unwrap()).collect();
    build.clock.pass(ms(1500));
    first.into_iter().for_each(|asking| asking.answered(Answer::NotThere));
    assert_eq!(build.get(ms(50), Answer::NotThere), Ok(()));
}

#[test]
fn a_near_store_is_asked_always_and_any_store_while_its_hits_are_worth_it() {
    let build = Build::connected();
    for _ in 0..1000 {
        build.get(ms(29), Answer::Hit).unwrap();
    }
    // Nothing was computed until now, so nothing is known of what a hit saves.
    let far = (0..10_000).find(|_| build.get(ms(55), Answer::Hit).is_err());
    assert!(far.is_some_and(|asked| asked > 10), "{far:?}");
    // What is refused is computed, which takes far longer than to ask.
    build.clock.pass(ms(300));
    build.patience.computed(&RESULT);
    build.clock.pass(ms(4000));
    for _ in 0..200 {
        build.get(ms(55), Answer::Hit).unwrap();
    }
}

#[test]
fn one_hit_in_two_is_worth_asking_for() {
    let build = Build::connected();
    for _ in 0..1000 {
        build.get(ms(50), Answer::NotThere).unwrap();
        build.clock.pass(ms(300));
        build.patience.computed(&RESULT);
        build.get(ms(50), Answer::Hit).unwrap();
    }
}

#[test]
fn once_something_is_found_again_each_result_is_asked_for() {
    let build = Build::connected();
    for missing in [1, 40, 200, 5000] {
        let mut refused = None;
        for _ in 0..missing {
            refused = build.get(ms(0), Answer::NotThere).err().or(refused);
        }
        assert_eq!(refused.is_some(), missing > STEP, "{refused:?}");
        let misses =
            |refused| matches!(refused, NotAsked::FindsNothing { misses } if misses >= STEP);
        assert!(refused.is_none_or(misses), "{refused:?}");
        let before = (0..).take_while(|_| build.get(ms(0), Answer::Hit).is_err()).count();
        assert!(before < RAREST as usize, "{before}");
        (0..100).for_each(|_| build.get(ms(0), Answer::Hit).unwrap());
    }
    assert_eq!(build.told(), [], "it is nothing to be told of");
}

#[test]
fn each_kind_of_result_has_its_turn_where_few_are_asked_for() {
    let build = Build::connected();
    (0..5000).for_each(|_| _ = build.get(ms(0), Answer::NotThere));
    for kinds in [2, 3, RAREST as usize] {
        let mut asked = vec![0; kinds];
        for n in 0..100 * kinds {
            let action = ActionId::from_bytes(*OutputId::of(&n.to_le_bytes()).as_bytes());
            if let Ok(asking) = build.patience.ask(&action) {
                asking.answered(Answer::NotThere);
                asked[n % kinds] += 1;
            }
        }
        assert!(asked.iter().all(|asked| (1..30).contains(asked)), "{asked:?}");
    }
}

#[test]
fn misses_are_counted_of_what_was_asked_for_alone() {
    let build = Build::connected();
    for _ in 0..10 * STEP {
        build.patience.wait(&RESULT).unwrap().answered(Answer::NotThere);
    }
    for _ in 0..STEP {
        build.get(ms(0), Answer::NotThere).unwrap();
    }
}

#[test]
fn the_lookup_that_tries_a_store_again_is_not_passed_over() {
    for misses in 1000..1000 + RAREST {
        let build = Build::connected();
        (0..misses).for_each(|_| _ = build.get(ms(0), Answer::NotThere));
        (0..FAILURES).for_each(|_| build.patience.learn(Answer::Failed));
        build.clock.pass(PAUSE);
        build.get(ms(0), Answer::NotThere).unwrap();
    }
}
