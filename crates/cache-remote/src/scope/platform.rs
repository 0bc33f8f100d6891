//! The platform that is built for, by Go's names.

use std::env::consts;

use super::{Env, variables};

pub(super) fn os(env: Env<'_>) -> String {
    variables::value("GOOS", env).unwrap_or_else(|| {
        match consts::OS {
            "macos" => "darwin",
            os => os,
        }
        .to_owned()
    })
}

pub(super) fn arch(env: Env<'_>) -> String {
    variables::value("GOARCH", env).unwrap_or_else(|| {
        match consts::ARCH {
            "x86_64" => "amd64",
            "x86" => "386",
            "aarch64" => "arm64",
            "loongarch64" => "loong64",
            "powerpc64" if cfg!(target_endian = "little") => "ppc64le",
            "powerpc64" => "ppc64",
            arch => arch,
        }
        .to_owned()
    })
}
