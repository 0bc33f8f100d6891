//! The directory in which everything is killed, and what must hold in it after that.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use cache_core::CacheExt;
use cache_disk::{CheckUpOptions, DiskCache, Outcome, TrimOptions};
use test_attacks::Dice;

use crate::directory::{Found, LEFTOVER_AGE, damage, make_old};
use crate::kind::Kind;
use crate::project::Project;
use crate::promised::Promised;
use crate::runs;
use crate::victim::Victim;
use crate::work::{self, ACTIONS, Put};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);

/// A repair touches nothing that has changed within ten seconds. So much damage is done at a time,
/// then none for twice as long.
const DAMAGED: usize = 8;
const SETTLED: Duration = Duration::from_millis(10_500);

/// One process in so many is not killed, and has to do its work in spite of all that was killed.
const SPARED: usize = 30;

/// How many repairs are killed at the end, when there is something to repair.
const LAST_REPAIRS: usize = 6;

/// A directory, and what is known of it.
pub(crate) struct Place {
    project: Project,
    cache: DiskCache,
    promised: Promised,
    /// What the test has damaged. It may be well again.
    damaged: BTreeSet<PathBuf>,
    damaged_last: Instant,
    /// How long each kind takes when nobody kills it: measured once, and then kept such, for a machine
    /// may be busy or not, that four in five are killed before they have ended.
    wholes: BTreeMap<Kind, Duration>,
    started: u64,
    groups: u64,
    /// How many were killed before they had ended.
    killed: BTreeMap<Kind, u64>,
    leftovers: usize,
    hits: usize,
}

impl Place {
    /// A directory in which there is a result of every action, some of it damaged.
    pub(crate) fn new(dice: &mut Dice) -> Self {
        let project = Project::new();
        std::fs::create_dir(project.larder.dir()).expect("a directory");
        let cache = DiskCache::open(project.larder.dir()).expect("a cache");
        let mut place = Self {
            project,
            cache,
            promised: Promised::new(),
            damaged: BTreeSet::new(),
            damaged_last: Instant::now(),
            wholes: BTreeMap::new(),
            started: 0,
            groups: 0,
            killed: BTreeMap::new(),
            leftovers: 0,
            hits: 0,
        };
        for action in 0..ACTIONS {
            let put = Put { action, ..work::deal(dice, 1)[0] };
            let body = place.promised.body(put.body);
            place.cache.put_bytes(&work::action(action), body).expect("a put");
            place.promised.were_put(&[put], &[put], &[]);
        }
        place.measure(dice);
        assert_eq!(place.promised.look(&place.cache), ACTIONS as usize);
        place.check_up();
        place.do_damage(dice);
        place
    }

    fn measure(&mut self, dice: &mut Dice) {
        for kind in Kind::ALL.into_iter().filter(|kind| *kind != Kind::Helper) {
            let victim = self.start(kind, dice);
            let since = victim.since;
            self.end(vec![victim]);
            self.wholes.insert(kind, since.elapsed());
        }
    }

    /// Starts these at once and kills each at a moment of its own.
    pub(crate) fn kill_some(&mut self, kinds: &[Kind], dice: &mut Dice) {
        self.prepare(kinds, dice);
        let mut victims = Vec::new();
        for &kind in kinds {
            // A helper serves until it is killed. Its whole would be what its client takes.
            let side = if kind == Kind::Helper { Kind::Client } else { kind };
            let moment = dice.part_of(self.wholes[&side]);
            let is_spared = dice.one_in(SPARED) && !matches!(kind, Kind::Helper | Kind::Repair);
            let victim = self.start(kind, dice);
            victims.push((victim.since + moment, is_spared, victim));
        }
        victims.sort_by_key(|(moment, ..)| *moment);
        for (moment, _, victim) in victims.iter_mut().filter(|(_, is_spared, _)| !is_spared) {
            thread::sleep(moment.saturating_duration_since(Instant::now()));
            victim.kill();
        }
        self.end(victims.into_iter().map(|(.., victim)| victim).collect());
    }

    /// Makes work for them, while nobody else is there.
    fn prepare(&mut self, kinds: &[Kind], dice: &mut Dice) {
        if self.damaged_last.elapsed() > 2 * SETTLED {
            self.do_damage(dice);
        }
        if kinds.iter().any(|kind| kind.is_trim()) {
            for path in self.found().kept {
                // They go by age, by size alone, or not.
                let Some(age) = *dice.pick(&[Some(10 * DAY), Some(DAY), None, None, None, None])
                else {
                    continue;
                };
                make_old(&path, age);
                self.promised.may_go(&path);
            }
        }
        if kinds.contains(&Kind::Run) {
            runs::give_input(&self.project, dice.up_to(runs::INPUTS));
        }
    }

