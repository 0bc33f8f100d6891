//! Reading the address of a store: which service it names, and the options that OpenDAL is given.

use std::collections::BTreeMap;

use opendal::OperatorUri;
use percent_encoding::percent_decode_str;

use super::mask::is_ambiguous;
use super::scheme::Scheme;

/// What an address says.
#[derive(Debug)]
pub(super) struct Address {
    pub(super) scheme: Scheme,
    /// OpenDAL's options of the service, with those that the address has in another form: the
    /// bucket, the prefix, the host, the password.
    pub(super) options: BTreeMap<String, String>,
}

/// Where the value of an environment variable comes from.
pub(super) type Variables<'a> = &'a dyn Fn(&str) -> Option<String>;

impl Address {
    /// Reads `uri`, or says what is wrong with it. What is said may hold parts of it.
    ///
    /// Of the cloud's variables, OpenDAL reads those with credentials itself, later; what is read
    /// here are places, so that a missing one is said at once.
    pub(super) fn parse(uri: &str, variables: Variables<'_>) -> Result<Self, String> {
        let Some((text, _)) = uri.split_once("://") else {
            return Err("it does not begin with a scheme, as s3://BUCKET/PREFIX does".into());
        };
        let Some(scheme) = Scheme::from_text(text) else {
            return Err(format!("no store has this scheme; there are {}", Scheme::all()));
        };
        if !scheme.is_compiled() {
            let name = scheme.name();
            return Err(format!(
                "this build has no {name} (Cargo feature `{name}`); it has {}",
                Scheme::all()
            ));
        }
        if is_ambiguous(uri) {
            return Err("in a password, write # as %23, / as %2F, ? as %3F and @ as %40".into());
        }
        let uri = OperatorUri::new(uri, []).map_err(|error| {
            std::error::Error::source(&error).map_or("it is malformed".into(), ToString::to_string)
        })?;
        let options = BTreeMap::from_iter(uri.options().clone());
        if let Some(name) = options.keys().find(|name| !has(scheme, name)) {
            let known: Vec<&str> = scheme.options().iter().map(|&(name, _)| name).collect();
            return Err(format!(
                "{}:// has no option {name:?}; it has {}",
                scheme.name(),
                known.join(", ")
            ));
        }
        let mut address = Self { scheme, options };
        match scheme {
            Scheme::S3 => address.s3(&uri, variables)?,
            Scheme::Gcs => address.bucket("bucket", &uri)?,
            Scheme::Azblob => address.azblob(&uri, variables)?,
            Scheme::Redis => address.redis(&uri)?,
            Scheme::Webdav => address.webdav(&uri)?,
            Scheme::Fs => address.fs(&uri)?,
            Scheme::Ghac => address.ghac(&uri)?,
        }
        Ok(address)
    }

    /// Whether it is spoken to without TLS, and needs no root certificates.
    pub(super) fn is_plain(&self) -> bool {
        self.options.get("endpoint").is_some_and(|endpoint| endpoint.starts_with("http://"))
    }

    fn set(&mut self, option: &str, value: impl Into<String>) {
        self.options.insert(option.into(), value.into());
    }

    /// Gives an option that the address does not have the value of the first variable that is set.
    fn set_from(&mut self, option: &str, names: &[&str], variables: Variables<'_>) {
        if !self.options.contains_key(option)
            && let Some(value) = names.iter().find_map(|name| variables(name))
        {
            self.set(option, value);
        }
    }

    /// `SCHEME://BUCKET/PREFIX`.
    fn bucket(&mut self, option: &str, uri: &OperatorUri) -> Result<(), String> {
        let scheme = self.scheme.name();
        no_user_info(uri, "credentials come from variables, files and options")?;
        let name = uri.name().ok_or(format!("it names no {option}: {scheme}://NAME/PREFIX"))?;
        if uri.authority() != Some(name) {
            return Err(format!("a {option} has no port; say where it is with ?endpoint="));
        }
        self.set(option, name);
        self.prefix(uri);
        Ok(())
    }

    fn prefix(&mut self, uri: &OperatorUri) {
        if let Some(root) = uri.root() {
            self.set("root", root);
        }
    }

    fn s3(&mut self, uri: &OperatorUri, variables: Variables<'_>) -> Result<(), String> {
        self.bucket("bucket", uri)?;
        if self.options.get("disable_config_load").is_none_or(|value| value != "true") {
            self.set_from("region", &["AWS_REGION", "AWS_DEFAULT_REGION"], variables);
            let endpoint = ["AWS_ENDPOINT_URL_S3", "AWS_ENDPOINT_URL", "AWS_ENDPOINT"];
            self.set_from("endpoint", &endpoint, variables);
        }
        match self.options.contains_key("region") {
            true => Ok(()),
            false => Err("it names no region: add ?region=NAME, or set AWS_REGION".into()),
        }
    }

