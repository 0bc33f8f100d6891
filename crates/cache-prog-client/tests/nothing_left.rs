//! No process, no zombie and no thread is left, however a cache ends. One test, so that nothing
//! else in its process has helpers.

#![cfg(target_os = "linux")]

mod support;

use std::time::Duration;

use cache_core::{Cache, CacheExt};
use support::{action, builder, left, start};

#[test]
fn nothing_is_left_of_a_helper() {
    let folder = tempfile::tempdir().unwrap();
    let serves = support::serves(&folder);
    assert_eq!(left(), (Vec::new(), 0));

    let cache = start(&serves);
    cache.put_bytes(&action(1), b"x").unwrap();
    assert_eq!((left().0.len(), left().1), (1, 1), "what is looked for can be seen");
    cache.close().unwrap();
    assert_eq!(left(), (Vec::new(), 0), "after close");

    for script in [&*serves, "never-answers", "ignores-close", "stops-reading", "closes-input"] {
        drop(start(script));
        assert_eq!(left(), (Vec::new(), 0), "dropped without close: {script}");
    }

    for script in ["after 1 '' 7", "after 1 oops", "closes-output", r#"floods '{"ID":5000}'"#] {
        let cache = start(script);
        cache.get(&action(1)).unwrap_err();
        assert_eq!(left().0, Vec::<String>::new(), "failed, and not yet dropped: {script}");
        drop(cache);
        assert_eq!(left(), (Vec::new(), 0), "failed: {script}");
    }

    let limit = Duration::from_millis(50);
    for script in ["ignores-close", "stops-reading"] {
        builder(script).close_deadline(limit).start().unwrap().close().unwrap_err();
        assert_eq!(left(), (Vec::new(), 0), "ended by close: {script}");
    }
    for script in ["never-declares", "says '' 7", "says oops 0", r#"says '{"ID":0}'"#] {
        builder(script).start_deadline(limit).start().unwrap_err();
        assert_eq!(left(), (Vec::new(), 0), "not started: {script}");
    }

    let shared = tempfile::tempdir().unwrap();
    let script = format!("leaves-child '{}' {serves}", shared.path().display());
    start(&script).close().unwrap();
    assert_eq!(left(), (Vec::new(), 0), "closed, its output held by another process");
    drop(start(&script));
    assert_eq!(left(), (Vec::new(), 0), "dropped, its output held by another process");
}
