use super::super::check::State;
use super::*;

fn room(available: u64, total: u64) -> Room {
    Room { available, total, files: None }
}

fn states<const N: usize>(checks: [Check; N]) -> [State; N] {
    checks.map(|check| {
        assert_eq!(check.advice.is_some(), check.state != State::Fine, "{check:?}");
        check.state
    })
}

#[test]
fn a_full_disk_is_wrong_and_a_nearly_full_one_is_told_of() {
    let [none, little, percent, large, fine] = states([
        free_space(&room(0, 100 * GIB), None, 0),
        free_space(&room(50 * MIB, GIB), None, 0),
        free_space(&room(900 * MIB, 100 * GIB), None, 0),
        // A percent of it would be far more than any build needs.
        free_space(&room(20 * GIB, 100_000 * GIB), None, 0),
        free_space(&room(50 * GIB, 100 * GIB), None, 0),
    ]);
    assert_eq!((none, little, percent), (State::Wrong, State::Warning, State::Warning));
    assert_eq!((large, fine), (State::Fine, State::Fine));
}

#[test]
fn a_disk_without_room_for_a_file_is_wrong_whatever_else_is_free() {
    let with = |files| free_space(&Room { files: Some(files), ..room(GIB, 2 * GIB) }, None, 0);
    let [none, few, many] = states([with((0, 1000)), with((9, 1000)), with((500, 1000))]);
    assert_eq!((none, few, many), (State::Wrong, State::Warning, State::Fine));
}

#[test]
fn a_size_limit_that_the_disk_cannot_hold_is_told_of() {
    let origin = Origin::Variable("LARDER_MAX_SIZE");
    let with = |limit, used| free_space(&room(10 * GIB, 100 * GIB), Some((limit, &origin)), used);
    let [too_high, used_counts, fine] =
        states([with(20 * GIB, GIB), with(20 * GIB, 15 * GIB), with(GIB, 2 * GIB)]);
    assert_eq!((too_high, used_counts, fine), (State::Warning, State::Fine, State::Fine));
    let text = with(20 * GIB, GIB).text;
    assert!(text.contains("20.0 GiB (LARDER_MAX_SIZE)"), "{text}");
}

#[test]
fn a_clock_is_held_against_files_and_marks() {
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(LONG_AGO + 1_000_000);
    let at = |seconds| now + Duration::from_secs(seconds);
    let off = |seconds| Times { off: Some(Duration::from_secs(seconds)), ..Times::default() };
    let used = |time| Times { newest_use: Some(time), ..Times::default() };
    let trimmed = |time| Times { last_trim: Some(LastTrim::At(time)), ..Times::default() };
    let fine = [
        clock(now, &Times::default()),
        clock(now, &off(1)),
        clock(now, &used(at(60))),
        clock(now, &trimmed(at(60))),
        clock(now, &used(now - Duration::from_secs(9))),
    ];
    assert_eq!(states(fine), [State::Fine; 5]);
    let warnings =
        [clock(now, &off(30)), clock(now, &used(at(7200))), clock(now, &trimmed(at(7200)))];
    assert!(warnings[1].text.contains("2h from now"), "{}", warnings[1].text);
    assert_eq!(states(warnings), [State::Warning; 3]);
    let long_ago = SystemTime::UNIX_EPOCH + Duration::from_secs(86_400);
    let wrong = [clock(now, &off(2 * 60 * 60)), clock(long_ago, &Times::default())];
    assert!(wrong[1].text.contains("1970-01-02"), "{}", wrong[1].text);
    assert_eq!(states(wrong), [State::Wrong; 2]);
}

#[test]
fn network_file_systems_are_named_and_warned_of() {
    let of = |name, nature| kind(Check::of("file system"), name, nature);
    let [nfs, ext4, tmpfs, overlay, unknown] = states([
        of("nfs", Nature::Network),
        of("ext4", Nature::Local),
        of("tmpfs", Nature::Memory),
        of("overlayfs", Nature::Layered),
        of("of an unknown kind", Nature::Unknown),
    ]);
    assert_eq!(nfs, State::Warning);
    assert_eq!([ext4, tmpfs, overlay, unknown], [State::Fine; 4]);
    let nfs = of("nfs", Nature::Network);
    assert!(nfs.text.starts_with("nfs, ") && nfs.text.contains("locks"), "{nfs:?}");
    assert!(nfs.advice.is_some_and(|advice| advice.contains("LARDER_REMOTE")));
}

#[test]
fn what_does_not_lock_or_keeps_times_coarsely_is_told_of() {
    let of = |locking| locks(Check::of("file system"), &locking);
    let unsupported = std::io::ErrorKind::Unsupported.into();
    let found = [of(Locking::Works), of(Locking::KeepsNobodyOut), of(Locking::Fails(unsupported))];
    assert_eq!(states(found), [State::Fine, State::Warning, State::Warning]);
    for (step, name) in [
        (Duration::from_nanos(1), "the nanosecond"),
        (Duration::from_nanos(100), "100 nanoseconds"),
        (Duration::from_millis(10), "10 milliseconds"),
        (Duration::from_secs(1), "the second"),
        (Duration::from_secs(2), "2 seconds"),
    ] {
        assert_eq!(unit(step), name);
    }
}
