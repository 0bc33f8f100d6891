//! What a program calls its cache.

/// What a program calls its cache, in the environment and on disk. A program with names of its own
/// starts from a preset: `Names { dir: "MYTOOL_CACHE", folder: "mytool", ..Names::LARDER }`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Names {
    /// The variable that holds the directory, or `off`.
    pub dir: &'static str,
    /// The folder in the user's cache folder that is used when the variable is not set.
    pub folder: &'static str,
    /// Since which version the program cannot do without a cache, for the error that says so.
    /// `None` when it never could.
    pub required_since: Option<&'static str>,
    /// The text of the `README` in a new directory.
    pub readme: &'static str,
}

impl Names {
    /// Larder's.
    pub const LARDER: Names = Names {
        dir: "LARDER_DIR",
        folder: "larder",
        required_since: None,
        readme: "\
This folder is a build artifact cache, kept by Larder.
`larder stats` says what is in it, and `larder trim` makes it smaller.
Nothing here is lost for good: what is removed is built again when it is needed.
",
    };

    /// The go command's, for the directory that it uses itself.
    pub const GO: Names = Names {
        dir: "GOCACHE",
        folder: "go-build",
        required_since: Some("Go 1.12"),
        readme: "\
This folder is the build cache of the go command (https://go.dev).
`go clean -cache` empties it, and `go clean -fuzzcache` removes what fuzzing has found.
Nothing else here is lost for good: what is removed is built again when it is needed.
",
    };
}
