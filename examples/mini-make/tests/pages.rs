//! The pages for authors quote the examples as they are.

use std::fs;
use std::path::{Path, PathBuf};

#[test]
fn what_the_page_on_embedding_quotes_stands_in_the_code() {
    check("docs/EMBEDDING.md");
}

#[test]
fn what_the_page_on_stores_quotes_stands_in_the_code() {
    check("docs/WRITING-A-STORE.md");
}

/// Every fence of code names its file, after the language: each piece of it, between lines with
/// `// …`, stands in that file, and in that order.
fn check(page: &str) {
    let text = fs::read_to_string(root().join(page)).unwrap();
    let mut lines = text.lines().enumerate();
    let mut quotes = 0;
    while let Some((number, line)) = lines.next() {
        let Some(fence) = line.strip_prefix("```") else { continue };
        let body: Vec<_> =
            lines.by_ref().map(|it| it.1).take_while(|line| *line != "```").collect();
        if matches!(fence, "sh" | "text") {
            continue;
        }
        let place = format!("{page}:{}", number + 1);
        let (_language, file) = fence.split_once(' ').unwrap_or_else(|| panic!("{place}: no file"));
        let file = fs::read_to_string(root().join(file)).unwrap_or_else(|e| panic!("{place}: {e}"));
        let file: Vec<_> = file.lines().collect();
        let mut from = 0;
        for piece in body.split(|line| line.trim() == "// …") {
            let found = file[from..].windows(piece.len()).position(|lines| same(lines, piece));
            let found =
                found.unwrap_or_else(|| panic!("{place}: not there:\n{}", piece.join("\n")));
            from += found + piece.len();
            quotes += 1;
        }
    }
    assert!(quotes > 5, "{page} has {quotes} quotes");
}

/// Whether they are the same but for how far they are indented as a whole.
fn same(left: &[&str], right: &[&str]) -> bool {
    outdented(left).eq(outdented(right))
}

fn outdented<'a>(lines: &'a [&'a str]) -> impl Iterator<Item = &'a str> {
    let indent = |line: &&str| line.len() - line.trim_start().len();
    let filled = lines.iter().filter(|line| !line.trim().is_empty());
    let least = filled.map(indent).min().unwrap_or(0);
    lines.iter().map(move |line| line.get(least..).unwrap_or("").trim_end())
}

#[test]
fn the_links_lead_somewhere() {
    for page in ["docs/EMBEDDING.md", "docs/WRITING-A-STORE.md"] {
        let text = fs::read_to_string(root().join(page)).unwrap();
        let links = text.split("](").skip(1).filter_map(|rest| rest.split(')').next());
        for link in links.filter(|link| !link.contains("://")) {
            assert!(root().join("docs").join(link).exists(), "{page}: {link}");
        }
    }
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}
