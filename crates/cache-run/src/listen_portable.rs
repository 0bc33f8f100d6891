//! Listening to a command until it has ended, where pipes cannot be waited for together: a thread
//! reads each. One that never comes to its pipe's end is left behind.

use std::io::{self, Read};
use std::process::Child;
use std::sync::mpsc::{RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::capture::Capture;
use crate::execute::{GRACE, Heard};
use crate::signals::Relay;

/// How often the command's end is looked for.
const LOOK: Duration = Duration::from_millis(10);

/// How many pieces may wait to be passed on.
const QUEUE: usize = 16;

/// Listens to `child`, which has pipes for its stdout and its stderr.
pub(crate) fn listen(
    child: &mut Child,
    _relay: Option<Relay<'_>>,
    capture: &mut Capture<'_>,
) -> io::Result<Heard> {
    let (heard, pieces) = sync_channel(QUEUE);
    if let Some(stdout) = child.stdout.take() {
        read(stdout, 0, heard.clone())?;
    }
    if let Some(stderr) = child.stderr.take() {
        read(stderr, 1, heard.clone())?;
    }
    drop(heard);
    let mut ended = None;
    loop {
        match pieces.recv_timeout(LOOK) {
            // What is of no use any more is read all the same: the threads have the pipes.
            Ok((stream, bytes)) => _ = capture.take(stream, &bytes),
            Err(RecvTimeoutError::Timeout) => {}
            Err(RecvTimeoutError::Disconnected) => {
                let (status, exited) = match ended {
                    Some(ended) => ended,
                    None => (child.wait()?, Instant::now()),
                };
                return Ok(Heard { status, exited, left_open: false });
            }
        }
        match ended {
            None => ended = child.try_wait()?.map(|status| (status, Instant::now())),
            Some((status, exited)) if exited.elapsed() >= GRACE => {
                return Ok(Heard { status, exited, left_open: true });
            }
            Some(_) => {}
        }
    }
}

fn read(
    mut pipe: impl Read + Send + 'static,
    stream: usize,
    heard: SyncSender<(usize, Vec<u8>)>,
) -> io::Result<()> {
    let read = move || {
        let mut buffer = vec![0; 64 << 10];
        while let Ok(n @ 1..) = pipe.read(&mut buffer) {
            if heard.send((stream, buffer[..n].to_vec())).is_err() {
                return;
            }
        }
    };
    thread::Builder::new().name("larder-run".to_owned()).spawn(read).map(drop)
}
