//! Debian's `redis-server`.

use std::net::SocketAddr;
use std::process::Command;

use crate::process::{Process, free_addr};

/// A Redis that keeps everything in memory. It ends when it is dropped.
pub struct Redis {
    addr: SocketAddr,
    _server: Process,
    _dir: tempfile::TempDir,
}

impl Redis {
    /// Starts it.
    pub fn start() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let addr = free_addr();
        let mut command = Command::new("redis-server");
        command.args(["--bind", "127.0.0.1", "--port", &addr.port().to_string()]);
        command.args(["--save", "", "--appendonly", "no", "--dir"]).arg(dir.path());
        let server = Process::start(&mut command, &dir.path().join("log"), addr);
        Self { addr, _server: server, _dir: dir }
    }

    /// The address of a store in it.
    pub fn uri(&self) -> String {
        format!("redis://{}/0/builds", self.addr)
    }
}
