//! Garage, an object store that speaks S3: nodes that keep each object three times.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::thread::sleep;
use std::time::{Duration, Instant};

use crate::process::{Process, free_addr};

/// How long the nodes may take to find each other.
const DEADLINE: Duration = Duration::from_secs(60);

const NODES: usize = 3;

const BUCKET: &str = "cache";

/// A cluster of three nodes with an empty bucket. It ends when it is dropped.
pub struct Garage {
    nodes: Vec<Node>,
    key: String,
    secret: String,
    _dir: tempfile::TempDir,
}

struct Node {
    config: PathBuf,
    s3: SocketAddr,
    server: Option<Process>,
}

impl Garage {
    /// Starts the nodes, with `program` as the `garage` command.
    pub fn start(program: &Path) -> Self {
        let dir = tempfile::tempdir().expect("a folder");
        let nodes: Vec<Node> = (1..=NODES).map(|n| Node::start(program, dir.path(), n)).collect();
        let first = &nodes[0];
        for node in &nodes {
            let id = until(|| node.run(program, &["node", "id", "-q"]));
            let id = id.trim();
            if node.config != first.config {
                until(|| first.run(program, &["node", "connect", id]));
            }
            let short = id.split('@').next().expect("an identity");
            until(|| first.run(program, &["layout", "assign", "-z", "dc1", "-c", "8G", short]));
        }
        until(|| first.run(program, &["layout", "apply", "--version", "1"]));
        until(|| first.run(program, &["bucket", "create", BUCKET]));
        let made = until(|| first.run(program, &["key", "create", "cache"]));
        let field = |name: &str| {
            let line = made.lines().find_map(|line| line.trim().strip_prefix(name));
            line.unwrap_or_else(|| panic!("no {name} in {made}")).trim().to_owned()
        };
        let (key, secret) = (field("Key ID:"), field("Secret key:"));
        let allow = ["bucket", "allow", "--read", "--write", "--owner", BUCKET, "--key", &key];
        until(|| first.run(program, &allow));
        Self { nodes, key, secret, _dir: dir }
    }

    /// The address of a store in the bucket, which the first node answers for.
    pub fn uri(&self) -> String {
        let Self { nodes, key, secret, .. } = self;
        format!(
            "s3://{BUCKET}/builds?endpoint=http://{}&region=garage&access_key_id={key}\
             &secret_access_key={secret}&disable_config_load=true&disable_ec2_metadata=true",
            nodes[0].s3
        )
    }

    /// Ends the last node, as a machine does that fails: with SIGKILL.
    pub fn kill_a_node(&mut self) {
        self.nodes.last_mut().expect("a node").server = None;
    }
}

impl Node {
    fn start(program: &Path, dir: &Path, number: usize) -> Self {
        let folder = dir.join(number.to_string());
        fs::create_dir(&folder).expect("a folder");
        let [s3, rpc, admin] = [(); 3].map(|()| free_addr());
        let path = folder.display();
        let text = format!(
            "metadata_dir = '{path}/meta'
             data_dir = '{path}/data'
             db_engine = 'sqlite'
             replication_factor = {NODES}
             rpc_bind_addr = '{rpc}'
             rpc_public_addr = '{rpc}'
             rpc_secret = '{:064}'
             [s3_api]
             s3_region = 'garage'
             api_bind_addr = '{s3}'
             [admin]
             api_bind_addr = '{admin}'
             admin_token = 'loopback'",
            7
        );
        let config = folder.join("garage.toml");
        fs::write(&config, text).expect("a configuration");
        let mut command = Command::new(program);
        command.arg("-c").arg(&config).arg("server").env("RUST_LOG", "garage=warn");
        let server = Process::start(&mut command, &folder.join("log"), rpc);
        Self { config, s3, server: Some(server) }
    }

    fn run(&self, program: &Path, args: &[&str]) -> Output {
        let mut command = Command::new(program);
        command.arg("-c").arg(&self.config).args(args).output().expect("garage")
    }
}

/// Runs a command until it succeeds; returns what it said.
fn until(run: impl Fn() -> Output) -> String {
    let begun = Instant::now();
    loop {
        let output = run();
        if output.status.success() {
            return String::from_utf8(output.stdout).expect("UTF-8");
        }
        assert!(begun.elapsed() < DEADLINE, "{output:?}");
        sleep(Duration::from_millis(200));
    }
}
