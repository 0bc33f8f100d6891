use std::time::Duration;

use super::{Ago, Explanation, Reason, although_unchanged};
use crate::last::How;
use crate::{Change, Difference, InputChange, Miss, Text};
use cache_core::MissReason;

fn input(name: &str) -> Difference {
    Difference::Input(Text::from(name), InputChange::Contents)
}

fn text(reason: Reason) -> String {
    Explanation { task: "compile".to_owned(), ago: Some(Duration::from_secs(200)), reason }
        .to_string()
}

#[test]
fn changes_are_listed_in_columns() {
    let change = Change { last: Some(Text::from("-O2")), now: Some(Text::from("-O3")) };
    let flags = Difference::Env(Text::from("CFLAGS"), change);
    assert_eq!(
        text(Reason::Changed(vec![flags, input("src/util.h")])),
        "miss: 2 things changed since the last run of \"compile\", 3 minutes ago\n\
         \x20 env    CFLAGS      \"-O2\" became \"-O3\"\n\
         \x20 input  src/util.h  contents changed"
    );
    assert!(text(Reason::Changed(vec![input("a")])).starts_with("miss: 1 thing changed since "));
}

#[test]
fn a_long_list_is_cut_and_its_rest_counted() {
    let many = text(Reason::Changed((0..100).map(|i| input(&i.to_string())).collect()));
    assert_eq!(many.lines().count(), 22);
    assert!(many.ends_with("\n  and 80 more"), "{many}");
}

#[test]
fn a_miss_without_a_change_says_what_it_is_then() {
    let absent = Miss::NoResult(MissReason::NotFound);
    let because = |how, miss: &Miss| text(although_unchanged(miss, how));
    for (how, expected) in [
        (Some(How::Stored), "it was trimmed"),
        (Some(How::Failed(2)), "that failed with exit code 2"),
        (Some(How::Interrupted), "that was interrupted"),
        (None, "that was interrupted"),
        (Some(How::InputsChanged), "inputs changed while that went on"),
    ] {
        let text = because(how, &absent);
        assert!(text.contains("nothing changed") && text.contains(expected), "{text}");
    }
    let stored_failure = because(Some(How::Stored), &Miss::Failure(3));
    assert!(stored_failure.ends_with("but that failed with exit code 3"), "{stored_failure}");
    let broken = Miss::Malformed("not a record");
    assert!(because(Some(How::Stored), &broken).contains("not a record"));
}

#[test]
fn times_are_in_words() {
    let ago = |seconds| Ago(Duration::from_secs(seconds)).to_string();
    assert_eq!(ago(0), "just now");
    assert_eq!(ago(1), "1 second ago");
    assert_eq!(ago(119), "1 minute ago");
    assert_eq!(ago(7200), "2 hours ago");
    assert_eq!(ago(86_400 * 3), "3 days ago");
}
