//! The messages as JSON objects: written as Go writes them, and taken as Go's `encoding/json` takes
//! them: field names in any case, the last of equal ones, `null` as if the field were not there,
//! unknown fields skipped.

use std::fmt;
use std::marker::PhantomData;
use std::path::PathBuf;
use std::time::SystemTime;

use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};
use jiff::Timestamp;
use serde::de::{Deserialize, Deserializer, Error as _, IgnoredAny, MapAccess, Visitor};
use serde::ser::{Error as _, Serialize, SerializeMap, Serializer};

use crate::message::{Command, Request, Response};

/// Go's `base64.StdEncoding`: padding is needed, the bits that the last group does not use may be
/// set.
pub(crate) const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// A message that is read field by field.
trait Fields: Sized {
    const WHAT: &'static str;

    fn empty() -> Self;

    /// Takes the value of the field `name`, which is in lower case.
    fn take<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error>;
}

impl Fields for Request {
    const WHAT: &'static str = "a request";

    fn empty() -> Self {
        let command = Command::Other(String::new());
        Request { id: 0, command, action: None, output: None, body_size: 0 }
    }

    fn take<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "id" => self.id = value(map)?.unwrap_or(self.id),
            "command" => {
                if let Some(name) = value::<String, _>(map)? {
                    self.command = name.into();
                }
            }
            "actionid" => set(&mut self.action, bytes("ActionID", map)?),
            "outputid" => set(&mut self.output, bytes("OutputID", map)?),
            // What OutputID was called before Go 1.24; newer clients may send both, equal.
            "objectid" => {
                let object = bytes("ObjectID", map)?;
                self.output = self.output.take().or(object);
            }
            "bodysize" => self.body_size = value(map)?.unwrap_or(self.body_size),
            _ => skip(map)?,
        }
        Ok(())
    }
}

impl Fields for Response {
    const WHAT: &'static str = "a response";

    fn empty() -> Self {
        Response::default()
    }

    fn take<'de, A: MapAccess<'de>>(&mut self, name: &str, map: &mut A) -> Result<(), A::Error> {
        match name {
            "id" => self.id = value(map)?.unwrap_or(self.id),
            "err" => {
                if let Some(error) = value(map)? {
                    self.error = error;
                }
            }
            "knowncommands" => {
                if let Some(names) = value::<Vec<Option<String>>, _>(map)? {
                    self.known_commands = names.into_iter().flatten().map(Command::from).collect();
                }
            }
            "miss" => self.miss = value(map)?.unwrap_or(self.miss),
            "outputid" => set(&mut self.output, bytes("OutputID", map)?),
            "size" => self.size = value(map)?.unwrap_or(self.size),
            "time" => {
                if let Some(text) = value::<String, _>(map)? {
                    let time: Timestamp = text.parse().map_err(A::Error::custom)?;
                    self.time = Some(time.into());
                }
            }
            "diskpath" => {
                if let Some(path) = value::<String, _>(map)? {
                    self.disk_path = Some(path).filter(|path| !path.is_empty()).map(PathBuf::from);
                }
            }
            _ => skip(map)?,
        }
        Ok(())
    }
}

fn value<'de, T: Deserialize<'de>, A: MapAccess<'de>>(map: &mut A) -> Result<Option<T>, A::Error> {
    map.next_value()
}

fn bytes<'de, A: MapAccess<'de>>(field: &str, map: &mut A) -> Result<Option<Vec<u8>>, A::Error> {
    let text: Option<String> = map.next_value()?;
    let wrong = |_| A::Error::custom(format_args!("field {field} is not base64"));
    text.map(|text| BASE64.decode(text).map_err(wrong)).transpose()
}

fn skip<'de, A: MapAccess<'de>>(map: &mut A) -> Result<(), A::Error> {
    map.next_value::<IgnoredAny>().map(|_| ())
}

fn set<T>(field: &mut Option<T>, value: Option<T>) {
    if value.is_some() {
        *field = value;
    }
}

struct Object<M>(PhantomData<M>);

impl<'de, M: Fields> Visitor<'de> for Object<M> {
    type Value = M;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(M::WHAT)
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<M, A::Error> {
        let mut message = M::empty();
        while let Some(mut name) = map.next_key::<String>()? {
            name.make_ascii_lowercase();
            message.take(&name, &mut map)?;
        }
        Ok(message)
    }
}

impl<'de> Deserialize<'de> for Request {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Object(PhantomData))
    }
}

impl<'de> Deserialize<'de> for Response {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Object(PhantomData))
    }
}

impl Serialize for Request {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("ID", &self.id)?;
        map.serialize_entry("Command", self.command.as_str())?;
        if let Some(action) = &self.action {
            map.serialize_entry("ActionID", &BASE64.encode(action))?;
        }
        if let Some(output) = &self.output {
            let output = BASE64.encode(output);
            map.serialize_entry("OutputID", &output)?;
            // Helpers written before Go 1.24 read this one.
            map.serialize_entry("ObjectID", &output)?;
        }
        if self.body_size != 0 {
            map.serialize_entry("BodySize", &self.body_size)?;
        }
        map.end()
    }
}

impl Serialize for Response {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("ID", &self.id)?;
        if !self.error.is_empty() {
            map.serialize_entry("Err", &self.error)?;
        }
        if !self.known_commands.is_empty() {
            let names: Vec<&str> = self.known_commands.iter().map(Command::as_str).collect();
            map.serialize_entry("KnownCommands", &names)?;
        }
        if self.miss {
            map.serialize_entry("Miss", &true)?;
        }
        if let Some(output) = &self.output {
            map.serialize_entry("OutputID", &BASE64.encode(output))?;
        }
        if self.size != 0 {
            map.serialize_entry("Size", &self.size)?;
        }
        if let Some(time) = self.time {
            map.serialize_entry("Time", &rfc3339::<S::Error>(time)?)?;
        }
        if let Some(path) = &self.disk_path {
            let path = path.to_str().ok_or_else(|| S::Error::custom("the path is not UTF-8"))?;
            map.serialize_entry("DiskPath", path)?;
        }
        map.end()
    }
}

fn rfc3339<E: serde::ser::Error>(time: SystemTime) -> Result<String, E> {
    let text = Timestamp::try_from(time).map_err(E::custom)?.to_string();
    // Go reads no signed years, and the whole message would be lost with one.
    if text.starts_with('-') {
        return Err(E::custom(format_args!("the time {text} is not one of RFC 3339")));
    }
    Ok(text)
}
