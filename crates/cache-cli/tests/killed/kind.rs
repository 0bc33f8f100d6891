//! The kinds of processes that are killed.

/// What is killed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Kind {
    /// `larder put` of a file.
    PutOfFile,
    /// `larder put` of what comes on its stdin.
    PutOfStdin,
    /// `larder trim` by size.
    TrimBySize,
    /// `larder trim` by age.
    TrimByAge,
    /// `larder verify --repair`.
    Repair,
    /// `larder run`, half of them with a helper.
    Run,
    /// `larder serve`, asked over its pipes.
    Serve,
    /// A program that has `larder serve` as its helper.
    Client,
    /// The helper of such a program.
    Helper,
    /// A program that puts into the directory itself.
    Writer,
    /// A program that trims the directory itself.
    Trimmer,
}

impl Kind {
    pub(crate) const ALL: [Kind; 11] = [
        Kind::PutOfFile,
        Kind::PutOfStdin,
        Kind::TrimBySize,
        Kind::TrimByAge,
        Kind::Repair,
        Kind::Run,
        Kind::Serve,
        Kind::Client,
        Kind::Helper,
        Kind::Writer,
        Kind::Trimmer,
    ];

    pub(crate) fn name(self) -> &'static str {
        match self {
            Kind::PutOfFile => "put of a file",
            Kind::PutOfStdin => "put of stdin",
            Kind::TrimBySize => "trim by size",
            Kind::TrimByAge => "trim by age",
            Kind::Repair => "repair",
            Kind::Run => "run",
            Kind::Serve => "serve",
            Kind::Client => "client",
            Kind::Helper => "helper",
            Kind::Writer => "writer",
            Kind::Trimmer => "trimmer",
        }
    }

    /// Whether it has nothing to do unless something is old.
    pub(crate) fn is_trim(self) -> bool {
        matches!(self, Kind::TrimBySize | Kind::TrimByAge | Kind::Trimmer)
    }
}
