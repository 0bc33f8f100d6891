//! The threads of what runs in the test's process.

use std::ops::Deref;

use tokio::runtime::Runtime;

/// A runtime that ends when it is dropped, without waiting for what is on its way.
pub(crate) struct Threads(Option<Runtime>);

impl Threads {
    pub(crate) fn start(name: &str, number: usize) -> Self {
        let mut builder = tokio::runtime::Builder::new_multi_thread();
        builder.worker_threads(number).thread_name(name).enable_all();
        Self(Some(builder.build().unwrap()))
    }
}

impl Deref for Threads {
    type Target = Runtime;

    fn deref(&self) -> &Runtime {
        self.0.as_ref().unwrap()
    }
}

impl Drop for Threads {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}