    fn azblob(&mut self, uri: &OperatorUri, variables: Variables<'_>) -> Result<(), String> {
        self.bucket("container", uri)?;
        self.set_from("account_name", &["AZURE_STORAGE_ACCOUNT_NAME"], variables);
        if !self.options.contains_key("endpoint") {
            let account = self.options.get("account_name").ok_or(
                "it names no account: add ?account_name=NAME, or set AZURE_STORAGE_ACCOUNT_NAME",
            )?;
            let endpoint = format!("https://{account}.blob.core.windows.net");
            self.set("endpoint", endpoint);
        }
        Ok(())
    }

    /// `redis://[USER][:PASSWORD@]HOST[:PORT][/DB][/PREFIX]`; over TLS with `rediss`.
    fn redis(&mut self, uri: &OperatorUri) -> Result<(), String> {
        self.user_info(uri)?;
        match uri.authority() {
            Some(authority) => self.set("endpoint", format!("{}://{authority}", uri.scheme())),
            None if self.options.contains_key("cluster_endpoints") => {}
            None => return Err("it names no host: redis://HOST:PORT/DB/PREFIX".into()),
        }
        let path = uri.root().unwrap_or_default();
        let (first, rest) = path.split_once('/').unwrap_or((path, ""));
        let root = match first.parse::<u32>() {
            Ok(db) => {
                self.set("db", db.to_string());
                rest
            }
            Err(_) => path,
        };
        if !root.is_empty() {
            self.set("root", root);
        }
        let connections = self.options.get("connection_pool_max_size");
        if connections.is_some_and(|number| !number.parse().is_ok_and(|number: usize| number > 0)) {
            return Err("connection_pool_max_size is not a number above 0".into());
        }
        Ok(())
    }

    /// `webdav://[USER:PASSWORD@]HOST[:PORT]/PREFIX`; without TLS with `webdav+http`.
    fn webdav(&mut self, uri: &OperatorUri) -> Result<(), String> {
        self.user_info(uri)?;
        let authority = uri.authority().ok_or("it names no host: webdav://HOST/PREFIX")?;
        let protocol = if uri.scheme() == "webdav+http" { "http" } else { "https" };
        self.set("endpoint", format!("{protocol}://{authority}"));
        self.prefix(uri);
        Ok(())
    }

    /// `fs:///FOLDER`.
    fn fs(&mut self, uri: &OperatorUri) -> Result<(), String> {
        no_user_info(uri, "a folder needs none")?;
        let folder = match (uri.name(), uri.root()) {
            (None, Some(folder)) => folder,
            _ => return Err("it names no absolute path: fs:///FOLDER".into()),
        };
        // `fs:///C:/cache` on Windows.
        let slash = if cfg!(windows) && folder.contains(':') { "" } else { "/" };
        self.set("root", format!("{slash}{folder}"));
        if !self.options.contains_key("atomic_write_dir") {
            // On the same file system, so that what is written whole can be renamed into place.
            self.set("atomic_write_dir", format!("{slash}{folder}/{UNFINISHED}"));
        }
        Ok(())
    }

    /// `ghac://` or `ghac:///PREFIX`; with a host when the runner's variable is not to be used.
    fn ghac(&mut self, uri: &OperatorUri) -> Result<(), String> {
        no_user_info(uri, "the token is the option runtime_token")?;
        if let Some(authority) = uri.authority() {
            self.set("endpoint", format!("https://{authority}/"));
        }
        self.options.entry("version".into()).or_insert_with(|| "larder".into());
        self.prefix(uri);
        Ok(())
    }

    fn user_info(&mut self, uri: &OperatorUri) -> Result<(), String> {
        for (option, raw) in [("username", uri.username()), ("password", uri.password())] {
            let Some(raw) = raw else { continue };
            let decoded = percent_decode_str(raw)
                .decode_utf8()
                .map_err(|_| format!("its {option} is not UTF-8"))?;
            self.set(option, decoded);
        }
        Ok(())
    }
}

/// The folder in which an `fs` store writes what is not whole yet.
pub(super) const UNFINISHED: &str = ".larder-unfinished";

fn has(scheme: Scheme, option: &str) -> bool {
    scheme.options().iter().any(|&(name, _)| name == option)
}

fn no_user_info(uri: &OperatorUri, instead: &str) -> Result<(), String> {
    match (uri.username(), uri.password()) {
        (None, None) => Ok(()),
        _ => Err(format!("it has a user name or a password before the @; {instead}")),
    }
}
