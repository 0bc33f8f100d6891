//! Its answers, of which some are right.

use std::fs;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use cache_core::OutputId;
use cache_prog_wire::{Command, Response};

use super::Hostile;
use super::endings::{OUTPUTS, PLACES};

impl Hostile {
    /// The answer to a get.
    pub(super) fn lookup(&mut self) -> Response {
        let number = self.dice.below(OUTPUTS);
        let path = self.folder.join(format!("out-{number}"));
        let bytes = fs::read(&path).unwrap_or_default();
        let hit = Response {
            output: Some(OutputId::of(&bytes).as_bytes().to_vec()),
            size: bytes.len() as i64,
            time: Some(SystemTime::now()),
            disk_path: Some(path),
            ..Response::default()
        };
        match self.dice.below(10) {
            _ if self.ending == "swaps" => Response { disk_path: Some(self.swapped()), ..hit },
            0..4 => hit,
            4 => Response { miss: true, ..Response::default() },
            5 => Response { error: "no disk".to_owned(), ..Response::default() },
            6 => Response { disk_path: Some(self.folder.join(format!("wrong-{number}"))), ..hit },
            _ => self.odd(hit),
        }
    }

    /// An answer with something wrong in it.
    fn odd(&mut self, mut answer: Response) -> Response {
        let dice = &mut self.dice;
        if dice.one_in(2) {
            answer.disk_path = Some(self.place());
        }
        let dice = &mut self.dice;
        match dice.below(8) {
            0 => answer.output = None,
            1 => {
                let length = *dice.pick(&[0, 1, 31, 32, 33, 64, 10_000]);
                answer.output = Some(dice.bytes(length));
            }
            2 => answer.size = *dice.pick(&[0, 1, -1, i64::MIN, i64::MAX, 1 << 40, 12]),
            3 => answer.time = *dice.pick(&[None, Some(SystemTime::UNIX_EPOCH)]),
            4 => answer.miss = true,
            5 => answer.disk_path = None,
            6 => answer.known_commands = vec![Command::Get, Command::Other("x".to_owned())],
            _ => {}
        }
        answer
    }

    /// Where no output is, or something that is none. `Cargo.toml` is in the folder in which tests
    /// run.
    fn place(&mut self) -> PathBuf {
        let dice = &mut self.dice;
        let elsewhere = [
            "/",
            "/dev/zero",
            "/dev/null",
            "/dev/full",
            "/dev/stdin",
            "/dev/tty",
            "/proc/self/maps",
            "/proc/self/mem",
            "/nowhere/x",
            "",
            "nowhere",
            "../x",
            "~/x",
            "C:\\x",
            "file:///x",
            "/a\0b",
            "\0",
            "/a\nb\u{1b}[31m",
            "/\u{fffd}",
        ];
        match dice.below(7) {
            0 => format!("/{}", "x".repeat(100_000)).into(),
            1 => self.folder.join("x".repeat(*dice.pick(&[255, 256, 4000, 5000]))),
            2 => self.folder.join(format!("out-{}", dice.below(OUTPUTS))),
            3 => Path::new(dice.pick(&elsewhere)).to_owned(),
            4 => "Cargo.toml".into(),
            _ => self.folder.join(dice.pick(&PLACES)),
        }
    }

    /// Stores a body, more or less, and answers.
    pub(super) fn stored(&mut self, body: &[u8]) -> Response {
        let name = format!("put-{}-{}", std::process::id(), self.taken);
        let path = self.folder.join(name);
        fs::write(&path, body).ok();
        let stored = Response { disk_path: Some(path.clone()), ..Response::default() };
        match self.dice.below(10) {
            0..6 => stored,
            6 => Response { error: "no\ndisk".to_owned(), ..Response::default() },
            7 => {
                fs::write(path, &body[..body.len() / 2]).ok();
                stored
            }
            _ => self.odd(stored),
        }
    }

    /// The same to a decoder of JSON that takes what Go's takes.
    pub(super) fn disguised(&mut self, text: Vec<u8>) -> Vec<u8> {
        let dice = &mut self.dice;
        let Ok(mut text) = String::from_utf8(text) else { return Vec::new() };
        match dice.below(6) {
            0 => text = text.replace("\"DiskPath\"", "\"diskpath\"").replace("\"ID\"", "\"iD\""),
            1 => text.insert_str(1, "\"ID\":null,\"New\":[{\"ID\":7},\"}\"],\"Err\":null,"),
            2 => text.insert_str(0, "\n\t \r\n"),
            3 => text.truncate(text.trim_end().len()),
            4 => text.insert_str(1, "\"ID\":77,\"Size\":12,\"Miss\":false,\"miss\":null,"),
            _ => {}
        }
        text.into_bytes()
    }
}
