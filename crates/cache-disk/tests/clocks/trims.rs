//! Trims under clocks that jump, and what they may and must remove.

use std::fs;
use std::time::{Duration, SystemTime};

use cache_disk::{Outcome, TrimOptions};

use crate::survey::{self, Found, Kind, Survey};
use crate::world::World;
use crate::{DAY, HOUR};

/// What a trim must leave alone is less old than this: two hours, and one by which marks lag.
const GUARD: Duration = Duration::from_secs(3 * 60 * 60);

const LEFTOVER_AGE: Duration = Duration::from_secs(10 * 60);

/// A trim that was done.
struct Trim {
    user: usize,
    /// By its user's clock, and by the kernel's.
    began: SystemTime,
    ended: SystemTime,
    kernel_began: SystemTime,
    kernel_ended: SystemTime,
    /// What was used longer ago is due.
    age: Duration,
    max_size: Option<u64>,
}

impl World {
    pub(crate) fn trim(&mut self) {
        let ages = [Duration::ZERO, 2 * HOUR, 3 * HOUR, 5 * DAY, 5 * DAY, Duration::MAX];
        let max_size =
            self.dice.one_in(2).then(|| *self.dice.pick(&[0, 20_000, 100_000, u64::MAX]));
        let options = TrimOptions {
            max_age: *self.dice.pick(&ages),
            max_size,
            force: self.dice.one_in(2),
            dry_run: self.dice.one_in(8),
            budget: self.dice.one_in(4).then(|| Duration::from_micros(self.dice.up_to(3000))),
            progress: None,
        };
        let user = self.dice.below(self.users.len());
        self.trim_as(user, &options);
    }

    /// Trims, and looks at what that removed and left. Returns whether it was cut.
    fn trim_as(&mut self, user: usize, options: &TrimOptions<'_>) -> bool {
        let TrimOptions { max_age, max_size, force, dry_run, budget, .. } = *options;
        let before = Survey::of(&self.dir);
        let state = fs::read_to_string(self.dir.join("larder/size-limit")).unwrap_or_default();
        let size_goes_on = state.contains(" count ") || state.contains(" remove ");
        let age_goes_on = !force && self.dir.join("larder/trim-position").exists();
        let (began, kernel_began) = (self.users[user].now(), SystemTime::now());
        let report = self.users[user].cache.trim(options).unwrap();
        let (ended, kernel_ended) = (self.users[user].now(), SystemTime::now());
        self.note(format!(
            "user {user} trims at {began:?}, age {max_age:?}, size {max_size:?}, force {force}, \
             dry {dry_run}, budget {budget:?}: {report:?}"
        ));
        if !report.failures.is_empty() {
            self.fail("a trim failed");
        }
        let after = Survey::of(&self.dir);
        if dry_run {
            if before != after {
                self.fail("a dry run changed something");
            }
            return false;
        }
        let age = max_age.max(2 * HOUR).saturating_add(HOUR);
        let trim = Trim { user, began, ended, kernel_began, kernel_ended, age, max_size };
        self.what_went_was_due(&trim, &before, &after);
        if report.by_age == Outcome::Done && !age_goes_on {
            self.what_was_due_by_age_went(&trim, &before, &after);
        }
        if report.by_size == Some(Outcome::Done) && !size_goes_on {
            self.what_was_due_by_size_went(&trim, &after);
        }
        self.tally.guarded += self.used.values().filter(|&&used| used > ended - 2 * HOUR).count();
        if !matches!(report.by_age, Outcome::NotDue { .. }) {
            // A use that lay over an hour ahead is now one of now.
            self.used
                .values_mut()
                .filter(|used| **used > ended + HOUR)
                .for_each(|used| *used = began);
        }
        self.tally.trims += 1;
        [Some(report.by_age), report.by_size].iter().any(|o| matches!(o, Some(Outcome::Cut { .. })))
    }

