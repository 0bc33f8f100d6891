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
    /// To mount file systems.
    Root,
    /// `GO`: the `go` command.
    Go,
    /// `GO_ORACLE`: Go's own cache behind a small command, and `GO`.
    Oracle,
    RootAndGo,
}

/// How much of it there is in the long form.
#[derive(Clone, Copy)]
pub(super) enum Amount {
    Rounds(u64),
    Seconds(u64),
    /// The same as in the short form.
    Once,
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
                miss, no lock stays held, the next trim clears what is left",
        runs: &[
            of("cache-cli", "run_killed", Amount::Rounds(1000), 240),
            of("cache-cli", "upload_killed", Amount::Rounds(50), 120),
            of("cache-remote", "lib::journal::tests::killed", Amount::Rounds(300), 60),
        ],
        found: &[],
    },
    Attack {
        name: "races",
        about: "many processes of Larder's, and Go's own cache among them, on one directory",
        runs: &[
            of("cache-disk", "crowd", Amount::Seconds(300), 310),
            Run {
                feature: Some("go-oracle"),
                needs: Needs::Oracle,
                ..of("cache-disk", "differential", Amount::Rounds(1_000_000), 360)
            },
        ],
        found: &[],
    },
];

pub(super) const FUZZ: Fuzzing = Fuzzing {
    attack: Attack {
        name: "fuzz",
        about: "whatever is read from others, in every form that a fuzzer comes to",
        runs: &[],
        found: &[],
    },
    seconds: 600,
};
