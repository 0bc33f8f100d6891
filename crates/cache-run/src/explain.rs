//! What changed between two runs.

use std::cmp::Ordering;
use std::iter;

use crate::{Description, Input, InputContent, Text};
pub use text::aligned;

mod text;

/// One thing that is different in two descriptions. As text it is one line, such as
/// `input  src/util.h  contents changed`; [`aligned`] aligns several.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Difference {
    /// The version of the way in which keys are made: another Larder.
    KeyVersion {
        /// Before.
        last: u32,
        /// After.
        now: u32,
    },
    /// The operating system or the processor.
    Platform(Change),
    /// The working directory.
    Dir(Change),
    /// An argument, and its number, of which the command's is 0.
    Argument(usize, Change),
    /// The contents of the executable that this command starts.
    Tool(Text),
    /// A declared variable's value: `None` when it is not set.
    Env(Text, Change),
    /// A variable that is declared now.
    EnvDeclared(Text),
    /// A variable that is not declared any more.
    EnvDropped(Text),
    /// What is given as stdin, or whether that is an input.
    Stdin(StdinChange),
    /// An output that is declared now.
    OutputDeclared(Text),
    /// An output that is not declared any more.
    OutputDropped(Text),
    /// An input.
    Input(Text, InputChange),
}

/// A value before and after; `None` where there was none.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Before.
    pub last: Option<Text>,
    /// After.
    pub now: Option<Text>,
}

/// What happened to stdin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StdinChange {
    /// Other bytes are given.
    Contents,
    /// It is an input now.
    Declared,
    /// It is no input any more.
    Dropped,
}

/// What happened to an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum InputChange {
    /// It is there now, or counts now.
    Added,
    /// It is not there any more, or does not count any more.
    Removed,
    /// Its contents changed, or those of the file that it leads to.
    Contents,
    /// Its mode bits changed.
    Mode {
        /// Before.
        last: u32,
        /// After.
        now: u32,
    },
    /// Its contents and its mode bits changed.
    ContentsAndMode {
        /// The mode before.
        last: u32,
        /// The mode after.
        now: u32,
    },
    /// It is a symbolic link that leads elsewhere now.
    Link,
    /// It is something else now.
    Kind {
        /// What it was: `a file`, `an empty folder`, `a symbolic link`.
        last: &'static str,
        /// What it is.
        now: &'static str,
    },
    /// It was written to, and is as it was. Only [`Described::changes`](crate::Described::changes)
    /// sees that.
    Rewritten,
}

/// What is different in `now`, seen from `last`. What there can be a lot of, the inputs, is at the
/// end. Empty exactly when the two have the same key.
pub fn differences(last: &Description, now: &Description) -> Vec<Difference> {
    let mut found = Vec::new();
    if last.key_version != now.key_version {
        let (last, now) = (last.key_version, now.key_version);
        found.push(Difference::KeyVersion { last, now });
    }
    found.extend(change(&last.platform, &now.platform).map(Difference::Platform));
    found.extend(change(&last.dir, &now.dir).map(Difference::Dir));
    arguments(&last.command, &now.command, &mut found);
    if last.tool != now.tool {
        found.push(Difference::Tool(now.command.first().cloned().unwrap_or_default()));
    }
    for (last, now) in beside(&last.env, &now.env, |a, b| a.0.cmp(&b.0)) {
        found.extend(match (last, now) {
            (Some((_, last)), Some((_, now))) if last == now => None,
            (Some((name, last)), Some((_, now))) => {
                let change = Change { last: last.clone(), now: now.clone() };
                Some(Difference::Env(name.clone(), change))
            }
            (None, Some((name, _))) => Some(Difference::EnvDeclared(name.clone())),
            (Some((name, _)), None) => Some(Difference::EnvDropped(name.clone())),
            (None, None) => None,
        });
    }
    found.extend(match (last.stdin, now.stdin) {
        (last, now) if last == now => None,
        (Some(_), Some(_)) => Some(Difference::Stdin(StdinChange::Contents)),
        (None, _) => Some(Difference::Stdin(StdinChange::Declared)),
        (_, None) => Some(Difference::Stdin(StdinChange::Dropped)),
    });
    for (last, now) in beside(&last.outputs, &now.outputs, |a, b| a.cmp(b)) {
        found.extend(match (last, now) {
            (None, Some(name)) => Some(Difference::OutputDeclared(name.clone())),
            (Some(name), None) => Some(Difference::OutputDropped(name.clone())),
            _ => None,
        });
    }
    let plain = |input| (input, ());
    found.extend(input_changes(last.inputs.iter().map(plain), now.inputs.iter().map(plain)));
    found
}

