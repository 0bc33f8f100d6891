//! What a program calls its cache.

/// What a program calls its cache, in the environment and on disk. A program with names of its own
/// starts from a preset: `Names { dir: "MYTOOL_CACHE", folder: "mytool", ..Names::LARDER }`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Names {
    /// The variable that holds the directory, or `off`.
    pub dir: &'static str,
    /// The folder in the user's cache folder that is used when nothing names a directory.
    pub folder: &'static str,
    /// Whether a relative `HOME` counts, as in the go command: then the default directory is a
    /// relative path as well, another one in every place. If not, there is no default.
    pub relative_home: bool,
    /// The variable that holds the helper's command, or `off`.
    pub prog: &'static str,
    /// The variables about a store that is shared with other machines. `None`: there are none.
    pub remote: Option<RemoteNames>,
    /// The variable that holds the size limit, or `off`. `None`: there is no such variable.
    pub max_size: Option<&'static str>,
    /// The variable that says whether a directory is used that everybody can write to. `None`: there
    /// is no such variable.
    pub allow_world_writable: Option<&'static str>,
    /// The variable that turns on modes for debugging.
    pub debug: DebugNames,
    /// The settings file, as a relative path in the user's config folder. `None`: there is no such
    /// file.
    pub file: Option<&'static str>,
    /// Since which version the program cannot do without a cache, for the error that says so.
    /// `None` when it never could.
    pub required_since: Option<&'static str>,
    /// The text of the `README` in a new directory.
    pub readme: &'static str,
}

/// The variables about a store that is shared with other machines.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RemoteNames {
    /// The variable that holds the store's address, or `off`.
    pub remote: &'static str,
    /// The variable that says what is done with the store: `read-write`, `read-only` or
    /// `write-only`.
    pub access: &'static str,
    /// The variable that says how long closing waits for uploads.
    pub upload_wait: &'static str,
    /// The variable that holds the template of the scope, or `off`.
    pub scope: &'static str,
    /// The variable that holds the public keys of the writers that are trusted, separated by commas,
    /// or `off`.
    pub trusted_keys: &'static str,
    /// The variable that holds the path of the file with the secret key, or `off`.
    pub signing_key: &'static str,
    /// The variable that is set where the directory may be gone as soon as the program has ended, so
    /// that closing waits for uploads when nothing says how long.
    pub ci: &'static str,
}

/// A variable that holds modes for debugging, as `verify=1,hash=1`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DebugNames {
    /// The variable.
    pub variable: &'static str,
    /// What verify mode is called in it.
    pub verify: &'static str,
    /// What the trace of hashes is called in it.
    pub hash: &'static str,
    /// Whether others keep modes of their own in it. If not, an unknown one is a mistake.
    pub is_shared: bool,
}

impl Names {
    /// Larder's.
    pub const LARDER: Names = Names {
        dir: "LARDER_DIR",
        folder: "larder",
        relative_home: false,
        prog: "LARDER_PROG",
        remote: Some(RemoteNames {
            remote: "LARDER_REMOTE",
            access: "LARDER_REMOTE_ACCESS",
            upload_wait: "LARDER_UPLOAD_WAIT",
            scope: "LARDER_SCOPE",
            trusted_keys: "LARDER_TRUSTED_KEYS",
            signing_key: "LARDER_SIGNING_KEY",
            ci: "CI",
        }),
        max_size: Some("LARDER_MAX_SIZE"),
        allow_world_writable: Some("LARDER_ALLOW_WORLD_WRITABLE"),
        debug: DebugNames {
            variable: "LARDER_DEBUG",
            verify: "verify",
            hash: "hash",
            is_shared: false,
        },
        file: Some("larder/config.toml"),
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
        relative_home: true,
        prog: "GOCACHEPROG",
        remote: None,
        max_size: None,
        allow_world_writable: None,
        debug: DebugNames {
            variable: "GODEBUG",
            verify: "gocacheverify",
            hash: "gocachehash",
            is_shared: true,
        },
        file: None,
        required_since: Some("Go 1.12"),
        readme: "\
This folder is the build cache of the go command (https://go.dev).
`go clean -cache` empties it, and `go clean -fuzzcache` removes what fuzzing has found.
Nothing else here is lost for good: what is removed is built again when it is needed.
",
    };
}