    fn do_damage(&mut self, dice: &mut Dice) {
        let kept = self.found().kept;
        for _ in 0..DAMAGED {
            let path = dice.pick(&kept);
            damage(path, dice);
            self.promised.may_go(path);
            self.damaged.insert(path.clone());
        }
        self.damaged_last = Instant::now();
    }

    fn start(&mut self, kind: Kind, dice: &mut Dice) -> Victim {
        self.started += 1;
        Victim::start(kind, &self.project, &self.promised, self.started, dice)
    }

    /// Waits until all have ended, and takes down what they were answered.
    fn end(&mut self, victims: Vec<Victim>) {
        let (mut asked, mut answered, mut got) = (Vec::new(), Vec::new(), Vec::new());
        for victim in victims {
            let kind = victim.kind;
            let ended = victim.end();
            *self.killed.entry(kind).or_default() += u64::from(!ended.by_itself);
            if let Some(whole) = self.wholes.get_mut(&kind) {
                *whole = whole.mul_f64(if ended.by_itself { 0.96 } else { 1.01 });
            }
            asked.extend(ended.asked);
            answered.extend(ended.answered);
            got.extend(ended.got);
        }
        self.promised.were_put(&asked, &answered, &got);
    }

    fn found(&self) -> Found {
        Found::in_directory(&self.project.larder.dir())
    }

    /// What must hold now that nobody is there any more.
    pub(crate) fn check(&mut self, dice: &mut Dice) {
        self.groups += 1;
        let found = self.found();
        self.hits += self.promised.look(&self.cache);
        // Others stay for the trims that are killed.
        if dice.one_in(2) {
            found.leftovers.iter().for_each(|path| make_old(path, 2 * LEFTOVER_AGE));
        }
        if dice.one_in(3) {
            self.trim(&found);
        }
        if dice.one_in(8) {
            runs::check(&self.project, dice);
        }
        if dice.one_in(8) && self.damaged_last.elapsed() > SETTLED {
            self.check_up();
        }
    }

    /// A trim finds nothing in use and removes every leftover that is old.
    fn trim(&mut self, found: &Found) {
        let old = found.old_leftovers();
        let options = TrimOptions { force: true, ..TrimOptions::default() };
        let report = self.cache.trim(&options).expect("a trim");
        let is_whole = report.by_age == Outcome::Done && report.failures.is_empty();
        assert!(is_whole && report.in_use == 0, "{report:?}");
        assert_eq!(report.removed.leftovers, old as u64, "{report:?}");
        assert_eq!(self.found().leftovers.len(), found.leftovers.len() - old);
        self.leftovers += old;
    }

    /// Removes everything by a trim that finds it old, the leftovers too.
    fn remove_all(&mut self) {
        let found = self.found();
        found.kept.iter().for_each(|path| make_old(path, 10 * DAY));
        found.leftovers.iter().for_each(|path| make_old(path, 2 * LEFTOVER_AGE));
        self.trim(&found);
        let left = self.found();
        assert!(left.kept.is_empty() && left.leftovers.is_empty(), "{:?}", left.kept);
    }

    /// Nothing is bad but what the test has damaged.
    fn check_up(&mut self) {
        let report = self.cache.check_up(&CheckUpOptions::default()).expect("a check-up");
        let is_whole = report.unsettled == 0 && report.foreign == 0 && report.failures.is_empty();
        assert!(is_whole, "{report:?}");
        for bad in &report.bad {
            assert!(self.damaged.contains(&bad.path), "{bad:?}");
        }
        self.damaged = report.bad.into_iter().map(|bad| bad.path).collect();
    }

    /// Repairs what is damaged, after a few who are killed at that, and removes what is left over.
    /// Returns how many were killed in the middle.
    pub(crate) fn finish(mut self, dice: &mut Dice) -> String {
        thread::sleep(SETTLED.saturating_sub(self.damaged_last.elapsed()));
        for _ in 0..LAST_REPAIRS {
            self.kill_some(&[Kind::Repair], dice);
            self.check(dice);
        }
        let larder = &self.project.larder;
        larder.run(["verify", "--repair"]).ok();
        let verified = larder.run(["verify"]).ok();
        assert!(verified.contains(" 0 bad"), "{verified}");
        self.damaged.clear();
        self.check_up();
        self.remove_all();
        for input in 0..runs::INPUTS {
            runs::give_input(&self.project, input);
            runs::check(&self.project, dice);
        }
        let locks = self.found().locks;
        assert!(locks.is_empty(), "an equal run takes its locks away: {locks:?}");
        let counts: Vec<_> =
            self.killed.iter().map(|(kind, n)| format!("{n} {}", kind.name())).collect();
        let Self { started, groups, hits, leftovers, .. } = self;
        let killed: u64 = self.killed.values().sum();
        format!(
            "{killed} of {started} before they had ended ({}); {hits} hits in {groups} looks, \
             {leftovers} leftovers trimmed",
            counts.join(", ")
        )
    }
}
