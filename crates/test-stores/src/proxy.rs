//! A network in the test's process: a TCP proxy on loopback that adds a distance and a bandwidth,
//! and on demand does what networks do when they are at their worst.

use std::future::pending;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, mpsc as std_mpsc};
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, sleep_until};

use crate::threads::Threads;

/// What a line is like.
#[derive(Debug, Clone, Copy)]
pub struct Line {
    /// How long a byte travels, in each direction.
    pub delay: Duration,
    /// How many bytes pass in a second, in each direction, over all connections.
    pub bytes_per_second: Option<u64>,
}

impl Line {
    /// No distance, and every byte passes at once.
    pub const HERE: Self = Self { delay: Duration::ZERO, bytes_per_second: None };

    /// Round trips of 50 ms, and 200 Mbit/s.
    pub const FAR: Self =
        Self { delay: Duration::from_millis(25), bytes_per_second: Some(200_000_000 / 8) };
}

/// What goes wrong on a line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// Nothing.
    None,
    /// Connections are refused, and those that are there are cut.
    Refuse,
    /// Connections are accepted, and no byte passes.
    Hang,
    /// 1,000 bytes pass in a second, in each direction, over all connections.
    Crawl,
    /// Each connection is cut when so many bytes have come from the server.
    CutAfter(u64),
}

/// The proxy. It ends when it is dropped.
pub struct Proxy {
    addr: SocketAddr,
    commands: mpsc::UnboundedSender<(Fault, std_mpsc::Sender<()>)>,
    down: Arc<AtomicU64>,
    _threads: Threads,
}

impl Proxy {
    /// A proxy in front of the server at `to`.
    pub fn start(to: SocketAddr, line: Line) -> Self {
        let threads = Threads::start("proxy", 1);
        let listener = threads.block_on(TcpListener::bind("127.0.0.1:0")).unwrap();
        let addr = listener.local_addr().unwrap();
        let (commands, receiver) = mpsc::unbounded_channel();
        let down = Arc::new(AtomicU64::new(0));
        let lines = [Way::new(line, Arc::default()), Way::new(line, down.clone())];
        threads.spawn(accept(listener, to, lines, receiver));
        Self { addr, commands, down, _threads: threads }
    }

    /// Where it listens.
    pub fn addr(&self) -> SocketAddr {
        self.addr
    }

    /// What goes wrong from now on, on all connections.
    pub fn set(&self, fault: Fault) {
        let (done, is_done) = std_mpsc::channel();
        self.commands.send((fault, done)).unwrap();
        is_done.recv().unwrap();
    }

    /// How many bytes have come from the server so far.
    pub fn bytes_down(&self) -> u64 {
        self.down.load(Ordering::Relaxed)
    }
}

/// One direction of the line, which all connections share.
#[derive(Clone)]
struct Way {
    line: Line,
    passed: Arc<AtomicU64>,
    /// When the next byte can set out.
    free: Arc<Mutex<Instant>>,
    crawl_free: Arc<Mutex<Instant>>,
}

impl Way {
    fn new(line: Line, passed: Arc<AtomicU64>) -> Self {
        let now = Instant::now();
        let free = || Arc::new(Mutex::new(now));
        Self { line, passed, free: free(), crawl_free: free() }
    }
}

/// When the last of `bytes` has passed a place where so many pass in a second.
fn reserve(free: &Mutex<Instant>, bytes: usize, per_second: u64) -> Instant {
    // A timer is late by a millisecond or two, which must not cost bandwidth.
    let now = Instant::now() - Duration::from_millis(5);
    let mut free = free.lock().unwrap();
    *free = now.max(*free) + Duration::from_secs_f64(bytes as f64 / per_second as f64);
    *free
}

/// A port where nobody listens, and nobody else will.
pub struct Nobody(TcpSocket);

impl Nobody {
    /// Takes a port.
    pub fn somewhere() -> Self {
        Self::at("127.0.0.1:0".parse().unwrap())
    }

    fn at(addr: SocketAddr) -> Self {
        let socket = TcpSocket::new_v4().unwrap();
        socket.set_reuseaddr(true).unwrap();
        socket.bind(addr).unwrap();
        Self(socket)
    }

    /// Its address.
    pub fn addr(&self) -> SocketAddr {
        self.0.local_addr().unwrap()
    }
}

enum Door {
    Open(TcpListener),
    Shut(Nobody),
}

