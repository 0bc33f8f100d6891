//! That the network of the tests does what it says. Times are only asked for where they cannot be
//! shorter; how much longer a loaded machine takes is nobody's business.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread;
use std::time::{Duration, Instant};

use test_stores::{Fault, Liar, Line, Proxy, noise};

/// A server that sends back what it gets, and its address.
fn echo() -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addr = listener.local_addr().unwrap();
    thread::spawn(move || {
        for stream in listener.incoming() {
            let (mut from, mut to) = {
                let stream = stream.unwrap();
                (stream.try_clone().unwrap(), stream)
            };
            thread::spawn(move || std::io::copy(&mut from, &mut to));
        }
    });
    addr
}

/// Sends `bytes` over a new connection; how many of them come back in order before it ends, and how
/// long that takes.
fn there_and_back(proxy: &Proxy, bytes: &[u8]) -> (usize, Duration) {
    let start = Instant::now();
    let stream = TcpStream::connect(proxy.addr()).unwrap();
    stream.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    let mut sender = stream.try_clone().unwrap();
    let sent = bytes.to_vec();
    let sending = thread::spawn(move || {
        // It fails when the connection is cut.
        let _ = sender.write_all(&sent);
        let _ = sender.shutdown(std::net::Shutdown::Write);
    });
    let mut back = Vec::new();
    let _ = (&stream).read_to_end(&mut back);
    let took = start.elapsed();
    drop(stream);
    sending.join().unwrap();
    assert!(bytes.starts_with(&back));
    (back.len(), took)
}

#[test]
fn a_line_passes_on_what_it_gets() {
    for line in [Line::HERE, Line::FAR] {
        let proxy = Proxy::start(echo(), line);
        let bytes = noise(1, 3_000_000);
        assert_eq!(there_and_back(&proxy, &bytes).0, bytes.len());
        assert_eq!(proxy.bytes_down(), bytes.len() as u64);
    }
}

#[test]
fn a_line_delays_each_direction() {
    let delay = Duration::from_millis(50);
    let proxy = Proxy::start(echo(), Line { delay, ..Line::HERE });
    assert!(there_and_back(&proxy, b"x").1 >= 2 * delay);
}

#[test]
fn a_line_has_its_bandwidth_over_all_connections() {
    let line = Line { bytes_per_second: Some(1_000_000), ..Line::HERE };
    let proxy = Proxy::start(echo(), line);
    let start = Instant::now();
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| there_and_back(&proxy, &noise(2, 200_000)));
        }
    });
    assert!(start.elapsed() >= Duration::from_millis(790), "{:?}", start.elapsed());
}

#[test]
fn a_fault_begins_and_ends_when_it_is_said() {
    let proxy = Proxy::start(echo(), Line::HERE);
    let mut open = TcpStream::connect(proxy.addr()).unwrap();

    proxy.set(Fault::Refuse);
    let refused = TcpStream::connect(proxy.addr()).unwrap_err();
    assert_eq!(refused.kind(), ErrorKind::ConnectionRefused);
    // The connection that was there is cut.
    assert!(matches!(open.read(&mut [0]), Ok(0) | Err(_)));

    proxy.set(Fault::CutAfter(1000));
    assert_eq!(there_and_back(&proxy, &noise(3, 100_000)).0, 1000);

    proxy.set(Fault::Hang);
    let mut hanging = TcpStream::connect(proxy.addr()).unwrap();
    hanging.set_read_timeout(Some(Duration::from_millis(200))).unwrap();
    hanging.write_all(b"x").unwrap();
    let error = hanging.read(&mut [0]).unwrap_err();
    assert!(matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut), "{error}");

    proxy.set(Fault::Crawl);
    let (back, took) = there_and_back(&proxy, &noise(4, 500));
    assert_eq!(back, 500);
    assert!(took >= Duration::from_millis(490), "{took:?}");

    proxy.set(Fault::None);
    assert_eq!(there_and_back(&proxy, b"x").0, 1);
    // What hung goes on.
    hanging.set_read_timeout(Some(Duration::from_secs(60))).unwrap();
    hanging.read_exact(&mut [0]).unwrap();
}

#[test]
fn a_liar_changes_what_is_stored() {
    let folder = tempfile::tempdir().unwrap();
    let liar = Liar::new(folder.path());
    liar.replace("a/1", b"one");
    liar.replace("a/b/2", b"other");
    assert_eq!(liar.keys("a/"), ["a/1", "a/b/2"]);
    liar.swap("a/1", "a/b/2");
    assert_eq!(liar.read("a/1"), b"other");
    liar.flip("a/1", 4);
    assert_eq!(liar.read("a/1"), b"othes");
    liar.truncate("a/1", 2);
    assert_eq!(liar.read("a/1"), b"ot");
    liar.remove("a/1");
    assert_eq!(liar.keys(""), ["a/b/2"]);
}