fn change(last: &Text, now: &Text) -> Option<Change> {
    (last != now).then(|| Change { last: Some(last.clone()), now: Some(now.clone()) })
}

/// What is the same at the beginning and at the end is left out; of what is between, one argument
/// stands against another.
fn arguments(last: &[Text], now: &[Text], found: &mut Vec<Difference>) {
    let same = |pair: &(&Text, &Text)| pair.0 == pair.1;
    let before = last.iter().zip(now).take_while(same).count();
    let (last, now) = (&last[before..], &now[before..]);
    let after = last.iter().rev().zip(now.iter().rev()).take_while(same).count();
    let (last, now) = (&last[..last.len() - after], &now[..now.len() - after]);
    for index in 0..last.len().max(now.len()) {
        let change = Change { last: last.get(index).cloned(), now: now.get(index).cloned() };
        if change.last != change.now {
            found.push(Difference::Argument(before + index, change));
        }
    }
}

/// What happened to the inputs between two lists that are sorted by name. With each comes what
/// says when it was written to, or nothing.
pub(crate) fn input_changes<'a, W: PartialEq>(
    last: impl IntoIterator<Item = (&'a Input, W)>,
    now: impl IntoIterator<Item = (&'a Input, W)>,
) -> impl Iterator<Item = Difference> {
    beside(last, now, |a, b| a.0.name.cmp(&b.0.name)).filter_map(|pair| {
        let (name, change) = match pair {
            (Some((last, written)), Some((now, written_now))) => {
                let rewritten = (written != written_now).then_some(InputChange::Rewritten);
                (&now.name, InputChange::between(last, now).or(rewritten)?)
            }
            (Some((last, _)), None) => (&last.name, InputChange::Removed),
            (None, Some((now, _))) => (&now.name, InputChange::Added),
            (None, None) => return None,
        };
        Some(Difference::Input(name.clone(), change))
    })
}

impl InputChange {
    fn between(last: &Input, now: &Input) -> Option<Self> {
        use InputContent::{EmptyFolder, File, Link};
        let mode = (last.mode != now.mode).then_some(Self::Mode { last: last.mode, now: now.mode });
        let contents = match (&last.content, &now.content) {
            (last, now) if last == now => return mode,
            (Link { text: last, .. }, Link { text: now, .. }) if last != now => {
                return Some(Self::Link);
            }
            (File(_), File(_)) | (Link { .. }, Link { .. }) => Self::Contents,
            (EmptyFolder | File(_) | Link { .. }, _) => {
                return Some(Self::Kind { last: kind(&last.content), now: kind(&now.content) });
            }
        };
        Some(match mode {
            Some(Self::Mode { last, now }) => Self::ContentsAndMode { last, now },
            _ => contents,
        })
    }
}

fn kind(content: &InputContent) -> &'static str {
    match content {
        InputContent::File(_) => "a file",
        InputContent::EmptyFolder => "an empty folder",
        InputContent::Link { .. } => "a symbolic link",
    }
}

/// Two sorted lists, what is equal in `order` side by side.
fn beside<T>(
    last: impl IntoIterator<Item = T>,
    now: impl IntoIterator<Item = T>,
    order: impl Fn(&T, &T) -> Ordering,
) -> impl Iterator<Item = (Option<T>, Option<T>)> {
    let (mut last, mut now) = (last.into_iter().peekable(), now.into_iter().peekable());
    iter::from_fn(move || {
        let order = match (last.peek(), now.peek()) {
            (Some(last), Some(now)) => order(last, now),
            (Some(_), None) => Ordering::Less,
            (None, Some(_)) => Ordering::Greater,
            (None, None) => return None,
        };
        Some(match order {
            Ordering::Less => (last.next(), None),
            Ordering::Equal => (last.next(), now.next()),
            Ordering::Greater => (None, now.next()),
        })
    })
}
