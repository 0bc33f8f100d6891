//! Key pairs: who wrote an entry, and whom a reader believes.
//!
//! A signature covers all that a result's object says (the action, the output, its size, its time
//! and its name), so none of that can be taken from one object and put into another. What it does
//! not cover is the body, whose SHA-256 is the output ID.

mod signable;
mod text;

use std::fmt;
use std::io;

use ed25519_dalek::{Signature, Signer, SigningKey, VerifyingKey};
use sha2::{Digest, Sha256};

pub(crate) use signable::Signable;
pub use text::ParseKeyError;

/// A signature, and the ID of the key that it is said to be made with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Signed {
    pub(crate) key: KeyId,
    pub(crate) signature: [u8; 64],
}

/// A short name for a public key: the first 8 bytes of its SHA-256. Its text form is 16
/// hexadecimal digits.
///
/// It says which of several keys to try, and lets people compare keys. It proves nothing.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct KeyId(pub(crate) [u8; 8]);

impl fmt::Display for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&hex::encode(self.0))
    }
}

impl fmt::Debug for KeyId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyId({self})")
    }
}

/// A secret key and its public key: signs what is written to a store.
///
/// Neither [`Debug`](fmt::Debug) nor [`Display`](fmt::Display) shows the secret;
/// [`to_text`](Self::to_text) does.
///
/// ```
/// use cache_remote::{KeyPair, PublicKey};
///
/// let pair = KeyPair::generate()?;
/// let kept = pair.to_text();
/// assert!(kept.starts_with("larder-secret-key-v1 "));
/// assert_eq!(KeyPair::from_text(&kept)?.public(), pair.public());
/// // What readers get:
/// let given = pair.public().to_string();
/// assert_eq!(given.parse::<PublicKey>()?, pair.public());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Clone)]
pub struct KeyPair(SigningKey);

impl KeyPair {
    /// A new pair, from the system's random numbers.
    ///
    /// # Errors
    ///
    /// When the system has none to give.
    pub fn generate() -> io::Result<Self> {
        let mut seed = [0; 32];
        getrandom::fill(&mut seed).map_err(io::Error::from)?;
        Ok(Self(SigningKey::from_bytes(&seed)))
    }

    /// The pair whose secret key is `text`: `larder-secret-key-v1`, a space, and 32 bytes in base64.
    /// Space around it is left out.
    ///
    /// # Errors
    ///
    /// When it is anything else. The error does not repeat it.
    pub fn from_text(text: &str) -> Result<Self, ParseKeyError> {
        text::secret(text).map(|seed| Self(SigningKey::from_bytes(&seed)))
    }

    /// The secret key as text, on one line without a line feed.
    pub fn to_text(&self) -> String {
        text::of_secret(self.0.as_bytes())
    }

    /// The public key, which readers need.
    pub fn public(&self) -> PublicKey {
        PublicKey(self.0.verifying_key())
    }

    /// Signs what a writer says about an action.
    pub(crate) fn sign(&self, said: &Signable) -> Signed {
        let signature = self.0.sign(&said.message()).to_bytes();
        Signed { key: self.public().id(), signature }
    }
}

impl fmt::Display for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "key pair {}", self.public().id())
    }
}

impl fmt::Debug for KeyPair {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "KeyPair({})", self.public().id())
    }
}

/// A public key: verifies what was signed with its secret key.
///
/// Its text form is `larder-public-key-v1`, a space, and 32 bytes in base64.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct PublicKey(VerifyingKey);

impl PublicKey {
    /// Its short name.
    pub fn id(&self) -> KeyId {
        let mut id = [0; 8];
        id.copy_from_slice(&Sha256::digest(self.0.as_bytes())[..8]);
        KeyId(id)
    }

    fn verifies(&self, said: &Signable, signature: &[u8; 64]) -> bool {
        self.0.verify_strict(&said.message(), &Signature::from_bytes(signature)).is_ok()
    }
}

impl std::str::FromStr for PublicKey {
    type Err = ParseKeyError;

    fn from_str(text: &str) -> Result<Self, ParseKeyError> {
        let bytes = text::public(text)?;
        match VerifyingKey::from_bytes(&bytes) {
            // Of a weak key there are signatures that nobody made.
            Ok(key) if !key.is_weak() => Ok(Self(key)),
            _ => Err(ParseKeyError::NoSuchKey),
        }
    }
}

impl fmt::Display for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&text::of_public(self.0.as_bytes()))
    }
}

impl fmt::Debug for PublicKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PublicKey({})", self.id())
    }
}

/// Whose entries a reader takes from a store. [`Default`] is everybody's.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Trust {
    /// `None`: everybody.
    keys: Option<Vec<PublicKey>>,
}

impl Trust {
    /// Everybody's entries, signed or not: whoever can write to the store is trusted.
    pub fn everybody() -> Self {
        Self::default()
    }

    /// Only entries that were signed with one of these keys. Without a key that is none at all.
    pub fn only(keys: impl IntoIterator<Item = PublicKey>) -> Self {
        Self { keys: Some(keys.into_iter().collect()) }
    }

    /// Whether what a writer said can be taken.
    pub(crate) fn check(&self, said: &Signable, signed: Option<&Signed>) -> Result<(), Untrusted> {
        let Some(keys) = &self.keys else { return Ok(()) };
        let signed = signed.ok_or(Untrusted::Unsigned)?;
        let mut named = keys.iter().filter(|key| key.id() == signed.key).peekable();
        if named.peek().is_none() {
            return Err(Untrusted::UnknownKey(signed.key));
        }
        if named.any(|key| key.verifies(said, &signed.signature)) {
            Ok(())
        } else {
            Err(Untrusted::WrongSignature(signed.key))
        }
    }
}

/// Why an entry of a store is not taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Untrusted {
    #[error("it is not signed, and only signed entries are trusted")]
    Unsigned,
    #[error("it is signed with key {0}, which is not among the trusted ones")]
    UnknownKey(KeyId),
    #[error("its signature with key {0} is wrong")]
    WrongSignature(KeyId),
}

#[cfg(test)]
mod tests;
