//! A check-up at work: what is good, and what is bad twice.

use std::collections::HashSet;
use std::fs;
use std::io::{self, ErrorKind};
use std::num::NonZeroUsize;
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant, SystemTime};

use cache_core::{ActionId, Error, Lookup, MissReason, OutputId};

use super::{Bad, BadKind, CheckUpOptions, CheckUpReport};
use crate::disk::DiskCache;
use crate::look::{Kind, Look};
use crate::remove::{self, Removal};
use crate::root::look_at;
use crate::shortage::is_shortage;
use crate::trim::Progress;
use crate::{executable, layout, threads};

/// Go writes outputs in place, so one that looks bad may be half written: what changed within this
/// time is looked at again later.
const SETTLED: Duration = Duration::from_secs(10);

/// How long suspects are waited for, outputs and entries each.
const PATIENCE: Duration = Duration::from_secs(60);

/// What is checked.
#[derive(Clone, Copy)]
pub(super) enum Subject {
    Entry(ActionId),
    /// With its size in bytes when it was listed.
    Output(OutputId, u64),
}

impl Subject {
    fn name(&self) -> String {
        match self {
            Subject::Entry(action) => layout::entry(action),
            Subject::Output(output, _) => layout::output(output),
        }
    }

    fn kind(&self) -> BadKind {
        match self {
            Subject::Entry(_) => BadKind::Entry,
            Subject::Output(..) => BadKind::Output,
        }
    }

    /// In bytes, of an output.
    pub(super) fn size(&self) -> u64 {
        match self {
            Subject::Entry(_) => 0,
            Subject::Output(_, size) => *size,
        }
    }
}

/// What a reading says of a subject.
enum Verdict {
    Good,
    /// It is not there any more.
    Gone,
    /// A well-formed entry whose output is not there, or is bad itself.
    WithoutOutput,
    Bad(String),
    /// This process could not look, whatever it would have seen.
    NotJudged,
}

/// A check-up at work.
pub(super) struct Check<'a> {
    cache: &'a DiskCache,
    options: &'a CheckUpOptions<'a>,
    /// Bytes to hash, and hashed.
    total: u64,
    done: AtomicU64,
    pub(super) without_output: AtomicU64,
    /// Their names.
    pub(super) bad_outputs: HashSet<String>,
    /// Why the first of those that were not judged was not.
    pub(super) not_judged: Mutex<Option<Error>>,
}

impl<'a> Check<'a> {
    /// Nothing checked yet of `total` bytes.
    pub(super) fn new(cache: &'a DiskCache, options: &'a CheckUpOptions<'a>, total: u64) -> Self {
        Self {
            cache,
            options,
            total,
            done: AtomicU64::new(0),
            without_output: AtomicU64::new(0),
            bad_outputs: HashSet::new(),
            not_judged: Mutex::default(),
        }
    }

    /// Reads all subjects, in parallel, and returns those that look bad.
    pub(super) fn suspects(&self, subjects: &[Subject]) -> Vec<Subject> {
        let next = AtomicUsize::new(0);
        let suspects = Mutex::new(Vec::new());
        let work = || {
            while let Some(subject) = subjects.get(next.fetch_add(1, Ordering::Relaxed)) {
                match self.judge(subject) {
                    Verdict::Good | Verdict::Gone | Verdict::NotJudged => {}
                    Verdict::WithoutOutput => {
                        self.without_output.fetch_add(1, Ordering::Relaxed);
                    }
                    Verdict::Bad(_) => {
                        suspects.lock().unwrap_or_else(|e| e.into_inner()).push(*subject);
                    }
                }
                self.progress(subject.size());
            }
        };
        let threads = self.options.threads.map_or_else(threads::cores, NonZeroUsize::get);
        threads::on_threads(threads.min(subjects.len()), &work);
        suspects.into_inner().unwrap_or_else(|e| e.into_inner())
    }

    /// Reads the suspects again once they have not changed for a while, and reports and repairs
    /// those that are bad. Returns their names.
    pub(super) fn settle(
        &self,
        mut suspects: Vec<Subject>,
        report: &mut CheckUpReport,
    ) -> HashSet<String> {
        let start = Instant::now();
        let mut found = HashSet::new();
        while !suspects.is_empty() {
            suspects.retain(|subject| {
                let name = subject.name();
                if !self.is_settled(subject) {
                    return true;
                }
                match self.judge(subject) {
                    Verdict::Good | Verdict::Gone | Verdict::NotJudged => {}
                    Verdict::WithoutOutput => {
                        self.without_output.fetch_add(1, Ordering::Relaxed);
                    }
                    Verdict::Bad(reason) => {
                        report.bad.push(Bad {
                            path: self.cache.root.path_of(&name),
                            kind: subject.kind(),
                            reason,
                            removed: self.options.repair && self.remove(&name),
                        });
                        found.insert(name);
                    }
                }
                false
            });
            if start.elapsed() > PATIENCE {
                break;
            }
            if !suspects.is_empty() {
                thread::sleep(Duration::from_millis(250));
            }
        }
        report.unsettled += suspects.len() as u64;
        found
    }

