//! From an address to OpenDAL's operators, with all that makes their operations end.

use std::sync::Arc;
use std::time::Duration;

use opendal::layers::{ConcurrentLimitLayer, LoggingLayer, RetryLayer, TimeoutLayer};
use opendal::{ErrorKind, HttpTransporter, OperationContext, Operator};
use opendal_http_transport_reqwest::ReqwestTransport;

use super::StoreOptions;
use super::address::Address;
use super::error::{StoreProblem, chain, said};
use super::log::Log;
use super::mask::Masks;
use super::scheme::Scheme;
use super::{FIRST_PAUSE, LONGEST_PAUSE, unfinished};

/// The operators for reading, for writing and for listing, or what is wrong.
///
/// Those for reading and for writing are two, so that uploads and downloads have limits of their own,
/// and neither waits for the other's turns.
pub(super) fn open(
    mut address: Address,
    options: &StoreOptions,
    masks: &Arc<Masks>,
) -> Result<[Operator; 3], StoreProblem> {
    if address.scheme == Scheme::Redis {
        let connections = address.options.entry("connection_pool_max_size".into());
        // One for every turn there is; waiting for one would count as waiting for an answer.
        connections.or_insert_with(|| (2 * options.at_once.max(1)).to_string());
    }
    if let Some(folder) = address.options.get("atomic_write_dir") {
        unfinished::remove_old(folder.as_ref());
    }
    let plain = address.is_plain();
    // The process has one; a program that has chosen its own keeps it.
    let _ = rustls::crypto::ring::default_provider().install_default();
    let mut service = match address.scheme.build(address.options) {
        Some(built) => built.map_err(|error| match error.kind() {
            // A shared folder is looked at when it is opened.
            ErrorKind::Unexpected => StoreProblem::Unreachable(masks.text(&said(&error))),
            _ => StoreProblem::Address(masks.text(&said(&error))),
        })?,
        None => return Err(StoreProblem::Address("this build does not have it".into())),
    };
    if address.scheme.is_http() {
        let client = http_client(plain, options).map_err(|error| {
            // The client's own error says only that it failed.
            let reasons: Vec<String> = chain(Some(&error)).map(ToString::to_string).collect();
            StoreProblem::Unreachable(format!(
                "HTTPS is not possible here: {}; root certificates come with the system's package \
                 ca-certificates, or SSL_CERT_FILE names them",
                reasons.join(": ")
            ))
        })?;
        let transport = HttpTransporter::new(ReqwestTransport::new(client));
        service = service.with_context(OperationContext::new().with_http_transport(transport));
    }
    let log = Log { masks: masks.clone() };
    // The order matters: each try has a limit of its own, so the timeout is inside the retry, and a
    // turn is kept over all tries of an operation, so waiting for one is not timed.
    let [reads, writes] = [options.read_timeout, options.write_timeout]
        .map(|timeout| timed(service.clone(), timeout).layer(retries(options, &log)));
    let lists = timed(service, options.read_timeout);
    Ok([reads, writes, lists].map(|service| limited(service, options, &log)))
}

/// A client for one store alone: its connections belong to a runtime, and end with it.
fn http_client(plain: bool, options: &StoreOptions) -> reqwest::Result<reqwest::Client> {
    let mut builder = reqwest::Client::builder()
        .user_agent(concat!("larder/", env!("CARGO_PKG_VERSION")))
        .connect_timeout(options.connect_timeout)
        // Amazon closes idle ones after about as long.
        .pool_idle_timeout(Duration::from_secs(20));
    if plain {
        // Reading the system's root certificates takes a while, and fails where there are none.
        builder = builder.tls_certs_only([]);
    }
    builder.build()
}

fn timed(service: Operator, timeout: Duration) -> Operator {
    service.layer(TimeoutLayer::new().with_timeout(timeout).with_io_timeout(timeout))
}

fn retries(options: &StoreOptions, log: &Log) -> RetryLayer<Log> {
    RetryLayer::new()
        .with_notify(log.clone())
        .with_jitter()
        .with_min_delay(FIRST_PAUSE)
        .with_max_delay(LONGEST_PAUSE)
        .with_max_times(options.tries.saturating_sub(1))
}

fn limited(service: Operator, options: &StoreOptions, log: &Log) -> Operator {
    service
        .layer(ConcurrentLimitLayer::new(options.at_once.max(1)))
        .layer(LoggingLayer::new(log.clone()))
}
