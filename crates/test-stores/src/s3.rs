//! A real S3 server that checks signatures: `s3s` with its objects as files.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex};

use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper::{Request, server::conn::http1};
use hyper_util::rt::TokioIo;
use s3s::auth::SimpleAuth;
use s3s::service::{S3Service, S3ServiceBuilder};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::Liar;
use crate::threads::Threads;

/// The key that the server knows.
pub const ACCESS_KEY: &str = "AKLARDERTESTS";

/// Its secret.
pub const SECRET_KEY: &str = "a-secret-for-the-tests";

/// The one bucket.
pub const BUCKET: &str = "builds";

/// A server with an empty bucket in a temporary folder. It ends when it is dropped.
pub struct S3Server {
    addr: SocketAddr,
    bucket: PathBuf,
    /// Removed with the server, where it is ours.
    folder: Option<TempDir>,
    requests: Requests,
    _threads: Threads,
}

/// The requests that came, as `METHOD path?query`.
type Requests = Arc<Mutex<Vec<String>>>;

impl S3Server {
    /// Starts a server.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let mut server = Self::of(folder.path());
        server.folder = Some(folder);
        server
    }

    /// Starts a server whose bucket is in this folder, where it stays.
    pub fn of(folder: &Path) -> Self {
        let bucket = folder.join(BUCKET);
        fs::create_dir_all(&bucket).unwrap();
        let mut builder = S3ServiceBuilder::new(s3s_fs::FileSystem::new(folder).unwrap());
        builder.set_auth(SimpleAuth::from_single(ACCESS_KEY, SECRET_KEY));
        let service = builder.build();
        let threads = Threads::start("s3-server", 2);
        let listener = threads.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let addr = listener.local_addr().unwrap();
        let requests = Requests::default();
        threads.spawn(serve(listener, service, requests.clone()));
        Self { addr, bucket, folder: None, requests, _threads: threads }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// The address of a store in its bucket, with the credentials in it.
    pub fn uri(&self, prefix: &str) -> String {
        uri_at(self.addr, prefix, SECRET_KEY)
    }

    /// The same, by the way of a [`Proxy`](super::Proxy).
    pub fn uri_by(&self, proxy: &super::Proxy, prefix: &str) -> String {
        uri_at(proxy.addr(), prefix, SECRET_KEY)
    }

    /// Where the bucket's objects are, each a file under its key.
    pub fn bucket(&self) -> PathBuf {
        self.bucket.clone()
    }

    /// Somebody who can change what is stored.
    pub fn liar(&self) -> Liar {
        Liar::new(self.bucket())
    }

    /// Every request so far, as `METHOD path?query`.
    pub fn requests(&self) -> Vec<String> {
        self.requests.lock().unwrap().clone()
    }

    /// How many requests so far begin with `start`, as `PUT ` or `GET /builds/a`.
    pub fn count(&self, start: &str) -> usize {
        self.requests().iter().filter(|request| request.starts_with(start)).count()
    }

    /// Forgets the requests so far.
    pub fn forget_requests(&self) {
        self.requests.lock().unwrap().clear();
    }
}

/// The address of a store in a bucket that a server at `addr` has.
pub fn uri_at(addr: SocketAddr, prefix: &str, secret: &str) -> String {
    format!(
        "s3://{BUCKET}/{prefix}?endpoint=http://{addr}&region=us-east-1\
         &access_key_id={ACCESS_KEY}&secret_access_key={secret}\
         &disable_config_load=true&disable_ec2_metadata=true"
    )
}

async fn serve(listener: TcpListener, service: S3Service, requests: Requests) {
    while let Ok((stream, _)) = listener.accept().await {
        // As Nagle's algorithm would add 40 ms to an answer.
        stream.set_nodelay(true).unwrap();
        let service = service.clone();
        let requests = requests.clone();
        tokio::spawn(async move {
            let noted = service_fn(|request: Request<Incoming>| {
                let line = format!("{} {}", request.method(), request.uri());
                requests.lock().unwrap().push(line);
                let service = service.clone();
                async move { service.call(request.map(s3s::Body::from)).await }
            });
            // A client that goes away is no failure of the server's.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), noted).await;
        });
    }
}
