//! The header: 192 bytes, then the name of an output that is an executable.

use cache_core::{ActionId, FileName, OutputId};
use sha2::{Digest, Sha256};

use super::{Codec, HEADER, Kind, LIMIT, SMALL};
use crate::malformed::{Fields, Malformed, Problem};
use crate::sign::{KeyId, Signable, Signed};

const MAGIC: &[u8; 8] = b"LARDERob";
/// Where the checksum stands, which covers all that comes before it, and the name.
const CHECKSUM_AT: usize = 184;
/// Where the length of the body stands.
const BODY_AT: usize = 96;
/// A length of the body that is not known before its end.
const TO_THE_END: u64 = u64::MAX;

/// What an object says of itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Header {
    pub(crate) kind: Kind,
    pub(crate) codec: Codec,
    /// What it says of the result. Of an [`Output`](Kind::Output) there is no action (all its bytes
    /// are zero), no time (1970) and no name.
    pub(crate) said: Signable,
    /// The length in bytes of the body as it is stored; `None`: to the object's end.
    pub(crate) body: Option<u64>,
    pub(crate) signed: Option<Signed>,
}

impl Header {
    /// Reads the header that an object begins with. Returns also how many bytes it takes, name and
    /// all. `bytes` need not hold the body.
    ///
    /// A header that is returned holds no contradiction: a body has the length that its codec allows
    /// for the output's size, and only a result has what belongs to one.
    pub(crate) fn parse(bytes: &[u8]) -> Result<(Self, usize), Malformed> {
        let mut fields = Fields::of("object", bytes);
        fields.begin(MAGIC)?;
        let [kind, codec, name_length] = fields.bytes()?;
        fields.zeros(4)?;
        let action = fields.bytes()?.into();
        let output = fields.bytes()?.into();
        let size = fields.u64()?;
        let time_ns = fields.i64()?;
        let body = fields.u64()?;
        let key = fields.bytes()?;
        let signature = fields.bytes()?;
        fields.zeros(8)?;
        let checksum: [u8; 8] = fields.bytes()?;
        let name = fields.slice(name_length.into())?;
        let wrong = |at, problem| Err(fields.wrong_at(at, problem));
        if checksum != checksum_of(&bytes[..CHECKSUM_AT], name) {
            return wrong(CHECKSUM_AT, Problem::Checksum);
        }

        let kind = match kind {
            1 => Kind::Small,
            2 => Kind::Large,
            3 => Kind::Output,
            _ => return wrong(9, Problem::Field("no such kind")),
        };
        let codec = match codec {
            0 => Codec::Plain,
            1 => Codec::Zstd,
            _ => return wrong(10, Problem::Field("no such codec")),
        };
        let limit = if kind == Kind::Small { SMALL } else { LIMIT };
        if size > limit {
            return wrong(
                80,
                Problem::OverLimit { field: "the output's size", found: size, limit },
            );
        }
        let fits = match (kind, codec) {
            (Kind::Large, Codec::Plain) => body == 0,
            (Kind::Large, Codec::Zstd) => false,
            (_, Codec::Plain) => body == size,
            (Kind::Small, Codec::Zstd) => 0 < body && body < size,
            (Kind::Output, Codec::Zstd) => body == TO_THE_END,
        };
        if !fits {
            let problem = Problem::Field("a body of this length goes with no such kind and codec");
            return wrong(BODY_AT, problem);
        }
        let executable = match name {
            [] => None,
            name => match str::from_utf8(name).ok().and_then(|name| FileName::new(name).ok()) {
                Some(name) => Some(name),
                None => return wrong(HEADER, Problem::Field("the name is not that of a file")),
            },
        };
        let signed = match (key == [0; 8], signature == [0; 64]) {
            (true, true) => None,
            (false, false) => Some(Signed { key: KeyId(key), signature }),
            _ => return wrong(104, Problem::Field("half of a signature")),
        };
        let said = Signable { action, output, size, time_ns, executable };
        let header = Self { kind, codec, said, body: (body != TO_THE_END).then_some(body), signed };
        if kind == Kind::Output && !header.is_bare() {
            return wrong(16, Problem::Field("an output with what belongs to a result"));
        }
        Ok((header, fields.at))
    }

    /// The bytes that an object with this header begins with.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        let said = &self.said;
        let kind = match self.kind {
            Kind::Small => 1,
            Kind::Large => 2,
            Kind::Output => 3,
        };
        let codec = match self.codec {
            Codec::Plain => 0,
            Codec::Zstd => 1,
        };
        let name = said.name().as_bytes();
        let mut bytes = Vec::with_capacity(HEADER + name.len());
        bytes.extend(MAGIC);
        bytes.extend([1, kind, codec, said.name_length()]);
        bytes.extend([0; 4]);
        bytes.extend(said.action.as_bytes());
        bytes.extend(said.output.as_bytes());
        bytes.extend(said.size.to_le_bytes());
        bytes.extend(said.time_ns.to_le_bytes());
        bytes.extend(self.body.unwrap_or(TO_THE_END).to_le_bytes());
        match &self.signed {
            Some(signed) => {
                bytes.extend(signed.key.0);
                bytes.extend(signed.signature);
            }
            None => bytes.extend([0; 8 + 64]),
        }
        bytes.extend([0; 8]);
        let checksum = checksum_of(&bytes, name);
        bytes.extend(checksum);
        bytes.extend(name);
        bytes
    }

    /// Whether it says nothing that only a result has.
    fn is_bare(&self) -> bool {
        let said = &self.said;
        *said.action.as_bytes() == [0; 32]
            && said.time_ns == 0
            && said.executable.is_none()
            && self.signed.is_none()
    }

    /// What an object of an output says, for [`Kind::Output`].
    pub(super) fn of_output(output: OutputId, size: u64, codec: Codec) -> Self {
        let action = ActionId::from_bytes([0; 32]);
        let said = Signable { action, output, size, time_ns: 0, executable: None };
        let body = (codec == Codec::Plain).then_some(size);
        Self { kind: Kind::Output, codec, said, body, signed: None }
    }
}

fn checksum_of(header: &[u8], name: &[u8]) -> [u8; 8] {
    let sha = Sha256::new().chain_update(header).chain_update(name).finalize();
    let mut checksum = [0; 8];
    checksum.copy_from_slice(&sha[..8]);
    checksum
}
