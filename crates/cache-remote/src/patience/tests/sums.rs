//! What is added up.

use proptest::collection::vec;
use proptest::prelude::*;

use super::*;
use crate::patience::account::{Account, Moments};
use crate::patience::worth::{LEAST, Worth};

proptest! {
    #[test]
    fn each_moment_counts_once(spans in vec((0..300u64, 0..60u64, any::<bool>()), 0..40)) {
        let start = Instant::now();
        let (mut moments, mut marks) = (Moments::default(), vec![false; 400]);
        let mut settled = 0;
        for (from, length, settle) in spans {
            let from = from.max(settled);
            let to = from + length;
            let mut new = 0;
            for mark in &mut marks[from as usize..to as usize] {
                new += u64::from(!*mark);
                *mark = true;
            }
            prop_assert_eq!(moments.add(start + ms(from), start + ms(to)), ms(new));
            if settle {
                settled = from;
                moments.forget(start + ms(settled));
            }
        }
    }
}

#[test]
fn what_was_won_is_not_kept_for_later() {
    let (start, mut account) = (Instant::now(), Account::default());
    let before = start - ms(1000);
    account.win(before, start);
    account.lose(start, start + ms(100));
    account.lose(start + ms(50), start + ms(150));
    assert_eq!(account.balance(), ms(150));
    assert_eq!(account.balance_with(start, start + ms(160)), ms(160));
    account.win(start + ms(150), start + ms(190));
    account.win(start + ms(160), start + ms(190));
    assert_eq!(account.balance(), ms(110));
}

fn compute(worth: &mut Worth, takes: Duration) {
    let start = Instant::now();
    worth.missed(&RESULT, start);
    worth.computed(&RESULT, start + takes);
    // A second put is of something else.
    worth.computed(&RESULT, start + takes * 100);
}

#[track_caller]
fn is_about(worth: &Worth, expected: Duration) {
    let value = worth.value();
    assert!(value >= expected * 9 / 10 && value <= expected * 11 / 10, "{value:?}");
}

#[test]
fn a_hit_is_worth_half_of_what_computing_takes_of_late() {
    let mut worth = Worth::default();
    assert_eq!(worth.value(), LEAST);
    compute(&mut worth, ms(240));
    is_about(&worth, ms(90));
    (0..10).for_each(|_| compute(&mut worth, ms(240)));
    is_about(&worth, ms(117));
    (0..100).for_each(|_| compute(&mut worth, ms(100)));
    is_about(&worth, ms(50));
    (0..100).for_each(|_| compute(&mut worth, ms(1)));
    assert_eq!(worth.value(), LEAST);
}

#[test]
fn what_was_learned_fades_while_nothing_is_computed() {
    let mut worth = Worth::default();
    (0..100).for_each(|_| compute(&mut worth, ms(800)));
    is_about(&worth, ms(400));
    (0..100).for_each(|_| worth.hit());
    is_about(&worth, ms(380));
    (0..500).for_each(|_| worth.hit());
    assert!(worth.value() < ms(80), "{:?}", worth.value());
    (0..100_000).for_each(|_| worth.hit());
    assert_eq!(worth.value(), LEAST);
    // Then it is as if nothing had been known.
    compute(&mut worth, ms(240));
    is_about(&worth, ms(90));
}

#[test]
fn lookups_that_nobody_computes_take_no_room() {
    let (start, mut worth) = (Instant::now(), Worth::default());
    for n in 0..100_000u64 {
        let mut bytes = [0; 32];
        bytes[..8].copy_from_slice(&n.to_le_bytes());
        worth.missed(&ActionId::from_bytes(bytes), start);
    }
    assert!(worth.missed_len() <= 4096);
}
