use super::*;

#[test]
fn a_temporary_file_that_cannot_be_made_gives_the_systems_words_alone() {
    let folder = tempfile::tempdir().unwrap();
    let error = temporary().make_in(folder.path().join("gone"), create_new).unwrap_err();
    assert!(error.raw_os_error().is_some(), "{error}");
    assert!(!error.to_string().contains(TEMPORARY.0), "{error}");
}
