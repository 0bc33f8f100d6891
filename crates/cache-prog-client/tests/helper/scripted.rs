//! A helper that does what its arguments say, mostly something that no helper should do.

#[cfg(unix)]
mod hostile;
mod serving;

use std::env;
use std::fs;
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Command as Program, Stdio, exit};
use std::thread;
use std::time::{Duration, Instant};

use cache_prog_wire::{Command, Request, RequestReader, Response, write_response};

/// When a helper that hangs goes away, should its client fail to end it.
const LIFE: Duration = Duration::from_secs(120);

fn main() {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    play(&arguments);
}

fn play(script: &[&str]) {
    match *script {
        // A good one, which knows these commands. It appends what it reads to a file when one is
        // named.
        ["serves", dir, commands] => serving::serve(dir, commands, None),
        ["serves", dir, commands, record] => serving::serve(dir, commands, Some(record)),

        // Before it has declared anything.
        ["says", text, status] => {
            say(text);
            exit(number(status));
        }
        ["says", text] => {
            say(text);
            ignore_input();
        }
        ["never-declares"] => ignore_input(),
        ["complains", text] => {
            eprintln!("{text}");
            exit(1);
        }
        ["declares-once", file, ref rest @ ..] => {
            wait_until(|| Path::new(file).exists());
            play(rest);
        }

        // Afterwards.
        ["after", requests, text] => {
            read_requests(requests);
            say(text);
            thread::sleep(LIFE);
        }
        ["after", requests, text, status] => {
            read_requests(requests);
            say(text);
            exit(number(status));
        }
        ["replies", reply] => reply_always(reply),
        ["replies-with-file", file] => reply_always(&fs::read_to_string(file).unwrap()),
        ["replies-with-variable", name] => {
            let value = env::var(name).unwrap_or_default();
            reply_always(&format!(r##"{{"ID":#ID,"Err":"{value}"}}"##));
        }
        // Misses everything, once the file is there.
        ["answers-once", file] => {
            read_requests("1");
            wait_until(|| Path::new(file).exists());
            answer(&Response { id: 1, miss: true, ..Response::default() });
            ignore_input();
        }
        ["reversed", batch] => reverse(number(batch)),
        ["never-answers"] => {
            declare();
            ignore_input();
        }
        ["stops-reading"] => {
            declare();
            thread::sleep(LIFE);
        }
        ["floods", text] => {
            read_requests("1");
            let text = text.repeat(1000);
            let begun = Instant::now();
            while begun.elapsed() < LIFE && io::stdout().write_all(text.as_bytes()).is_ok() {}
        }
        #[cfg(unix)]
        ["closes-output"] => {
            read_requests("1");
            close_descriptor(1);
            thread::sleep(LIFE);
        }
        #[cfg(unix)]
        ["closes-input"] => {
            // Before it declares, so that it is closed when the first request comes.
            close_descriptor(0);
            declare();
            thread::sleep(LIFE);
        }

        // Changes the file that it is sent when it has read a part of it.
        ["overwrites", file] => {
            declare();
            let mut some = vec![0; 1 << 20];
            io::stdin().read_exact(&mut some).unwrap();
            let file = fs::File::options().write(true).open(file).unwrap();
            let size = file.metadata().unwrap().len();
            file.set_len(size - 1).unwrap();
            ignore_input();
        }

        // At the end.
        ["ignores-close"] => {
            declare();
            ignore_input();
            thread::sleep(LIFE);
        }
        ["exits-on-close", status] => {
            read_until_close();
            exit(number(status));
        }
        ["forgets-close"] => {
            declare();
            ignore_input();
        }

        // What a seed says, and then one of the ways to fail.
        #[cfg(unix)]
        ["hostile", ending, seed, folder] => hostile::play(ending, number(seed), folder),

        // Leaves a process that holds its stdin and stdout for as long as the folder is there.
        ["leaves-child", folder, ref rest @ ..] => {
            leave_child(folder);
            let pid = Path::new(folder).join("pid");
            wait_until(|| pid.exists());
            play(rest);
        }
        ["lives", folder] => {
            let folder = Path::new(folder);
            fs::write(folder.join("new"), std::process::id().to_string()).unwrap();
            fs::rename(folder.join("new"), folder.join("pid")).unwrap();
            wait_until(|| !folder.exists());
        }

        _ => panic!("no such script: {script:?}"),
    }
}

#[expect(clippy::zombie_processes, reason = "it is to outlive this process")]
fn leave_child(folder: &str) {
    let mut child = Program::new(env::current_exe().unwrap());
    child.args(["lives", folder]).stderr(Stdio::null()).spawn().unwrap();
}

fn number<T: std::str::FromStr>(text: &str) -> T {
    text.parse().unwrap_or_else(|_| panic!("{text:?} is not a number"))
}

fn wait_until(is_so: impl Fn() -> bool) {
    let begun = Instant::now();
    while !is_so() && begun.elapsed() < LIFE {
        thread::sleep(Duration::from_millis(10));
    }
}

fn say(text: &str) {
    let mut out = io::stdout();
    out.write_all(text.as_bytes()).and_then(|()| out.flush()).unwrap();
}

fn answer(response: &Response) {
    write_response(&mut io::stdout().lock(), response).unwrap();
}

fn declare() {
    declare_these(vec![Command::Get, Command::Put, Command::Close]);
}

fn declare_these(known_commands: Vec<Command>) {
    answer(&Response { known_commands, ..Response::default() });
}

fn ignore_input() {
    io::copy(&mut io::stdin().lock(), &mut io::sink()).unwrap();
}

/// Declares, and reads so many requests, with their bodies.
fn read_requests(requests: &str) {
    declare();
    let mut reader = RequestReader::new(io::stdin().lock());
    for _ in 0..number(requests) {
        if reader.next().unwrap().is_none() {
            exit(0);
        }
        io::copy(&mut reader.body(), &mut io::sink()).unwrap();
    }
}

fn read_until_close() {
    declare();
    let mut reader = RequestReader::new(io::stdin().lock());
    while reader.next().unwrap().is_some_and(|request| request.command != Command::Close) {}
}

/// Gives every request the same reply, with its number in place of `#ID`.
fn reply_always(reply: &str) {
    declare();
    let mut reader = RequestReader::new(io::stdin().lock());
    while let Some(request) = reader.next().unwrap() {
        io::copy(&mut reader.body(), &mut io::sink()).unwrap();
        say(&reply.replace("#ID", &request.id.to_string()));
    }
}

/// Waits for so many requests and answers the last one first. A hit's output ID is its action ID.
fn reverse(batch: usize) {
    declare();
    let mut reader = RequestReader::new(io::stdin().lock());
    loop {
        let mut requests: Vec<Request> = Vec::new();
        while requests.len() < batch {
            match reader.next().unwrap() {
                Some(request) if request.command == Command::Get => requests.push(request),
                Some(request) => {
                    return answer(&Response { id: request.id, ..Response::default() });
                }
                None => return,
            }
        }
        for request in requests.into_iter().rev() {
            answer(&Response {
                id: request.id,
                size: request.id,
                output: request.action,
                disk_path: env::current_exe().ok(),
                ..Response::default()
            });
        }
    }
}

#[cfg(unix)]
fn close_descriptor(number: i32) {
    use std::os::fd::{FromRawFd, OwnedFd};
    // SAFETY: the standard descriptors are open, and this program uses this one no more.
    drop(unsafe { OwnedFd::from_raw_fd(number) });
}
