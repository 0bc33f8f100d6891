//! Lists: which actions a build used and where their results are in bulk, for the next build of the
//! same scope to fetch before it is asked for them.

use std::collections::HashSet;

use cache_core::ActionId;
use sha2::{Digest, Sha256};

use crate::day::Day;
use crate::malformed::{Fields, Malformed, Problem};
use crate::pack::{self, PackId};

const MAGIC: &[u8; 8] = b"LARDERls";

/// The most packs in a list.
pub(crate) const MAX_PACKS: usize = 1_000;

/// The most actions in each of a list's two halves.
pub(crate) const MAX_ACTIONS: usize = 200_000;

/// The largest list that is read, in bytes.
pub(crate) const LIMIT: u64 = (32 + 44 * MAX_PACKS + 2 * 32 * MAX_ACTIONS + 32) as u64;

/// What a build used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct List {
    written: Day,
    packs: Vec<PackRef>,
    loose: Vec<ActionId>,
    used: Vec<ActionId>,
}

/// A pack that a list names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct PackRef {
    /// The day on which it was written, which is a part of its key.
    pub(crate) day: Day,
    pub(crate) id: PackId,
    /// Its size, at most [`pack::LIMIT`].
    pub(crate) bytes: u64,
}

impl List {
    /// A list written on that day of packs, of actions whose results are in no pack, and of all
    /// actions that were used, in any order.
    ///
    /// What is over the limits is left out from the end. A build that uses as much finds the rest
    /// one by one.
    pub(crate) fn new(
        written: Day,
        mut packs: Vec<PackRef>,
        mut loose: Vec<ActionId>,
        mut used: Vec<ActionId>,
    ) -> Self {
        packs.retain(|pack| pack.bytes <= pack::LIMIT);
        packs.truncate(MAX_PACKS);
        loose.truncate(MAX_ACTIONS);
        used.truncate(MAX_ACTIONS);
        used.sort_unstable();
        used.dedup();
        Self { written, packs, loose, used }
    }

    /// The day on which it was written.
    pub(crate) fn written(&self) -> Day {
        self.written
    }

    /// The packs, in the order in which they are best fetched.
    pub(crate) fn packs(&self) -> &[PackRef] {
        &self.packs
    }

    /// The actions whose results are in no pack, in the order in which they are best fetched.
    pub(crate) fn loose(&self) -> &[ActionId] {
        &self.loose
    }

    /// All actions that were used, sorted.
    pub(crate) fn used(&self) -> &[ActionId] {
        &self.used
    }

    /// The used actions that are not loose, and so are in the packs.
    pub(crate) fn packed(&self) -> impl Iterator<Item = ActionId> {
        let loose: HashSet<ActionId> = self.loose.iter().copied().collect();
        self.used.iter().copied().filter(move |action| !loose.contains(action))
    }

    /// Reads a list.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut fields = Fields::of("list", bytes);
        fields.begin(MAGIC)?;
        fields.zeros(3)?;
        let written = day(&mut fields)?;
        let packs = count(&mut fields, "the number of packs", MAX_PACKS)?;
        let loose = count(&mut fields, "the number of loose actions", MAX_ACTIONS)?;
        let used = count(&mut fields, "the number of used actions", MAX_ACTIONS)?;
        fields.zeros(4)?;
        // Before anything is collected: so many bytes are there, or no memory is taken for them.
        let mut end = fields.clone();
        end.slice(44 * packs + 32 * loose + 32 * used)?;
        let checksum_at = end.at;
        let checksum: [u8; 32] = end.bytes()?;
        end.end()?;
        if Sha256::digest(&bytes[..checksum_at])[..] != checksum {
            return Err(fields.wrong_at(checksum_at, Problem::Checksum));
        }

        let packs = (0..packs).map(|_| pack(&mut fields)).collect::<Result<_, _>>()?;
        let mut actions = |count| -> Result<Vec<ActionId>, Malformed> {
            (0..count).map(|_| fields.bytes().map(ActionId::from_bytes)).collect()
        };
        let loose = actions(loose)?;
        let used = actions(used)?;
        if let Some(first) = used.windows(2).position(|two| two[0] >= two[1]) {
            let at = checksum_at - 32 * (used.len() - first - 1);
            let problem = Problem::Field("the used actions are not sorted, or one is there twice");
            return Err(fields.wrong_at(at, problem));
        }
        Ok(Self { written, packs, loose, used })
    }

    /// The list as it is stored.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let actions = self.loose.len() + self.used.len();
        let mut bytes = Vec::with_capacity(32 + 44 * self.packs.len() + 32 * actions + 32);
        bytes.extend(MAGIC);
        bytes.extend([1, 0, 0, 0]);
        bytes.extend(self.written.number().to_le_bytes());
        for count in [self.packs.len(), self.loose.len(), self.used.len()] {
            // Within the limits, all of which fit.
            bytes.extend(u32::try_from(count).unwrap_or(u32::MAX).to_le_bytes());
        }
        bytes.extend([0; 4]);
        for pack in &self.packs {
            bytes.extend(pack.day.number().to_le_bytes());
            bytes.extend(pack.id.0);
            bytes.extend(pack.bytes.to_le_bytes());
        }
        for action in self.loose.iter().chain(&self.used) {
            bytes.extend(action.as_bytes());
        }
        let checksum = Sha256::digest(&bytes);
        bytes.extend(checksum);
        bytes
    }
}

fn day(fields: &mut Fields<'_>) -> Result<Day, Malformed> {
    let at = fields.at;
    let number = fields.u32()?;
    Day::new(number).ok_or_else(|| fields.wrong_at(at, Problem::Field("no such day")))
}

fn count(fields: &mut Fields<'_>, field: &'static str, limit: usize) -> Result<usize, Malformed> {
    let at = fields.at;
    let (found, limit) = (u64::from(fields.u32()?), limit as u64);
    let count = usize::try_from(found).ok().filter(|_| found <= limit);
    count.ok_or_else(|| fields.wrong_at(at, Problem::OverLimit { field, found, limit }))
}

fn pack(fields: &mut Fields<'_>) -> Result<PackRef, Malformed> {
    let day = day(fields)?;
    let id = PackId(fields.bytes()?);
    let at = fields.at;
    let (found, limit) = (fields.u64()?, pack::LIMIT);
    if found > limit {
        let field = "the size of a pack";
        return Err(fields.wrong_at(at, Problem::OverLimit { field, found, limit }));
    }
    Ok(PackRef { day, id, bytes: found })
}

#[cfg(test)]
mod tests;
