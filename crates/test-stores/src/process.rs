//! Servers as processes of their own.

use std::fs::File;
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread::sleep;
use std::time::{Duration, Instant};

/// How long a server may take to listen.
const DEADLINE: Duration = Duration::from_secs(30);

/// A process that is killed when it is dropped.
pub(crate) struct Process(Child);

impl Process {
    /// Starts a server that says what it says in `log`, and waits until it listens at `addr`.
    pub(crate) fn start(command: &mut Command, log: &Path, addr: SocketAddr) -> Self {
        let log_file = File::create(log).expect("a log");
        let errors = log_file.try_clone().expect("a log");
        command.stdin(Stdio::null()).stdout(log_file).stderr(errors);
        let child = command.spawn().unwrap_or_else(|e| {
            panic!(
                "cannot start {command:?}: {e}; `cargo xtask e2e go_remote` installs what it needs"
            )
        });
        let mut process = Self(child);
        let begun = Instant::now();
        while TcpStream::connect(addr).is_err() {
            let ended = process.0.try_wait().expect("a child");
            let said = || std::fs::read_to_string(log).unwrap_or_default();
            assert!(ended.is_none(), "{command:?} ended: {}", said());
            assert!(begun.elapsed() < DEADLINE, "{command:?} does not listen: {}", said());
            sleep(Duration::from_millis(20));
        }
        process
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended by itself.
        self.0.kill().ok();
        self.0.wait().ok();
    }
}

/// An address at which nobody listens now.
pub(crate) fn free_addr() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
    listener.local_addr().expect("its address")
}