async fn accept(
    listener: TcpListener,
    to: SocketAddr,
    lines: [Way; 2],
    mut commands: mpsc::UnboundedReceiver<(Fault, std_mpsc::Sender<()>)>,
) {
    let addr = listener.local_addr().unwrap();
    let mut door = Door::Open(listener);
    let (fault, faults) = watch::channel(Fault::None);
    loop {
        let next = async {
            match &door {
                Door::Open(listener) => listener.accept().await,
                Door::Shut(_) => pending().await,
            }
        };
        tokio::select! {
            command = commands.recv() => {
                let Some((new, done)) = command else { return };
                door = match (new, door) {
                    (Fault::Refuse, Door::Open(listener)) => {
                        drop(listener);
                        Door::Shut(Nobody::at(addr))
                    }
                    (Fault::Refuse, shut) => shut,
                    (_, Door::Shut(nobody)) => Door::Open(nobody.0.listen(1024).unwrap()),
                    (_, open) => open,
                };
                fault.send_replace(new);
                let _ = done.send(());
            }
            accepted = next => {
                let (client, _) = accepted.unwrap();
                tokio::spawn(connection(client, to, lines.clone(), faults.clone()));
            }
        }
    }
}

async fn connection(
    client: TcpStream,
    to: SocketAddr,
    lines: [Way; 2],
    faults: watch::Receiver<Fault>,
) {
    let Ok(server) = TcpStream::connect(to).await else { return };
    client.set_nodelay(true).unwrap();
    server.set_nodelay(true).unwrap();
    let (from_client, to_client) = client.into_split();
    let (from_server, to_server) = server.into_split();
    let [up, down] = lines;
    let both = async {
        let up = pass(from_client, to_server, up, faults.clone(), false);
        let down = pass(from_server, to_client, down, faults.clone(), true);
        // Either may end before the other; an error cuts both.
        tokio::try_join!(up, down)
    };
    let cut = async {
        let mut faults = faults.clone();
        faults.wait_for(|fault| *fault == Fault::Refuse).await.map(|_| ())
    };
    tokio::select! {
        _ = both => {}
        _ = cut => {}
    }
}

/// Passes on what comes, in order, each piece when it has travelled for long enough.
async fn pass(
    mut from: OwnedReadHalf,
    to: OwnedWriteHalf,
    way: Way,
    faults: watch::Receiver<Fault>,
    is_down: bool,
) -> io::Result<()> {
    // As much as is on its way at once on a line of 200 Mbit/s and 100 ms.
    let (travels, arrives) = mpsc::channel::<(Instant, Vec<u8>)>(160);
    let read = async {
        let mut buffer = vec![0; 16 << 10];
        loop {
            let n = from.read(&mut buffer).await?;
            if n == 0 {
                break;
            }
            let mut sent = Instant::now();
            if let Some(per_second) = way.line.bytes_per_second {
                sent = reserve(&way.free, n, per_second);
                sleep_until(sent).await;
            }
            if travels.send((sent + way.line.delay, buffer[..n].to_vec())).await.is_err() {
                break;
            }
        }
        drop(travels);
        Ok(())
    };
    tokio::try_join!(read, deliver(arrives, to, &way, faults, is_down)).map(|_| ())
}

async fn deliver(
    mut arrives: mpsc::Receiver<(Instant, Vec<u8>)>,
    mut to: OwnedWriteHalf,
    way: &Way,
    mut faults: watch::Receiver<Fault>,
    is_down: bool,
) -> io::Result<()> {
    let mut since_fault = 0;
    while let Some((due, bytes)) = arrives.recv().await {
        sleep_until(due).await;
        let mut rest = &bytes[..];
        while !rest.is_empty() {
            if faults.has_changed().unwrap_or(false) {
                since_fault = 0;
            }
            let fault = *faults.borrow_and_update();
            let n = match fault {
                Fault::None | Fault::Refuse => rest.len(),
                Fault::Hang => {
                    let _ = faults.changed().await;
                    continue;
                }
                Fault::Crawl => rest.len().min(100),
                Fault::CutAfter(limit) if is_down => {
                    let left = limit.saturating_sub(since_fault);
                    if left == 0 {
                        return Err(io::ErrorKind::ConnectionAborted.into());
                    }
                    rest.len().min(left as usize)
                }
                Fault::CutAfter(_) => rest.len(),
            };
            if fault == Fault::Crawl {
                sleep_until(reserve(&way.crawl_free, n, 1000)).await;
            }
            to.write_all(&rest[..n]).await?;
            way.passed.fetch_add(n as u64, Ordering::Relaxed);
            since_fault += n as u64;
            rest = &rest[n..];
        }
    }
    Ok(())
}
