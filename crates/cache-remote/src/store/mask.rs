//! Keeping secrets out of what is shown: of a store's address, and of what services and libraries
//! say about a failure.

use std::env;

use opendal::OperatorUri;
use percent_encoding::percent_decode_str;

use super::scheme::Scheme;

/// What is shown in a secret's place.
pub(super) const MASK: &str = "***";

/// How much of what a service says is passed on, in characters. Some answer with whole web pages.
const LONGEST: usize = 300;

/// The secrets that are known, to be found in any text.
#[derive(Default)]
pub(super) struct Masks {
    /// The longest first: one may be part of another.
    secrets: Vec<String>,
}

impl Masks {
    /// Those of the address, and those that the environment's variables hold by their names.
    pub(super) fn new(uri: &str) -> Self {
        let variables = env::vars_os()
            .filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
            .filter(|(name, value)| names_a_secret(name) && value.len() >= SHORTEST)
            .map(|(_, value)| value);
        let mut secrets: Vec<String> = secrets_in(uri).into_iter().chain(variables).collect();
        secrets.retain(|secret| !secret.is_empty());
        secrets.sort_by(|a, b| b.len().cmp(&a.len()).then_with(|| a.cmp(b)));
        secrets.dedup();
        Self { secrets }
    }

    /// `text` on one line, not too long, without the known secrets, and without what stands where
    /// secrets stand: the user info and the queries of addresses, and HTTP's credentials.
    pub(super) fn text(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for secret in &self.secrets {
            if text.contains(secret) {
                text = text.replace(secret, MASK);
            }
        }
        let mut shown = String::new();
        let mut credentials_follow = false;
        for word in text.split_whitespace() {
            if !shown.is_empty() {
                shown.push(' ');
            }
            if credentials_follow {
                shown.push_str(MASK);
            } else {
                shown.push_str(&without_credentials(word));
            }
            credentials_follow = ["bearer", "basic"]
                .iter()
                .any(|kind| word.trim_matches(['"', '\'']).eq_ignore_ascii_case(kind));
        }
        match shown.char_indices().nth(LONGEST) {
            Some((end, _)) => format!("{}…", &shown[..end]),
            None => shown,
        }
    }
}

/// A shorter value of a variable is hardly a secret, and `1` would be masked in every number.
const SHORTEST: usize = 8;

/// Whether a variable of this name holds a secret, and not where one is.
fn names_a_secret(name: &str) -> bool {
    let name = name.to_ascii_uppercase();
    let secret = [
        "SECRET",
        "TOKEN",
        "PASSWORD",
        "PASSWD",
        "ACCESS_KEY",
        "ACCOUNT_KEY",
        "API_KEY",
        "PRIVATE_KEY",
        "SAS_KEY",
        "CONNECTION_STRING",
    ];
    let place = ["_FILE", "_PATH", "_DIR", "_URL", "_URI", "_ENDPOINT"];
    secret.iter().any(|part| name.contains(part)) && !place.iter().any(|end| name.ends_with(end))
}

/// The parts of an address that is not known to be well formed.
struct Parts<'a> {
    scheme: &'a str,
    user_info: Option<&'a str>,
    place: &'a str,
    options: Vec<(&'a str, &'a str)>,
}

fn parts(uri: &str) -> Option<Parts<'_>> {
    let (scheme, rest) = uri.split_once("://")?;
    let (rest, query) = rest.split_once('?').unwrap_or((rest, ""));
    let authority = &rest[..rest.find('/').unwrap_or(rest.len())];
    let user_info = authority.rfind('@').map(|at| &authority[..at]);
    let place = user_info.map_or(rest, |user_info| &rest[user_info.len() + 1..]);
    let mut options: Vec<_> = query
        .split('&')
        .filter(|option| !option.is_empty())
        .map(|option| option.split_once('=').unwrap_or((option, "")))
        .collect();
    options.sort();
    Some(Parts { scheme, user_info, place, options })
}

/// The address of a store as it may be shown: without user info, and without the values of the
/// options that hold secrets. Of an address that cannot be read, only the scheme is left.
pub fn masked_uri(uri: &str) -> String {
    let Some(parts) = parts(uri) else { return MASK.into() };
    let scheme = Scheme::from_text(parts.scheme);
    // What seems to be the host or the path of such an address may well be a part of a password.
    if OperatorUri::new(uri, []).is_err() || is_ambiguous(uri) {
        return format!("{}://{MASK}", if scheme.is_some() { parts.scheme } else { MASK });
    }
    let mut shown = format!("{}://", parts.scheme);
    if parts.user_info.is_some() {
        shown.push_str(MASK);
        shown.push('@');
    }
    shown.push_str(parts.place);
    for (i, (name, value)) in parts.options.iter().enumerate() {
        let shows = scheme.is_some_and(|scheme| scheme.shows(name));
        let value = if shows { without_credentials(&decoded(value)) } else { MASK.into() };
        shown.push_str(&format!("{}{name}={value}", if i == 0 { '?' } else { '&' }));
    }
    shown
}

/// A masked address as a message shows it, where its options would only be long.
pub(super) fn without_options(shown: &str) -> &str {
    shown.split_once('?').map_or(shown, |(place, _)| place)
}

/// Whether the address has a character that says something else than its writer means, when it
/// comes from a password that is not percent-encoded.
pub(super) fn is_ambiguous(uri: &str) -> bool {
    let Some(parts) = parts(uri) else { return false };
    let with_password =
        matches!(Scheme::from_text(parts.scheme), Some(Scheme::Redis | Scheme::Webdav));
    uri.contains('#') || with_password && parts.place.contains('@')
}

/// The secrets that an address has, as they are spelled there and decoded.
fn secrets_in(uri: &str) -> Vec<String> {
    let Some(parts) = parts(uri) else { return Vec::new() };
    let scheme = Scheme::from_text(parts.scheme);
    // A user's name is no secret, but a name without a password may be a token.
    let password =
        parts.user_info.map(|user_info| user_info.split_once(':').map_or(user_info, |(_, p)| p));
    let of_options = parts
        .options
        .iter()
        .filter(|(name, _)| !scheme.is_some_and(|scheme| scheme.shows(name)))
        .map(|&(_, value)| value);
    let in_options = parts.options.iter().filter_map(|(_, value)| password_in(&decoded(value)));
    password
        .into_iter()
        .chain(of_options)
        .flat_map(|raw| [raw.to_owned(), decoded(raw), decoded(&raw.replace('+', " "))])
        .chain(in_options)
        .collect()
}

fn decoded(raw: &str) -> String {
    percent_decode_str(raw).decode_utf8_lossy().into_owned()
}

/// The password of an address that is the value of an option.
fn password_in(value: &str) -> Option<String> {
    let user_info = parts(value)?.user_info?;
    Some(user_info.split_once(':').map_or(user_info, |(_, password)| password).to_owned())
}

/// `word` with the user info and the query of an address in it masked.
fn without_credentials(word: &str) -> String {
    let Some((before, rest)) = word.split_once("://") else { return word.to_owned() };
    let end = rest.find(['"', '\'', '<', '>', ')', '}', ',']).unwrap_or(rest.len());
    let (address, after) = rest.split_at(end);
    let (address, query) = match address.split_once('?') {
        Some((address, _)) => (address, "?***"),
        None => (address, ""),
    };
    let authority = &address[..address.find('/').unwrap_or(address.len())];
    let (user_info, place) = match authority.rfind('@') {
        Some(at) => ("***@", &address[at + 1..]),
        None => ("", address),
    };
    format!("{before}://{user_info}{place}{query}{}", without_credentials(after))
}