    fn what_went_was_due(&mut self, trim: &Trim, before: &Survey, after: &Survey) {
        let by_age = |mtime| trim.ended.checked_sub(trim.age).is_some_and(|due| mtime < due);
        let by_size = |mtime| trim.max_size.is_some() && mtime <= trim.ended - GUARD;
        for (name, found) in &before.files {
            if after.files.contains_key(name) {
                continue;
            }
            let due = match found.kind {
                Kind::Leftover => {
                    found.mtime < trim.kernel_ended - LEFTOVER_AGE
                        && !self.locked.contains_key(name)
                }
                Kind::Entry | Kind::Output if found.is_link && found.mtime > trim.began + HOUR => {
                    true
                }
                Kind::Entry | Kind::Output => by_age(found.mtime) || by_size(found.mtime),
            };
            if !due {
                self.fail(format!("{name} is gone, which had the mark {:?}", found.mtime));
            }
            if let Some(used) = self.used.remove(name)
                && used > trim.ended - 2 * HOUR
            {
                self.fail(format!("{name} is gone, which was used at {used:?}"));
            }
            self.tally.removed += 1;
        }
    }

    /// And what stays does not lie ahead, but for what a writer has yet to publish.
    fn what_was_due_by_age_went(&self, trim: &Trim, before: &Survey, after: &Survey) {
        let due = |name: &String, found: &Found| match found.kind {
            Kind::Leftover => {
                found.mtime < trim.kernel_began - LEFTOVER_AGE && !self.locked.contains_key(name)
            }
            Kind::Entry | Kind::Output => {
                trim.began.checked_sub(trim.age).is_some_and(|due| found.mtime < due)
            }
        };
        for (name, found) in &after.files {
            if before.files.get(name).is_some_and(|found| due(name, found)) {
                self.fail(format!("{name} is still there"));
            }
            let is_leftover = found.kind == Kind::Leftover;
            let now = if is_leftover { trim.kernel_ended } else { trim.ended };
            if found.mtime > now + HOUR && !self.locked.contains_key(name) {
                self.fail(format!("{name} lies ahead: {:?}", found.mtime));
            }
        }
    }

    fn what_was_due_by_size_went(&self, trim: &Trim, after: &Survey) {
        let on_disk = self.users[trim.user].cache.totals().unwrap().disk_bytes;
        if trim.max_size.is_some_and(|limit| on_disk <= limit) {
            return;
        }
        for (name, found) in &after.files {
            let counts = found.kind != Kind::Leftover && found.has_blocks;
            if counts && found.mtime < trim.began - GUARD {
                self.fail(format!("{on_disk} bytes are over the limit, with {name}"));
            }
        }
    }

    /// The clocks are right again, nothing is used, and one trim a day is all that happens. Then
    /// everything goes, by age or by size alone.
    pub(crate) fn all_goes_once_the_clock_is_right(&mut self) {
        self.locked.clear();
        let right = SystemTime::now();
        let by_size = self.dice.one_in(3);
        let in_small_pieces = self.dice.one_in(2).then(|| self.dice.up_to(9) as u32);
        for day in 0..9 {
            let now = right + day * (DAY + HOUR);
            self.users.iter().for_each(|user| user.set(now));
            let mut options = TrimOptions::default();
            if by_size {
                (options.max_age, options.max_size) = (Duration::MAX, Some(0));
            }
            options.budget = (in_small_pieces == Some(day)).then_some(Duration::from_millis(1));
            // Not the one with the system's clock, for which no day passes.
            let user = 1 + self.dice.below(self.users.len() - 1);
            while self.trim_as(user, &options) {}
            self.let_leftovers_age();
        }
        let left = Survey::of(&self.dir).files;
        // What takes nothing is never over a size limit.
        let left: Vec<_> = left.iter().filter(|(_, found)| found.has_blocks || !by_size).collect();
        if !left.is_empty() {
            self.fail(format!("it stays for ever: {left:?}"));
        }
    }

    /// As a day does by the kernel's clock, which no test moves.
    fn let_leftovers_age(&self) {
        for (name, found) in Survey::of(&self.dir).files {
            if found.kind == Kind::Leftover {
                survey::set_mtime(&self.dir.join(name), found.mtime - DAY);
            }
        }
    }
}
