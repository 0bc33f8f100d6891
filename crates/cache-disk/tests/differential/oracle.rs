//! Go's cache, behind the oracle's pipe.

use std::ffi::OsStr;
use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};

use cache_core::{ActionId, OutputId};
use serde_json::{Value, json};

use crate::Result;
use crate::model::{Answer, Given, Reading, Reason};

/// An oracle that serves one directory.
pub(crate) struct Oracle {
    child: Child,
    /// `None` once it is to end.
    requests: Option<ChildStdin>,
    replies: BufReader<ChildStdout>,
}

impl Oracle {
    pub(crate) fn start(program: &OsStr, dir: &Path, now: i64) -> Result<Self> {
        let mut child = Command::new(program)
            .arg("ops")
            .arg(dir)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .map_err(|e| format!("cannot start the oracle {program:?}: {e}"))?;
        let requests = child.stdin.take();
        let replies = BufReader::new(child.stdout.take().ok_or("no pipe from the oracle")?);
        let mut oracle = Self { child, requests, replies };
        oracle.set_clock(now)?;
        Ok(oracle)
    }

    /// Sets the cache's clock, in Unix seconds.
    pub(crate) fn set_clock(&mut self, now: i64) -> Result {
        self.must(json!({"op": "now", "time": now}))
    }

    pub(crate) fn trim(&mut self) -> Result {
        self.must(json!({"op": "trim"}))
    }

    pub(crate) fn read(&mut self, reading: Reading, action: &ActionId) -> Result<Answer> {
        let op = match reading {
            Reading::Entry => "get",
            Reading::File => "get-file",
            Reading::Bytes => "get-bytes",
        };
        let reply = self.ask(json!({"op": op, "id": action.to_string()}))?;
        if let Some(error) = reply["err"].as_str() {
            return Ok(Answer::Miss(reason(error)?));
        }
        let given = match reading {
            Reading::Entry => Given::Nothing,
            Reading::File => Given::File(text(&reply, "file")?.into()),
            Reading::Bytes => Given::Bytes {
                sum: text(&reply, "sum")?.parse()?,
                length: reply["length"].as_u64().ok_or("no length")?,
            },
        };
        Ok(Answer::Hit {
            output: text(&reply, "output")?.parse()?,
            size: reply["size"].as_u64().ok_or("no size")?,
            time: reply["time"].as_i64().ok_or("no time")?,
            given,
        })
    }

    /// Puts the file `body`, as an executable where there is a name. The inner result is Go's.
    pub(crate) fn put(
        &mut self,
        action: &ActionId,
        body: &Path,
        name: Option<&str>,
    ) -> Result<Result<(OutputId, u64), String>> {
        let op = if name.is_some() { "put-exe" } else { "put" };
        let reply = self.ask(
            json!({"op": op, "id": action.to_string(), "path": body, "name": name.unwrap_or("")}),
        )?;
        if let Some(error) = reply["err"].as_str() {
            return Ok(Err(error.to_owned()));
        }
        Ok(Ok((text(&reply, "output")?.parse()?, reply["size"].as_u64().ok_or("no size")?)))
    }

    fn must(&mut self, request: Value) -> Result {
        let reply = self.ask(request)?;
        match reply["err"].as_str() {
            Some(error) => Err(format!("Go: {error}").into()),
            None => Ok(()),
        }
    }

    fn ask(&mut self, request: Value) -> Result<Value> {
        let requests = self.requests.as_mut().ok_or("the oracle was ended")?;
        requests.write_all(format!("{request}\n").as_bytes())?;
        let mut reply = String::new();
        self.replies.read_line(&mut reply)?;
        serde_json::from_str(&reply).map_err(|e| format!("the oracle said {reply:?}: {e}").into())
    }
}

impl Drop for Oracle {
    fn drop(&mut self) {
        // It ends at the end of its input.
        self.requests = None;
        self.child.wait().ok();
    }
}

fn text<'a>(reply: &'a Value, field: &str) -> Result<&'a str> {
    reply[field].as_str().ok_or_else(|| format!("no {field} in {reply}").into())
}

/// Go's reason for a miss, read from its text.
fn reason(error: &str) -> Result<Reason> {
    const TEXTS: &[(&str, Reason)] = &[
        (": file is empty", Reason::Empty),
        (": entry file incomplete", Reason::Short),
        (": too long", Reason::Long),
        (": invalid header", Reason::Header),
        (": decoding ID: ", Reason::ActionHex),
        (": mismatched ID", Reason::OtherAction),
        (": decoding output ID: ", Reason::OutputHex),
        (": parsing size: ", Reason::SizeText),
        (": negative size", Reason::NegativeSize),
        (": parsing timestamp: ", Reason::TimeText),
        (": negative timestamp", Reason::NegativeTime),
        (": is a directory", Reason::Unreadable),
        (": file incomplete", Reason::OutputSize),
        (": bad checksum", Reason::OutputChecksum),
        // The text that Go gives as a path when an executable's folder has not one file.
        ("DO NOT USE", Reason::OutputGone),
        (": stat ", Reason::OutputGone),
        (": open ", Reason::NotFound),
    ];
    TEXTS
        .iter()
        .find_map(|(text, reason)| error.contains(text).then_some(*reason))
        .ok_or_else(|| format!("Go misses for an unknown reason: {error}").into())
}
