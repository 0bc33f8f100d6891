//! The attacks: what each does, which tests do it, how long in the long form, what it has found.

/// An attack on the promises.
pub(super) struct Attack {
    pub(super) name: &'static str,
    /// What it does, and what has to hold.
    pub(super) about: &'static str,
    pub(super) runs: &'static [Run],
    /// What it has found so far, each mended, with a test that shows it.
    pub(super) found: &'static [&'static str],
}

/// One test of an attack.
pub(super) struct Run {
    pub(super) package: &'static str,
    /// The test target, or `target::filter`; `lib::filter` for a unit test.
    pub(super) test: &'static str,
    /// The feature that the target is behind, for it needs what not every machine has.
    pub(super) feature: Option<&'static str>,
    pub(super) needs: Needs,
    pub(super) amount: Amount,
    /// About how long the long form takes.
    pub(super) seconds: u64,
}

/// What a test needs of the machine, beside what the ordinary tests do.
#[derive(Clone, Copy)]
pub(super) enum Needs {
    Nothing,
    /// The package's examples, which are the test's helpers.
    Examples,
    /// To mount file systems.
    Root,
    /// The same, and `GO`: the `go` command.
    RootAndGo,
    /// `GO_ORACLE`: Go's own cache behind a small command, and `GO`.
    Oracle,
}

/// How much of it there is in the long form.
#[derive(Clone, Copy)]
pub(super) enum Amount {
    Rounds(u64),
    Seconds(u64),
}

/// The fuzz targets, which are no tests.
pub(super) struct Fuzzing {
    pub(super) attack: Attack,
    /// For each target.
    pub(super) seconds: u32,
}

const fn of(package: &'static str, test: &'static str, amount: Amount, seconds: u64) -> Run {
    Run { package, test, feature: None, needs: Needs::Nothing, amount, seconds }
}