    /// Whether what a verdict goes by has not changed for a while, or is gone: the file itself, and
    /// of an entry also its output, which may be a half-written one.
    fn is_settled(&self, subject: &Subject) -> bool {
        let output = match subject {
            Subject::Output(output, _) => Some(*output),
            Subject::Entry(action) => self.cache.peek(action).hit().map(|(entry, _)| entry.output),
        };
        let names = [Some(subject.name()), output.map(|output| layout::output(&output))];
        names.iter().flatten().all(|name| self.is_file_settled(name))
    }

    fn is_file_settled(&self, name: &str) -> bool {
        let root = &self.cache.root;
        let Ok(look) = root.look(name) else { return true };
        if look.kind == Kind::Folder
            && let Ok(Some(file)) = executable::inside(root, name)
            && let Ok(metadata) = fs::symlink_metadata(file.path)
            && !is_old(&Look::of(&metadata))
        {
            return false;
        }
        is_old(&look)
    }

    /// Removes a bad file, unless it or another in its place has changed just now. Returns whether
    /// it is gone.
    fn remove(&self, name: &str) -> bool {
        let due = |look: &Look| is_old(look) && self.is_file_settled(name);
        let root = &self.cache.root;
        let removed = root
            .open_folder(layout::folder_of(name))
            .and_then(|folder| remove::remove_if(root, &folder, name, &due));
        match removed {
            Ok(Removal::Done | Removal::Gone) => true,
            Ok(Removal::InUse) => false,
            Err(e) if e.kind() == ErrorKind::NotFound => true,
            Err(e) => {
                tracing::warn!("cannot remove {name}: {e}");
                false
            }
        }
    }

    fn judge(&self, subject: &Subject) -> Verdict {
        let judged = match subject {
            Subject::Entry(action) => self.judge_entry(action),
            Subject::Output(output, _) => self.judge_output(output),
        };
        match judged {
            Ok(verdict) => verdict,
            Err(e) if e.kind() == ErrorKind::NotFound => Verdict::Gone,
            Err(e) if is_shortage(&e) => {
                let mut first = self.not_judged.lock().unwrap_or_else(|e| e.into_inner());
                let path = self.cache.root.path_of(&subject.name());
                first.get_or_insert_with(|| Error::io("check", path)(e));
                Verdict::NotJudged
            }
            Err(e) => Verdict::Bad(format!("cannot be read: {e}")),
        }
    }

    fn judge_entry(&self, action: &ActionId) -> io::Result<Verdict> {
        let root = &self.cache.root;
        let entry = match self.cache.peek(action) {
            Lookup::Hit((entry, _)) => entry,
            Lookup::Miss(MissReason::NotFound) => return Ok(Verdict::Gone),
            Lookup::Miss(MissReason::Unreadable { source, .. }) if is_shortage(&source) => {
                return Err(source);
            }
            Lookup::Miss(reason) => return Ok(Verdict::Bad(reason.to_string())),
        };
        let name = layout::output(&entry.output);
        if self.bad_outputs.contains(&name) {
            return Ok(Verdict::WithoutOutput);
        }
        let look = match root.look(&name) {
            // Something else in the place of the output's folder is not the entry's fault.
            Err(e) if matches!(e.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) => {
                return Ok(Verdict::WithoutOutput);
            }
            look => look?,
        };
        let size = match look.kind {
            Kind::Folder => executable::inside(root, &name)?.map_or(0, |file| file.size),
            Kind::File | Kind::Other => look.size,
        };
        if size == entry.size {
            return Ok(Verdict::Good);
        }
        // Which of the two is wrong? The output may have come after the outputs were checked.
        if !matches!(self.judge_output(&entry.output)?, Verdict::Good) {
            return Ok(Verdict::WithoutOutput);
        }
        let (output, expected) = (entry.output, entry.size);
        Ok(Verdict::Bad(format!("it says {expected} B, but output {output} has {size} B")))
    }

    fn judge_output(&self, output: &OutputId) -> io::Result<Verdict> {
        let root = &self.cache.root;
        let name = layout::output(output);
        let file = root.open_file(&name)?;
        let mut file = match look_at(&file)?.kind {
            Kind::File => file,
            Kind::Folder => match executable::open(root, &name)? {
                Some((_, file)) => file,
                None => {
                    let problem = "a folder, which is right only for an executable and then has \
                                   exactly one file in it";
                    return Ok(Verdict::Bad(problem.to_owned()));
                }
            },
            Kind::Other => return Ok(Verdict::Bad("neither a file nor a folder".to_owned())),
        };
        let (found, _) = OutputId::of_reader(&mut file)?;
        Ok(if found == *output {
            Verdict::Good
        } else {
            Verdict::Bad(format!("its bytes have another SHA-256: {found}"))
        })
    }

    fn progress(&self, bytes: u64) {
        let done = self.done.fetch_add(bytes, Ordering::Relaxed).saturating_add(bytes);
        if let Some(progress) = self.options.progress
            && bytes > 0
        {
            progress(Progress { done, total: self.total });
        }
    }
}

/// By the kernel's clock. A change in the future was made before the clock was set back.
fn is_old(look: &Look) -> bool {
    match SystemTime::now().duration_since(look.changed) {
        Ok(age) => age >= SETTLED,
        Err(ahead) => ahead.duration() >= SETTLED,
    }
}
