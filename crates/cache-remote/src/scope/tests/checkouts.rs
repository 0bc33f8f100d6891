//! Scopes of real repositories, made with the real `git`.

use std::time::Instant;

use super::*;
use crate::scope::git;

fn scope(text: &str, fallback: Option<&str>) -> Scope {
    let whole = |start: &str| format!("{start}/os/arch/go1");
    Scope { text: whole(text), fallback: fallback.map(whole) }
}

#[test]
fn a_branch_of_a_clone_falls_back_to_the_remotes_default_branch() {
    let checkout = Checkout::cloned();
    checkout.git(&["checkout", "-q", "-b", "feature/faster"]);
    let expected =
        scope("example.org/team/project/feature/faster", Some("example.org/team/project/trunk"));
    assert_eq!(checkout.scope(&[]), expected);
    // What CI says counts where git does not know.
    let said = &[("GITHUB_HEAD_REF", "other"), ("CI_DEFAULT_BRANCH", "other")];
    assert_eq!(checkout.scope(said), expected);
}

#[test]
fn the_default_branch_needs_no_fallback() {
    let checkout = Checkout::cloned();
    checkout.git(&["checkout", "-q", "-b", "trunk"]);
    assert_eq!(checkout.scope(&[]), scope("example.org/team/project/trunk", None));
    let git = patient(OsStr::new("git"));
    let without = template("{repository}").scope_by(&git, &checkout.dir, &env(&[]));
    assert_eq!(without, Scope::new("example.org/team/project"));
}

#[test]
fn a_folder_below_the_top_is_in_the_same_scope() {
    let checkout = Checkout::new();
    let below = checkout.dir.join("a/b");
    fs::create_dir_all(&below).unwrap();
    assert_eq!(scope_in(&below, &[]), scope("work/main", None));
}

#[test]
fn origin_is_asked_before_other_remotes_and_any_before_none() {
    let checkout = Checkout::new();
    assert_eq!(checkout.scope(&[]), scope("work/main", None));
    checkout.git(&["remote", "add", "fork", "git@example.org:me/project.git"]);
    assert_eq!(checkout.scope(&[]), scope("example.org/me/project/main", None));
    checkout.git(&["remote", "add", "origin", "team:project"]);
    assert_eq!(checkout.scope(&[]), scope("team/project/main", None));
    // As the repository's own settings spell it.
    checkout.git(&["config", "url.https://token:secret@example.org/team/.insteadOf", "team:"]);
    assert_eq!(checkout.scope(&[]), scope("example.org/team/project/main", None));
}

#[test]
fn a_second_working_tree_is_named_like_the_first() {
    let checkout = Checkout::new();
    checkout.git(&["worktree", "add", "-q", "../elsewhere", "-b", "other"]);
    let second = checkout.dir.with_file_name("elsewhere");
    assert_eq!(scope_in(&second, &[]), scope("work/other", Some("work/main")));
}

#[test]
fn a_branch_without_a_commit_is_a_branch() {
    let checkout = Checkout::outside();
    checkout.git(&["init", "-q", "-b", "first"]);
    // There is no other, but a scope without a list costs one look.
    assert_eq!(checkout.scope(&[]), scope("work/first", Some("work/main")));
}

#[test]
fn a_repository_without_a_remote_takes_the_usual_name_that_is_there() {
    let checkout = Checkout::new();
    checkout.git(&["branch", "-m", "main", "master"]);
    checkout.git(&["checkout", "-q", "-b", "topic"]);
    assert_eq!(checkout.scope(&[]), scope("work/topic", Some("work/master")));
    // What CI says comes before a guess.
    let said = &[("CI_DEFAULT_BRANCH", "develop")];
    assert_eq!(checkout.scope(said), scope("work/topic", Some("work/develop")));
}

