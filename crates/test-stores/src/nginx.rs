//! Debian's nginx as a WebDAV server.

use std::fs;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::process::Command;

use crate::process::{Process, free_addr};

/// An nginx with an empty folder. It ends when it is dropped.
pub struct Nginx {
    addr: SocketAddr,
    _server: Process,
    dir: tempfile::TempDir,
}

impl Nginx {
    /// Starts it.
    pub fn start() -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let addr = free_addr();
        let path = dir.path().display();
        let config = format!(
            "daemon off; master_process off; pid {path}/pid; error_log stderr;
             events {{ worker_connections 512; }}
             http {{
               access_log off;
               client_body_temp_path {path}/bodies; proxy_temp_path {path}/proxy;
               fastcgi_temp_path {path}/fastcgi; uwsgi_temp_path {path}/uwsgi;
               scgi_temp_path {path}/scgi;
               client_max_body_size 64m;
               server {{
                 listen {addr};
                 root {path}/files;
                 location / {{ dav_methods PUT DELETE; create_full_put_path on; }}
               }}
             }}"
        );
        fs::create_dir(dir.path().join("files")).expect("a folder");
        fs::write(dir.path().join("conf"), config).expect("a configuration");
        let mut command = Command::new("nginx");
        command.arg("-e").arg("stderr").arg("-p").arg(dir.path());
        command.arg("-c").arg(dir.path().join("conf"));
        let server = Process::start(&mut command, &dir.path().join("log"), addr);
        Self { addr, _server: server, dir }
    }

    /// The address of a store in it.
    pub fn uri(&self) -> String {
        format!("webdav+http://{}/builds?disable_create_dir=true", self.addr)
    }

    /// Where the objects are, each a file under its key.
    pub fn folder(&self) -> PathBuf {
        self.dir.path().join("files/builds")
    }
}
