//! What is put: numbered contents, whose bytes follow from the seed and the number, under numbered
//! actions. The bytes begin with the number, so that whoever reads them knows what they should be.

use cache_core::FileName;
use test_attacks::Dice;

/// In an action's number, and in that of a content of its own: it is put once, durably,
const ONCE: u64 = 1 << 56;
/// or again and again, durably, each time with a new content.
const VERSIONED: u64 = 2 << 56;

const WRITER: u32 = 40;
/// Where a content's version is. The bits below choose the folder.
const VERSION: u32 = 8;

/// So many contents an action has that is put in the ordinary way; its neighbours have some of them
/// too.
const CONTENTS: u64 = 3;

/// The action, and its own content, of a writer's durable put of this number.
pub(crate) fn once(writer: u64, number: u64) -> u64 {
    ONCE | writer << WRITER | number
}

/// One of a writer's actions that are put durably with one content after the other.
pub(crate) fn versioned(writer: u64, slot: u64) -> u64 {
    VERSIONED | writer << WRITER | slot
}

/// The content of such an action's version.
pub(crate) fn version(action: u64, version: u64) -> u64 {
    action | version << VERSION
}

/// One of the contents of an ordinary action.
pub(crate) fn content_of(action: u64, dice: &mut Dice) -> u64 {
    action + dice.up_to(CONTENTS)
}

/// Whether an action was ever put with this content.
pub(crate) fn belongs(action: u64, content: u64) -> bool {
    match action & (ONCE | VERSIONED) {
        ONCE => content == action || content < ONCE,
        VERSIONED => content & !(((1 << (WRITER - VERSION)) - 1) << VERSION) == action,
        _ => (action..action + CONTENTS).contains(&content),
    }
}

/// Whether a content is never made old: it may have been put durably as well. Of the ordinary ones
/// half are kept.
pub(crate) fn is_kept(content: u64) -> bool {
    content >= ONCE || content % 4 < 2
}

/// The name under which a content is put as an executable.
pub(crate) fn executable(content: u64) -> Option<FileName> {
    (content % 8 == 5).then(|| FileName::new("tool").unwrap())
}

/// The bytes of a content.
pub(crate) fn body(seed: u64, content: u64) -> Vec<u8> {
    let mut dice = Dice::new(seed.rotate_left(32) ^ content.wrapping_mul(0x9e37_79b9_7f4a_7c15));
    let size = match dice.below(16) {
        0..4 => dice.below(300),
        4..8 => dice.below(6_000),
        8..14 => dice.below(80_000),
        _ => dice.below(1_500_000),
    };
    let mut body = content.to_le_bytes().to_vec();
    body.extend(dice.bytes(size));
    body
}

/// The content that bytes say they are.
pub(crate) fn content_in(body: &[u8]) -> Option<u64> {
    body.first_chunk().copied().map(u64::from_le_bytes)
}
