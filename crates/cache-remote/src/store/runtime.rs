//! The threads of a store.

use std::io;

use tokio::runtime::{Builder, Runtime};

/// How many things may be done at once that keep a thread waiting.
const BLOCKING: usize = 64;

/// The runtime that operations need, and one for work behind a build.
pub(super) fn start() -> io::Result<(Runtime, Runtime)> {
    let operations = Builder::new_multi_thread()
        .worker_threads(2)
        .max_blocking_threads(BLOCKING)
        .thread_name("larder-remote")
        .enable_all()
        .build()?;
    let background = Builder::new_current_thread()
        .max_blocking_threads(BLOCKING)
        .thread_name("larder-behind")
        .on_thread_start(give_way)
        .build()?;
    Ok((operations, background))
}

/// Gives this thread the lowest priority, on Linux: elsewhere it would be the whole process.
fn give_way() {
    #[cfg(target_os = "linux")]
    if let Err(error) = rustix::process::nice(19) {
        tracing::debug!("uploads are not given a lower priority: {error}");
    }
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    #[test]
    fn only_work_behind_a_build_has_the_lowest_priority() {
        let (operations, background) = super::start().unwrap();
        let priority = || rustix::process::getpriority_process(None).unwrap();
        let [here, ours, behind] = [None, Some(&operations), Some(&background)].map(|runtime| {
            let done = runtime.map(|runtime| runtime.spawn_blocking(priority));
            done.map_or_else(priority, |done| operations.block_on(done).unwrap())
        });
        assert_eq!((ours, behind), (here, 19));
    }
}
