//! Hostile things, put where something of the cache's should be.

use std::path::PathBuf;

use cache_core::{ActionId, OutputId};
use test_attacks::Dice;
use test_attacks::hostile::{OWN, SPARSE, Thing, name_that_is_not_utf8};

use crate::common::entry_path;
use crate::world::{TOOL, World, action, entry_text, folder_of};

impl World {
    /// Puts so many hostile things into the directory.
    pub fn deal(&mut self, dice: &mut Dice, things: usize) {
        for _ in 0..things {
            match dice.below(12) {
                0 => self.lure(dice),
                1 | 2 => self.entry_that_says_anything(dice),
                _ => {
                    let place = self.place(dice);
                    let others = self.others();
                    let thing = Thing::deal(dice, &self.outside, &others);
                    self.put(&thing, place);
                }
            }
        }
        self.outside.assert_untouched("the dealing");
    }

    /// A file or a folder of the cache's, there or not.
    fn place(&self, dice: &mut Dice) -> PathBuf {
        let actions: Vec<_> = self.known.keys().copied().collect();
        let known = *dice.pick(&actions);
        let output = OutputId::of(&self.known[&known]);
        let random = format!("{:02x}", dice.below(256));
        match dice.below(14) {
            0..3 => entry_path(&self.dir, &known),
            3 => entry_path(&self.dir, &action(dice)),
            4..7 => self.output_path(&output),
            7 => self.output_path(&output).join(TOOL),
            8 => self.path(folder_of(known)),
            9 => self.path(folder_of(output)),
            10 => self.path(random),
            11 | 12 => self.path(dice.pick(&OWN)),
            _ => self.path(random).join(match dice.below(6) {
                0 => format!("larder-{:016x}.tmp", dice.seed()).into(),
                1 => name_that_is_not_utf8(),
                2 => "-a".into(),
                3 => "-d".into(),
                4 => format!("{}-d", "\u{e9}".repeat(100)).into(),
                _ => format!("{}-A", known).into(),
            }),
        }
    }

    /// Files of the cache's that a thing may lead to.
    fn others(&self) -> Vec<PathBuf> {
        let mut others = vec![self.path("trim.txt")];
        for (action, bytes) in &self.known {
            others.extend([entry_path(&self.dir, action), self.output_path(&OutputId::of(bytes))]);
        }
        others
    }

    fn put(&self, thing: &Thing, place: PathBuf) {
        thing.put_within(&self.dir, &place).unwrap();
    }

    /// An entry that leads to an output outside, and a link on the way.
    fn lure(&mut self, dice: &mut Dice) {
        let secret = dice.pick(&self.secrets).clone();
        let (lure, output) = (action(dice), OutputId::of(&secret));
        let entry = entry_text(&lure, &output, secret.len() as u64, 1);
        self.put(&Thing::File(entry), entry_path(&self.dir, &lure));
        let outside = self.outside.folder();
        if dice.one_in(2) {
            self.put(&Thing::Link(outside), self.path(folder_of(output)));
        } else {
            let file = outside.join(format!("{output}-d"));
            self.put(&Thing::Link(file), self.output_path(&output));
        }
        self.lures.push(lure);
    }

    /// An entry for an action that there is or is not, with a size, a time and an output that may be
    /// anything.
    fn entry_that_says_anything(&mut self, dice: &mut Dice) {
        let actions: Vec<ActionId> = self.known.keys().copied().collect();
        let whose = if dice.one_in(2) { *dice.pick(&actions) } else { action(dice) };
        let bytes = &self.known[dice.pick(&actions)];
        let (output, its_size) = (OutputId::of(bytes), bytes.len() as u64);
        let size = *dice.pick(&[0, its_size, its_size + 1, SPARSE, i64::MAX as u64, u64::MAX]);
        let time = *dice.pick(&[0, 1, -1, i64::MAX, i64::MIN]);
        let entry = Thing::File(entry_text(&whose, &output, size, time));
        self.put(&entry, entry_path(&self.dir, &whose));
        if dice.one_in(2) {
            self.put(&Thing::Sparse(SPARSE), self.output_path(&output));
        }
        self.lures.push(whose);
    }
}