pub(super) const ATTACKS: &[Attack] = &[
    Attack {
        name: "kill",
        about: "whoever writes is ended with SIGKILL at random moments: every lookup is right or a \
                miss, nothing bad is found, no lock stays held, the next trim clears what is left, and \
                what was to be uploaded is in the store in the end",
        runs: &[
            of("cache-cli", "killed", Amount::Rounds(8000), 300),
            of("cache-cli", "run_killed", Amount::Rounds(1000), 60),
            of("cache-cli", "upload_killed", Amount::Rounds(50), 60),
            of("cache-remote", "lib::journal::tests::killed", Amount::Rounds(300), 60),
        ],
        found: &[
            "The two lock files of a killed `larder run` stayed until the same run missed again. Any run \
             that misses now removes those that nobody holds \
             (`what_killed_runs_of_other_keys_have_left_goes_when_nobody_holds_it`).",
        ],
    },
    Attack {
        name: "power-loss",
        about: "an ext4 is cloned at one instant while processes put and trim, and mounted again: bytes \
                are right or a miss, and what was put durably is there",
        runs: &[Run {
            feature: Some("root"),
            needs: Needs::Root,
            ..of("cache-disk", "power_loss", Amount::Rounds(200), 300)
        }],
        found: &[],
    },
    Attack {
        name: "disks",
        about: "file systems that are full, read-only or not ours, files and descriptors that are too \
                many: one clear error, every earlier entry right, and it goes on when it can again",
        runs: &[
            Run {
                feature: Some("root,go"),
                needs: Needs::RootAndGo,
                ..of("cache-cli", "failing_disks", Amount::Rounds(30), 300)
            },
            of("cache-cli", "limits", Amount::Rounds(60), 120),
        ],
        found: &[
            "`verify --repair` took good outputs for bad, and a put took a good executable away, when the \
             process had no more open files (`a_repair_that_may_open_few_files_takes_nothing_for_bad`).",
            "`ulimit -f` ended `larder` with a signal, and without a word (`limits`).",
            "`larder run` did not run its command when the directory could not be made or opened; now it \
             says so and stores nothing (`a_directory_that_cannot_be_made`).",
        ],
    },
    Attack {
        name: "races",
        about: "many processes of Larder's, and Go's own cache among them, on one directory: no wrong \
                byte, no entry mixed of two, no path gone within two hours of its use but by clean",
        runs: &[
            Run {
                feature: Some("go-oracle"),
                needs: Needs::Oracle,
                ..of("cache-disk", "races", Amount::Seconds(600), 630)
            },
            of("cache-disk", "crowd", Amount::Seconds(300), 310),
            Run {
                feature: Some("go-oracle"),
                needs: Needs::Oracle,
                ..of("cache-disk", "differential", Amount::Rounds(1_000_000), 360)
            },
        ],
        found: &[
            "A put that met an executable which Go was still writing took its folder away, and with it a \
             path that Go had given out by then. Such a put now looks until nothing has changed for \
             20 ms (`an_executable_that_go_is_writing_is_waited_for_in_either_form`).",
        ],
    },
    Attack {
        name: "directory",
        about: "links, pipes, devices, holes, crowds of files and strange names in a cache directory: \
                nothing outside of it is read, written or removed, nothing hangs",
        runs: &[
            of("cache-disk", "hostile::a_hostile_directory_leads", Amount::Rounds(300), 120),
            of("cache-disk", "hostile::a_check_up", Amount::Rounds(20), 300),
            of("cache-cli", "hostile_directory", Amount::Rounds(100), 300),
        ],
        found: &[
            "A symbolic link in the place of one of the 256 folders was followed: what it led to was read, \
             given out, written to and trimmed. No link is followed any more (`hostile`).",
            "A link or a pipe in the place of `trim.txt` or of a file in `larder/` was written through, or \
             waited for.",
            "A hard link in the place of `larder/size-limit` was written to. What is written in place has \
             one name now.",
            "A folder nested thousands deep in the place of an output was removed by recursion.",
        ],
    },
    Attack {
        name: "protocol",
        about: "helpers and clients that say everything that the protocol can carry wrongly: typed \
                errors, bounded memory, no hang, no path that is not an output's",
        runs: &[
            Run {
                needs: Needs::Examples,
                ..of("cache-prog-client", "hostile_helper", Amount::Rounds(40), 120)
            },
            of("cache-prog-server", "hostile_client", Amount::Rounds(600), 240),
        ],
        found: &[
            "Two puts of one action at once could fail: a writer held its new file exclusively until its \
             put had ended (`a_writer_keeps_trims_away_from_its_file_and_no_other_put`).",
            "A named pipe that took an output's place at the right moment was waited for without end \
             (`a_named_pipe_in_the_place_of_an_output`).",
            "An output that grew while it was checked was hashed without end \
             (`an_output_that_grows_while_it_is_checked_is_a_miss_in_time`).",
            "A helper's paths of 250 kB were kept for as long as it served, and one with a NUL failed the \
             lookup (`a_path_that_no_file_can_have`).",
            "An error about the settings file had line ends and escapes of the value in it \
             (`settings_bytes`).",
        ],
    },
    Attack {
        name: "clocks",
        about: "clocks that jump, mtimes in 1901, 1970, 2106 and later, file systems that keep whole \
                seconds: nothing goes that was in use, nothing stays for ever",
        runs: &[Run {
            feature: Some("root"),
            needs: Needs::Root,
            ..of("cache-disk", "clocks", Amount::Rounds(150), 60)
        }],
        found: &[
            "A leftover temporary file from the future stayed until that time came \
             (`a_temporary_file_from_the_future_goes_too`).",
            "A trim gave a temporary file that was about to be published the time of the kernel's clock, \
             and where the cache goes by another, the entry soon went as unused \
             (`a_temporary_file_keeps_the_time_that_its_writer_gave_it`).",
            "A link from the future in the place of an entry or an output could not be given another \
             mtime, and stayed (`a_link_from_the_future_goes_too`).",
            "Without a limit of age, what was used by a clock before 1970 was removed \
             (`what_is_kept_whatever_its_age_is_kept_before_1970_too`).",
            "The state of the trim by size had a line for each hour to come, and could outgrow what is \
             read of it (`what_lies_ahead_has_one_line_in_the_state_however_far`).",
        ],
    },
    Attack {
        name: "soak",
        about: "a helper under a million requests and ten thousand large puts: memory, threads, \
                descriptors and files stay as they are",
        runs: &[of("cache-cli", "soak", Amount::Rounds(1000), 600)],
        found: &[],
    },
];

/// All attacks, in the order in which they are shown.
pub(super) fn all() -> impl Iterator<Item = &'static Attack> {
    ATTACKS.iter().chain([&FUZZ.attack])
}

pub(super) const FUZZ: Fuzzing = Fuzzing {
    attack: Attack {
        name: "fuzz",
        about: "whatever is read from others, in every form that a fuzzer comes to",
        runs: &[],
        found: &[],
    },
    seconds: 600,
};
