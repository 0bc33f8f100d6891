//! The kinds of stores, and the options that an address may give each of them.

use opendal::{Operator, Result};

use self::Shown::{No, Yes};

/// A kind of store.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Scheme {
    S3,
    Gcs,
    Azblob,
    Redis,
    Webdav,
    Fs,
    Ghac,
}

/// Every kind with the schemes by which an address names it, the first of them its own name.
const NAMES: [(Scheme, &[&str]); 7] = [
    (Scheme::S3, &["s3"]),
    (Scheme::Gcs, &["gcs"]),
    (Scheme::Azblob, &["azblob"]),
    (Scheme::Redis, &["redis", "rediss"]),
    (Scheme::Webdav, &["webdav", "webdav+http"]),
    (Scheme::Fs, &["fs"]),
    (Scheme::Ghac, &["ghac"]),
];

/// Whether an option's value may be shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Shown {
    Yes,
    No,
}

impl Scheme {
    /// The kind that an address with the scheme `text` names.
    pub(super) fn from_text(text: &str) -> Option<Self> {
        NAMES.iter().find(|(_, names)| names.contains(&text)).map(|&(scheme, _)| scheme)
    }

    /// Its name, which is that of the Cargo feature too.
    pub(super) fn name(self) -> &'static str {
        match self {
            Scheme::S3 => "s3",
            Scheme::Gcs => "gcs",
            Scheme::Azblob => "azblob",
            Scheme::Redis => "redis",
            Scheme::Webdav => "webdav",
            Scheme::Fs => "fs",
            Scheme::Ghac => "ghac",
        }
    }

    /// The schemes of all kinds that are compiled in, for messages.
    pub(super) fn all() -> String {
        let compiled = NAMES.iter().filter(|(scheme, _)| scheme.is_compiled());
        let names: Vec<String> =
            compiled.flat_map(|(_, names)| *names).map(|name| format!("{name}://")).collect();
        names.join(", ")
    }

    /// Whether this build has it.
    pub(super) fn is_compiled(self) -> bool {
        match self {
            Scheme::S3 => cfg!(feature = "s3"),
            Scheme::Gcs => cfg!(feature = "gcs"),
            Scheme::Azblob => cfg!(feature = "azblob"),
            Scheme::Redis => cfg!(feature = "redis"),
            Scheme::Webdav => cfg!(feature = "webdav"),
            Scheme::Fs => cfg!(feature = "fs"),
            Scheme::Ghac => cfg!(feature = "ghac"),
        }
    }

    /// Whether it is spoken to over HTTP.
    pub(super) fn is_http(self) -> bool {
        !matches!(self, Scheme::Redis | Scheme::Fs)
    }

    /// The options that an address may have, by OpenDAL's names. What the address says without them
    /// (bucket, prefix, host) is not among them, nor what would need more than this crate gives.
    pub(super) fn options(self) -> &'static [(&'static str, Shown)] {
        match self {
            Scheme::S3 => &[
                ("region", Yes),
                ("endpoint", Yes),
                ("profile", Yes),
                ("access_key_id", No),
                ("secret_access_key", No),
                ("session_token", No),
                ("disable_config_load", Yes),
                ("disable_ec2_metadata", Yes),
                ("skip_signature", Yes),
                ("enable_virtual_host_style", Yes),
                ("disable_list_objects_v2", Yes),
                ("enable_request_payer", Yes),
                ("checksum_algorithm", Yes),
                ("default_acl", Yes),
                ("default_storage_class", Yes),
                ("server_side_encryption", Yes),
                ("server_side_encryption_aws_kms_key_id", Yes),
                ("server_side_encryption_customer_algorithm", Yes),
                ("server_side_encryption_customer_key", No),
                ("server_side_encryption_customer_key_md5", No),
            ],
            Scheme::Gcs => &[
                ("endpoint", Yes),
                ("scope", Yes),
                ("service_account", Yes),
                ("credential", No),
                ("credential_path", Yes),
                ("token", No),
                ("disable_config_load", Yes),
                ("disable_vm_metadata", Yes),
                ("skip_signature", Yes),
                ("predefined_acl", Yes),
                ("default_storage_class", Yes),
            ],
            Scheme::Azblob => &[
                ("endpoint", Yes),
                ("account_name", Yes),
                ("account_key", No),
                ("sas_token", No),
                ("skip_signature", Yes),
                ("encryption_algorithm", Yes),
                ("encryption_key", No),
                ("encryption_key_sha256", No),
            ],
            Scheme::Redis => &[
                ("cluster_endpoints", No),
                ("connection_pool_max_size", Yes),
                ("default_ttl", Yes),
            ],
            Scheme::Webdav => &[("token", No), ("disable_create_dir", Yes)],
            Scheme::Fs => &[("atomic_write_dir", Yes)],
            Scheme::Ghac => &[("version", Yes), ("runtime_token", No)],
        }
    }

    /// Whether the value of the option `name` may be shown. One that it does not know may not.
    pub(super) fn shows(self, name: &str) -> bool {
        self.options().iter().any(|&(known, shown)| known == name && shown == Yes)
    }

    /// OpenDAL's service with these options; `None` when this build does not have it.
    pub(super) fn build(
        self,
        options: impl IntoIterator<Item = (String, String)>,
    ) -> Option<Result<Operator>> {
        // Without any service nothing takes them.
        #[allow(unused_variables)]
        let options = options;
        match self {
            #[cfg(feature = "s3")]
            Scheme::S3 => Some(Operator::from_iter::<opendal::services::S3>(options)),
            #[cfg(feature = "gcs")]
            Scheme::Gcs => Some(Operator::from_iter::<opendal::services::Gcs>(options)),
            #[cfg(feature = "azblob")]
            Scheme::Azblob => Some(Operator::from_iter::<opendal::services::Azblob>(options)),
            #[cfg(feature = "redis")]
            Scheme::Redis => Some(Operator::from_iter::<opendal::services::Redis>(options)),
            #[cfg(feature = "webdav")]
            Scheme::Webdav => Some(Operator::from_iter::<opendal::services::Webdav>(options)),
            #[cfg(feature = "fs")]
            Scheme::Fs => Some(Operator::from_iter::<opendal::services::Fs>(options)),
            #[cfg(feature = "ghac")]
            Scheme::Ghac => Some(Operator::from_iter::<opendal::services::Ghac>(options)),
            #[allow(unreachable_patterns)]
            _ => None,
        }
    }
}
