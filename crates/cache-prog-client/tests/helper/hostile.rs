//! A helper that does what a seed says: answers right and wrong, in any order, and then fails in one
//! of many ways.

mod answers;
#[path = "../hostile_helper/endings.rs"]
mod endings;
mod says;

use std::fs;
use std::io::{self, Read, Write};
use std::os::unix::fs::symlink;
use std::path::PathBuf;
use std::process::exit;
use std::sync::mpsc::{Receiver, RecvTimeoutError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use cache_prog_wire::{Command, Request, RequestReader, Response};
use rustix::process::{Signal, getpid, kill_process};
use says::{garbage, say, say_for_ever, say_line, text_of};
use test_attacks::Dice;

use crate::{LIFE, close_descriptor, leave_child};

pub(crate) fn play(ending: &str, seed: u64, folder: &str) {
    let mut dice = Dice::new(seed);
    let mut helper = Hostile {
        ordinary: dice.below(40),
        folder: folder.into(),
        ending: ending.to_owned(),
        taken: 0,
        held: Vec::new(),
        dice,
    };
    helper.start();
    let requests = helper.read();
    loop {
        match requests.recv_timeout(Duration::from_millis(10)) {
            Ok((request, _)) if request.command == Command::Close => helper.close(&request),
            Ok((request, body)) => helper.answer(&request, &body),
            Err(RecvTimeoutError::Timeout) => helper.say_held(0),
            Err(RecvTimeoutError::Disconnected) => {
                helper.say_held(0);
                if ending == "ignores-close" {
                    thread::sleep(LIFE);
                }
                return;
            }
        }
    }
}

struct Hostile {
    dice: Dice,
    folder: PathBuf,
    ending: String,
    /// How many requests are answered, more or less well, before the end.
    ordinary: usize,
    taken: usize,
    /// Answers that are still to be given.
    held: Vec<Vec<u8>>,
}

fn sleep() -> ! {
    thread::sleep(LIFE);
    exit(0)
}

fn reply(id: i64) -> Response {
    Response { id, ..Response::default() }
}

impl Hostile {
    /// Says what it can do, or something else.
    fn start(&mut self) {
        let all = r#"{"ID":0,"KnownCommands":["get","put","close"]}"#;
        match &*self.ending {
            "says-nothing" => sleep(),
            "exits-first" => exit(self.dice.below(3) as i32),
            "talks-first" => say(b"starting up...\n"),
            "declares-late" => say(b"{\"ID\":1,\"Miss\":true}\n{\"ID\":0}\n"),
            "declares-nothing" => say_line(&mut self.dice, include_str!("hostile/nothing.txt")),
            "declares-oddly" => {
                return say_line(&mut self.dice, include_str!("hostile/declarations.txt"));
            }
            "declares-much" => {
                let many = ",\"\"".repeat(80_000);
                let text = format!("{{\"ID\":0,\"KnownCommands\":[\"get\"{many}]}}\n");
                return say(text.as_bytes());
            }
            "leaves-child" => {
                let child = self.folder.join(format!("child-{}", std::process::id()));
                fs::create_dir(&child).ok();
                leave_child(&child.display().to_string());
            }
            "swaps" => self.swap(),
            _ => {}
        }
        say(all.as_bytes());
        if self.ending == "declares-twice" {
            say(all.as_bytes());
        }
    }

    /// Reads requests, until it has had enough of them.
    fn read(&self) -> Receiver<(Request, Vec<u8>)> {
        let (sender, requests) = sync_channel(0);
        let (ending, enough) = (self.ending.clone(), self.ordinary);
        thread::spawn(move || {
            let mut reader = RequestReader::new(io::stdin());
            for number in 0.. {
                match &*ending {
                    "stops-reading" if number >= enough => sleep(),
                    "closes-input" if number >= enough => {
                        close_descriptor(0);
                        sleep();
                    }
                    _ => {}
                }
                let Ok(Some(request)) = reader.next() else { return };
                let mut body = Vec::new();
                if reader.body().read_to_end(&mut body).is_err()
                    || sender.send((request, body)).is_err()
                {
                    return;
                }
            }
        });
        requests
    }

    fn answer(&mut self, request: &Request, body: &[u8]) {
        self.taken += 1;
        if self.taken > self.ordinary && self.fails(request.id) {
            return;
        }
        let mut response = match request.command {
            Command::Get => self.lookup(),
            _ => self.stored(body),
        };
        response.id = request.id;
        let text = text_of(&response);
        let text = self.disguised(if text.is_empty() { text_of(&reply(request.id)) } else { text });
        self.held.push(text);
        let most = self.dice.below(3);
        self.say_held(most);
    }

    /// Gives answers in any order until only so many are held back.
    fn say_held(&mut self, most: usize) {
        while self.held.len() > most {
            let text = self.held.swap_remove(self.dice.below(self.held.len()));
            if self.ending == "is-slow" {
                thread::sleep(self.dice.part_of(Duration::from_millis(20)));
                text.iter().take(50).for_each(|byte| say(&[*byte]));
                say(text.get(50..).unwrap_or_default());
            } else {
                say(&text);
            }
        }
    }

    /// Does what it has been coming to. Whether that was instead of an answer.
    fn fails(&mut self, id: i64) -> bool {
        let dice = &mut self.dice;
        match &*self.ending {
            "exits" => exit(dice.below(5) as i32),
            "is-killed" => {
                let signal = *dice.pick(&[Signal::KILL, Signal::TERM, Signal::INT]);
                kill_process(getpid(), signal).ok();
                sleep();
            }
            "half-a-reply" => {
                say(format!("{{\"ID\":{id},\"Miss\":").as_bytes());
                if dice.one_in(2) { exit(0) } else { sleep() }
            }
            "answers-nobody" => {
                let id = *dice.pick(&[id + 1000, 0, -1, i64::MAX, i64::MIN]);
                say(&text_of(&Response { miss: true, ..reply(id) }));
                return dice.one_in(2);
            }
            "answers-twice" => say(&text_of(&reply(id)).repeat(2)),
            "declares-again" => say(b"{\"ID\":0,\"KnownCommands\":[\"get\"]}\n"),
            "garbage" => garbage(dice, id),
            "long-line" => match dice.below(4) {
                0 => say_for_ever(b"x"),
                1 => {
                    say(format!("{{\"ID\":{id},\"Err\":\"").as_bytes());
                    say_for_ever(&b"no ".repeat(1 << 12));
                }
                2 => say_for_ever(b"{\"New\":"),
                // At the speed of a terminal.
                _ => {
                    say(b"{\"Err\":\"");
                    loop {
                        say(b"n");
                        thread::sleep(Duration::from_millis(1));
                    }
                }
            },
            "spaces" => say_for_ever(&b" \n\t\r".repeat(1 << 12)),
            "closes-output" => {
                close_descriptor(1);
                sleep();
            }
            "stops-answering" => {}
            "floods-replies" => {
                let id = id + dice.below(3) as i64;
                say_for_ever(&text_of(&Response { miss: true, ..reply(id) }));
            }
            "floods-errors" => {
                io::stderr().write_all(&b"error\n".repeat(200_000)).ok();
                return false;
            }
            "gigantic-errors" => {
                let error =
                    dice.pick(&["no disk ", "\n", "é\u{200b}", "\u{1b}[31m"]).repeat(25_000);
                say(&text_of(&Response { error, ..reply(id) }));
            }
            "long-paths" => {
                let output = Some(dice.bytes(32));
                let disk_path = Some(format!("/{}", "long/".repeat(50_000)).into());
                say(&text_of(&Response { output, disk_path, ..reply(id) }));
            }
            _ => return false,
        }
        true
    }

    fn swapped(&self) -> PathBuf {
        self.folder.join(format!("swapped-{}", std::process::id()))
    }

    /// Puts an output and a named pipe in one place, in turn, for ever.
    fn swap(&self) {
        let (folder, place) = (self.folder.clone(), self.swapped());
        thread::spawn(move || {
            let begun = Instant::now();
            let next = place.with_extension("next");
            while begun.elapsed() < LIFE {
                for name in ["out-2", "pipe", "wrong-2", "folder", "out-3"] {
                    let made = match name {
                        "folder" => symlink(folder.join(name), &next),
                        _ => fs::hard_link(folder.join(name), &next),
                    };
                    made.and_then(|()| fs::rename(&next, &place)).ok();
                    thread::yield_now();
                }
            }
        });
    }

    fn close(&mut self, request: &Request) {
        self.say_held(0);
        let goodbye = text_of(&reply(request.id));
        match &*self.ending {
            "ignores-close" => return,
            "refuses-close" => {
                let error = "cannot save the index".to_owned();
                say(&text_of(&Response { error, ..reply(request.id) }));
            }
            "closes-twice" => say(&goodbye.repeat(2)),
            "exits-badly" => exit(7),
            "floods-at-close" => say_for_ever(&text_of(&reply(request.id))),
            _ => say(&goodbye),
        }
        exit(0);
    }
}
