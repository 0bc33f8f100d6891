//! A page in headless Chromium, and what it looked like from the inside.

use std::env;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::Value;

/// Only a hang takes that long.
const PATIENCE: Duration = Duration::from_secs(180);

/// Notes what goes wrong from the first script on.
const WATCH: &str = "<script>\
    window.problems = [];\
    addEventListener('error', (e) => problems.push(e.message));\
    addEventListener('securitypolicyviolation', (e) => problems.push(e.violatedDirective));\
    </script>";

/// How a page is looked at.
pub struct Look {
    pub width: u32,
    pub dark: bool,
}

/// Opens a page and returns what `probe.js` found in it.
pub fn look_at(page: &str, look: &Look) -> Value {
    let scratch = tempfile::tempdir().expect("a scratch folder");
    let probe = format!("<script>{}</script>\n</body>", include_str!("probe.js"));
    let page = page.replacen("</style>", &format!("</style>{WATCH}"), 1).replace("</body>", &probe);
    let file = scratch.path().join("page.html");
    fs::write(&file, page).expect("a page");
    let document = document_of(&file, look, scratch.path());
    let found = document
        .split_once("<pre id=\"found\">")
        .and_then(|(_, rest)| rest.split_once("</pre>"))
        .unwrap_or_else(|| panic!("the page was not measured: {document}"));
    serde_json::from_str(&percent_decoded(found.0)).expect("what the probe found")
}

/// The document as it is once its scripts have run.
fn document_of(file: &Path, look: &Look, scratch: &Path) -> String {
    let (stdout, stderr) = (scratch.join("stdout"), scratch.join("stderr"));
    let create = |path| File::create(path).expect("a file");
    let mut command = Command::new(program());
    command
        .args(["--headless", "--no-sandbox", "--disable-gpu", "--no-first-run"])
        .args(["--disable-background-networking", "--disable-component-update", "--disable-sync"])
        // There is nothing to be fetched, and nothing could be.
        .arg("--host-resolver-rules=MAP * ~NOTFOUND")
        .args(["--hide-scrollbars", "--disable-dev-shm-usage", "--virtual-time-budget=10000"])
        .arg(format!("--window-size={},2400", look.width))
        .arg(format!("--user-data-dir={}", scratch.join("profile").display()))
        .args(look.dark.then_some("--force-dark-mode"))
        .arg("--dump-dom")
        .arg(format!("file://{}", file.display()))
        .stdin(Stdio::null())
        .stdout(create(&stdout))
        .stderr(create(&stderr));
    let mut browser = command.spawn().expect("Chromium, which CHROMIUM may name");
    let begun = Instant::now();
    while browser.try_wait().expect("a process").is_none() {
        if begun.elapsed() > PATIENCE {
            browser.kill().expect("an end");
            panic!("Chromium hangs: {}", fs::read_to_string(&stderr).unwrap_or_default());
        }
        thread::sleep(Duration::from_millis(20));
    }
    fs::read_to_string(stdout).expect("the document")
}

fn program() -> PathBuf {
    env::var_os("CHROMIUM").map_or_else(|| "chromium".into(), PathBuf::from)
}

fn percent_decoded(text: &str) -> String {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        let digits: Option<Vec<u8>> = (byte == b'%').then(|| rest.by_ref().take(2).collect());
        let decoded = digits.map(|digits| {
            let digits = str::from_utf8(&digits).expect("hexadecimal digits");
            u8::from_str_radix(digits, 16).expect("hexadecimal digits")
        });
        bytes.push(decoded.unwrap_or(byte));
    }
    String::from_utf8(bytes).expect("UTF-8")
}
