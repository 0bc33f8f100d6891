//! What OpenDAL tells about its work, passed on to `tracing` with the secrets masked.

use std::fmt;
use std::sync::Arc;

use opendal::layers::{LoggingInterceptor, RetryEvent, RetryInterceptor};
use opendal::raw::{Operation, ServiceInfo};
use tracing::{debug, enabled, trace};

use super::error::said;
use super::mask::Masks;

/// Logs each operation and each failed try.
#[derive(Clone)]
pub(super) struct Log {
    pub(super) masks: Arc<Masks>,
}

impl fmt::Debug for Log {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Log")
    }
}

impl LoggingInterceptor for Log {
    fn log(
        &self,
        info: &ServiceInfo,
        operation: Operation,
        context: &[(&str, &str)],
        message: &str,
        error: Option<&opendal::Error>,
    ) {
        // It is called several times for each operation.
        if !enabled!(tracing::Level::DEBUG) {
            return;
        }
        let of = |name| context.iter().find(|(known, _)| *known == name).map(|(_, value)| *value);
        let (service, key) = (info.scheme(), of("path").unwrap_or_default());
        match error {
            Some(error) => {
                let error = self.masks.text(&said(error));
                debug!(service, %operation, key, error, "{message}");
            }
            None => trace!(service, %operation, key, "{message}"),
        }
    }
}

impl RetryInterceptor for Log {
    fn intercept(&self, event: RetryEvent<'_>) {
        if enabled!(tracing::Level::DEBUG) {
            let error = self.masks.text(&said(event.err));
            let after_ms = event.retry_after.as_millis() as u64;
            debug!(operation = %event.op, failed = event.attempt, after_ms, error, "trying again");
        }
    }
}
