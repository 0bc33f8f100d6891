//! One name for a repository, however it is reached.

/// What a repository's address is about: `github.com/owner/project` for
/// `https://user:token@github.com/owner/project.git` as for `git@github.com:owner/project`. The
/// name of its folder for one on this machine, since elsewhere the same one is in another place.
/// `None` for an address that says nothing.
///
/// Ports are left out: one server has one for each way to reach it.
pub(super) fn name(url: &str) -> Option<String> {
    let url = url.trim();
    let (host, path) = match url.split_once("://") {
        Some((scheme, path)) if scheme.eq_ignore_ascii_case("file") => return folder(path),
        Some((_, rest)) => {
            let rest = rest.split(['?', '#']).next().unwrap_or_default();
            let end = rest.find('/').unwrap_or(rest.len());
            (host(&rest[..end]), path(&rest[end..]))
        }
        None => match short(url) {
            Some((before, after)) => (host(before), path(after)),
            None => return folder(url),
        },
    };
    let parts = [host.as_str(), path];
    let parts: Vec<&str> = parts.into_iter().filter(|part| !part.is_empty()).collect();
    (!parts.is_empty()).then(|| parts.join("/"))
}

/// The two sides of `user@host:path`. A colon after a slash is part of a folder's name, and one
/// after a single letter of a drive's.
fn short(url: &str) -> Option<(&str, &str)> {
    let colon = match url.find("]:") {
        Some(bracket) if !url[..bracket].contains('/') => bracket + 1,
        _ => url.find(':')?,
    };
    let (before, after) = (&url[..colon], &url[colon + 1..]);
    (before.len() > 1 && !before.contains(['/', '\\'])).then_some((before, after))
}

/// The host of `user:password@host:port`.
fn host(authority: &str) -> String {
    let host = authority.rsplit('@').next().unwrap_or_default();
    let end = match host.find(']') {
        Some(bracket) => bracket + 1,
        None => host.find(':').unwrap_or(host.len()),
    };
    host[..end].to_ascii_lowercase()
}

fn path(path: &str) -> &str {
    let path = path.trim_matches('/');
    // What is left of a password that was not escaped.
    let first = path.find('/').unwrap_or(path.len());
    let secret = path[..first].rfind('@').map_or(0, |at| at + 1);
    without_suffix(&path[secret..])
}

fn folder(path: &str) -> Option<String> {
    let separator = ['/', '\\'];
    let path = path.trim_end_matches(separator);
    let path = match path.strip_suffix(".git") {
        // The inside of a checkout.
        Some(above) if above.ends_with(separator) => above.trim_end_matches(separator),
        _ => without_suffix(path),
    };
    path.rsplit(separator)
        .next()
        .filter(|name| !matches!(*name, "" | "." | ".."))
        .map(str::to_owned)
}

fn without_suffix(path: &str) -> &str {
    path.strip_suffix(".git").unwrap_or(path).trim_end_matches('/')
}
