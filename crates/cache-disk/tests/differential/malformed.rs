//! Entries that someone else wrote into: every kind of malformed one, and the odd ones that are
//! well-formed all the same.

use cache_core::{ActionId, OutputId};

use crate::model::{EntryState, Reason};
use test_attacks::Dice;

/// One kind of entry.
type Kind = fn(&mut Dice, &Whole) -> (Vec<u8>, EntryState);

/// The entry that a kind departs from.
pub(crate) struct Whole {
    pub(crate) action: ActionId,
    pub(crate) output: OutputId,
    pub(crate) size: u64,
    pub(crate) time: i64,
}

/// An entry's bytes of a random kind, and what they mean.
pub(crate) fn any(dice: &mut Dice, whole: &Whole) -> (Vec<u8>, EntryState) {
    dice.pick(KINDS)(dice, whole)
}

const KINDS: &[Kind] = &[
    |_, _| bad(Reason::Empty, ""),
    |dice, whole| bad(Reason::Short, &whole.text()[..1 + dice.below(174)]),
    |dice, whole| {
        bad(Reason::Long, &(whole.text() + &"\n1 x"[..1 + dice.below(4)].repeat(1 + dice.below(9))))
    },
    |_, whole| bad(Reason::Long, &whole.text().repeat(2)),
    |dice, whole| {
        // Every place that the format fixes: the header, the separators, the end.
        let at = *dice.pick(&[0, 1, 2, 67, 132, 153, 174]);
        let mut text = whole.text().into_bytes();
        text[at] = *dice.pick(&[b'x', 0, b'\t', 0xff]);
        (text, EntryState::Bad(Reason::Header))
    },
    |dice, whole| whole.spoilt(Reason::ActionHex, 3 + dice.below(64), b"gG-x \xc3"[dice.below(6)]),
    |dice, whole| {
        let other = OutputId::of(&dice.bytes(8));
        bad(
            Reason::OtherAction,
            &whole.text().replace(&whole.action.to_string(), &other.to_string()),
        )
    },
    |dice, whole| whole.spoilt(Reason::OutputHex, 68 + dice.below(64), b"gG-x \xc3"[dice.below(6)]),
    |dice, whole| {
        let size = *dice.pick(NOT_NUMBERS);
        bad(Reason::SizeText, &whole.with(size, &whole.time.to_string()))
    },
    |dice, whole| {
        let size = *dice.pick(NEGATIVE);
        bad(Reason::NegativeSize, &whole.with(size, &whole.time.to_string()))
    },
    |dice, whole| {
        let time = *dice.pick(NOT_NUMBERS);
        bad(Reason::TimeText, &whole.with(&whole.size.to_string(), time))
    },
    |dice, whole| {
        let time = *dice.pick(NEGATIVE);
        bad(Reason::NegativeTime, &whole.with(&whole.size.to_string(), time))
    },
    // Noise of the right length.
    |dice, _| (dice.bytes(175), EntryState::Bad(Reason::Header)),
    // A problem in front of another one is the one that is named.
    |_, whole| bad(Reason::SizeText, &whole.with("", "")),
    |_, whole| {
        let mut text = whole.with("-1", "-1");
        // By its place: an action may have the same ID as an output.
        text.replace_range(68..132, &"z".repeat(64));
        bad(Reason::OutputHex, &text)
    },
    // Well-formed, if odd.
    |_, whole| {
        let upper = |text: String, id: String| text.replace(&id, &id.to_uppercase());
        let text = upper(whole.text(), whole.action.to_string());
        whole.means(&upper(text, whole.output.to_string()), whole.size, whole.time)
    },
    |_, whole| {
        let text = whole.with(&format!("+{}", whole.size), &format!("+{}", whole.time));
        whole.means(&text, whole.size, whole.time)
    },
    |_, whole| {
        let text = whole.with(&format!("{:020}", whole.size), &format!("{:020}", whole.time));
        whole.means(&text, whole.size, whole.time)
    },
    |_, whole| whole.means(&whole.with(&whole.size.to_string(), "-0"), whole.size, 0),
    |_, whole| {
        let most = i64::MAX;
        whole.means(&whole.with(&whole.size.to_string(), &most.to_string()), whole.size, most)
    },
    // Well-formed, but not true.
    |dice, whole| {
        let size = *dice.pick(&[0, whole.size + 1, whole.size / 2, i64::MAX as u64]);
        whole.means(&whole.with(&size.to_string(), &whole.time.to_string()), size, whole.time)
    },
];

const NEGATIVE: &[&str] = &["-1", "-9223372036854775808", "-00000000000000007"];

const NOT_NUMBERS: &[&str] = &[
    "",
    "-",
    "+",
    "abc",
    "0x10",
    "1_000",
    "1.5",
    "1e3",
    "5 ",
    "5 5",
    "\t5",
    "5\n",
    "--5",
    "5\0",
    "\u{a0}5",
    "\u{663}",
    "9223372036854775808",
    "-9223372036854775809",
    "99999999999999999999",
];

fn bad(reason: Reason, text: &str) -> (Vec<u8>, EntryState) {
    (text.as_bytes().to_vec(), EntryState::Bad(reason))
}

impl Whole {
    pub(crate) fn text(&self) -> String {
        self.with(&self.size.to_string(), &self.time.to_string())
    }

    /// The entry with these in the places of size and time, padded to their 20 bytes.
    fn with(&self, size: &str, time: &str) -> String {
        let padded = |field: &str| " ".repeat(20 - field.len()) + field;
        format!("v1 {} {} {} {}\n", self.action, self.output, padded(size), padded(time))
    }

    fn means(&self, text: &str, size: u64, time: i64) -> (Vec<u8>, EntryState) {
        (text.as_bytes().to_vec(), EntryState::Valid { output: self.output, size, time })
    }

    fn spoilt(&self, reason: Reason, at: usize, by: u8) -> (Vec<u8>, EntryState) {
        let mut text = self.text().into_bytes();
        text[at] = by;
        (text, EntryState::Bad(reason))
    }
}