#[test]
fn a_commit_without_a_branch_is_on_the_branch_that_ci_names() {
    let checkout = Checkout::new();
    checkout.git(&["checkout", "-q", "--detach"]);
    let on = |branch: &str| scope(&format!("work/{branch}"), Some("work/main"));
    assert_eq!(checkout.scope(&[]), on("detached"));

    let pull_request = &[("GITHUB_HEAD_REF", "fix"), ("GITHUB_REF_NAME", "7/merge")];
    assert_eq!(checkout.scope(pull_request), on("fix"));
    let push = &[("GITHUB_HEAD_REF", ""), ("GITHUB_REF_NAME", "fix/it")];
    assert_eq!(checkout.scope(push), on("fix/it"));
    let tag = &[("GITHUB_REF_NAME", "v1"), ("GITHUB_REF_TYPE", "tag")];
    assert_eq!(checkout.scope(tag), on("detached"));

    assert_eq!(checkout.scope(&[("CI_COMMIT_REF_NAME", "fix")]), on("fix"));
    let tag = &[("CI_COMMIT_REF_NAME", "v1"), ("CI_COMMIT_TAG", "v1")];
    assert_eq!(checkout.scope(tag), on("detached"));
    assert_eq!(checkout.scope(&[("BUILD_SOURCEBRANCH", "refs/heads/fix")]), on("fix"));
    assert_eq!(checkout.scope(&[("BUILD_SOURCEBRANCH", "refs/tags/v1")]), on("detached"));
    assert_eq!(checkout.scope(&[("CI_COMMIT_BRANCH", "main")]), scope("work/main", None));
}

#[test]
fn a_clone_of_one_commit_falls_back_to_what_the_pull_request_is_for() {
    let checkout = Checkout::new();
    checkout.git(&["checkout", "-q", "--detach"]);
    checkout.git(&["branch", "-D", "-q", "main"]);
    let pull_request = &[("GITHUB_HEAD_REF", "fix"), ("GITHUB_BASE_REF", "release")];
    assert_eq!(checkout.scope(pull_request), scope("work/fix", Some("work/release")));
    let push = &[("GITHUB_REF_NAME", "fix")];
    assert_eq!(checkout.scope(push), scope("work/fix", Some("work/main")));
}

#[test]
fn outside_a_repository_the_folder_or_ci_names_it() {
    let checkout = Checkout::outside();
    assert_eq!(checkout.scope(&[]), scope("work/-", None));
    let github = &[("GITHUB_REPOSITORY", "team/project"), ("GITHUB_REF_NAME", "fix")];
    let expected = scope("github.com/team/project/fix", Some("github.com/team/project/main"));
    assert_eq!(checkout.scope(github), expected);
    let gitlab = &[
        ("CI_PROJECT_URL", "https://gitlab.example.org/team/project"),
        ("CI_COMMIT_BRANCH", "trunk"),
        ("CI_DEFAULT_BRANCH", "trunk"),
    ];
    assert_eq!(checkout.scope(gitlab), scope("gitlab.example.org/team/project/trunk", None));
}

#[test]
fn without_git_it_is_as_outside_a_repository() {
    let checkout = Checkout::cloned();
    let program = patient(OsStr::new("no-such-program-anywhere"));
    let found = Template::default().scope_by(&program, &checkout.dir, &env(&[]));
    assert_eq!(found, scope("work/-", None));
    let nowhere = checkout.dir.join("not-there");
    assert_eq!(scope_in(&nowhere, &[]), scope("not-there/-", None));
}

#[test]
fn a_git_that_hangs_is_ended() {
    let checkout = Checkout::new();
    let start = Instant::now();
    for lines in ["exec sleep 600", "exec >&-; exec sleep 600", "echo a; echo b; exec sleep 600"] {
        let program = script(&checkout, lines);
        let hasty = git::Program { name: program.as_os_str(), limit: Duration::from_millis(20) };
        assert_eq!(git::look(&hasty, &checkout.dir), None);
    }
    assert!(start.elapsed() < Duration::from_secs(300));
}

#[test]
fn a_git_that_says_nonsense_does_no_harm() {
    let checkout = Checkout::outside();
    for lines in ["exit 1", "echo", "printf '\\377\\n\\t (fetch)\\n'", "yes | head -c 3000000", ":"]
    {
        let program = script(&checkout, lines);
        let program = patient(program.as_os_str());
        let found = Template::default().scope_by(&program, &checkout.dir, &env(&[]));
        assert!(found.text.ends_with("/os/arch/go1"), "{lines}: {found:?}");
    }
}

#[test]
fn git_asks_nobody_and_looks_nowhere_else() {
    let checkout = Checkout::outside();
    let lines = "[ \"$GIT_TERMINAL_PROMPT\" = 0 ] && [ -z \"$GIT_DIR\" ] && ! read -r line \
                 && touch asked\nexit 1";
    let program = script(&checkout, lines);
    assert_eq!(git::look(&patient(program.as_os_str()), &checkout.dir), None);
    assert!(checkout.dir.join("asked").exists());
}
