//! What stands for the types of `cache-remote` without the feature `remote`: the settings of a store
//! are read all the same, and kept as the texts that they are.

use std::convert::Infallible;
use std::fmt;
use std::str::FromStr;

macro_rules! stand_in {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq)]
        pub struct $name(String);

        impl FromStr for $name {
            type Err = Infallible;

            fn from_str(text: &str) -> Result<Self, Infallible> {
                Ok(Self(text.to_owned()))
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }
    };
}

stand_in! {
    /// A public key, unread.
    PublicKey
}

stand_in! {
    /// The template of a scope, unread.
    Template
}

impl Default for Template {
    fn default() -> Self {
        Self("{repository}/{branch}/{os}/{arch}/{go}".to_owned())
    }
}
