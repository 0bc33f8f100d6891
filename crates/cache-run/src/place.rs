//! Paths, and the names that they have in a key.

use std::fs;
use std::path::{Component, Path, PathBuf};

use crate::Text;

/// `path` seen from `base`, without `.` and `..`. `base` is absolute.
///
/// `..` after a symbolic link means the parent of what the link leads to, as it does for the
/// command that will use the path. Nothing else is looked at on the disk.
pub(crate) fn absolute(base: &Path, path: &Path) -> PathBuf {
    let mut place = base.to_owned();
    for component in path.components() {
        match component {
            Component::CurDir => {}
            Component::ParentDir => {
                if fs::symlink_metadata(&place).is_ok_and(|found| found.is_symlink())
                    && let Ok(real) = fs::canonicalize(&place)
                {
                    place = real;
                }
                place.pop();
            }
            // A root or a prefix replaces what was there.
            other => place.push(other),
        }
    }
    place
}

/// The name of what is at `path`: relative to `root` with `/` between the components, so that it
/// is the same in every checkout; the whole path of what lies outside. The root's is empty.
pub(crate) fn name(root: &Path, path: &Path) -> Text {
    Text::from(name_bytes(root, path))
}

/// What [`name`] gives, to be added to.
pub(crate) fn name_bytes(root: &Path, path: &Path) -> Vec<u8> {
    let Ok(inside) = path.strip_prefix(root) else {
        return with_slashes(path);
    };
    with_slashes(inside)
}

#[cfg(unix)]
fn with_slashes(path: &Path) -> Vec<u8> {
    path.as_os_str().as_encoded_bytes().to_owned()
}

#[cfg(not(unix))]
fn with_slashes(path: &Path) -> Vec<u8> {
    let bytes = path.as_os_str().as_encoded_bytes();
    // `\` and `/` are bytes of their own in this encoding, never a part of another character.
    bytes.iter().map(|&byte| if byte == b'\\' { b'/' } else { byte }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dots_are_resolved() {
        let base = Path::new("/project/src");
        for (path, expected) in [
            ("main.c", "/project/src/main.c"),
            ("./a/../b.c", "/project/src/b.c"),
            ("../include/", "/project/include"),
            ("/etc/../usr", "/usr"),
            ("../../../..", "/"),
            (".", "/project/src"),
        ] {
            assert_eq!(absolute(base, Path::new(path)), Path::new(expected), "{path}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_parent_of_a_link_is_that_of_where_it_leads() {
        let folder = tempfile::tempdir().unwrap();
        let base = fs::canonicalize(folder.path()).unwrap();
        fs::create_dir_all(base.join("far/away")).unwrap();
        std::os::unix::fs::symlink("far/away", base.join("link")).unwrap();
        assert_eq!(absolute(&base, Path::new("link/../x")), base.join("far/x"));
        assert_eq!(absolute(&base, Path::new("far/away/../x")), base.join("far/x"));
    }

    #[test]
    fn names_are_relative_to_the_root_where_they_can_be() {
        let name = |path: &str| name(Path::new("/project"), Path::new(path)).to_string();
        assert_eq!(name("/project/src/main.c"), "src/main.c");
        assert_eq!(name("/project"), "");
        assert_eq!(name("/projects/main.c"), "/projects/main.c");
        assert_eq!(name("/usr/include"), "/usr/include");
    }
}
