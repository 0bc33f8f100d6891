//! From an output's bytes to objects.

use std::io::{self, Cursor, ErrorKind, Read};

use cache_core::OutputId;
use sha2::{Digest, Sha256};

use super::{Codec, Header, Kind};
use crate::sign::{KeyPair, Signable};

/// The level at which zstd is fast enough for a build to go on beside it, on one of its cores.
const LEVEL: i32 = 3;

/// How much of a large output is compressed to see whether that pays, in bytes.
const SAMPLE: usize = 256 << 10;

/// The object of a result with its output's bytes, which are `bytes`: the caller has compared them
/// with the output ID.
pub(crate) fn encode_small(said: &Signable, bytes: &[u8], signer: Option<&KeyPair>) -> Vec<u8> {
    let compressed = compressed(bytes);
    let (codec, body) = match &compressed {
        Some(compressed) => (Codec::Zstd, compressed.as_slice()),
        None => (Codec::Plain, bytes),
    };
    let header = Header {
        kind: Kind::Small,
        codec,
        said: said.clone(),
        body: Some(body.len() as u64),
        signed: signer.map(|pair| pair.sign(said)),
    };
    let mut object = header.to_bytes();
    object.extend(body);
    object
}

/// The object of a result whose output is an object of its own.
pub(crate) fn encode_large(said: &Signable, signer: Option<&KeyPair>) -> Vec<u8> {
    let signed = signer.map(|pair| pair.sign(said));
    let (kind, codec) = (Kind::Large, Codec::Plain);
    Header { kind, codec, said: said.clone(), body: Some(0), signed }.to_bytes()
}

/// The bytes compressed, when that saves at least a tenth: for less, whoever reads them has the
/// work and hardly waits less.
fn compressed(bytes: &[u8]) -> Option<Vec<u8>> {
    // What zstd says when it fails is that it has no memory; then they stay as they are.
    let compressed = zstd::bulk::compress(bytes, LEVEL).ok()?;
    (compressed.len() <= bytes.len() - bytes.len().div_ceil(10)).then_some(compressed)
}

/// Gives the object of a large output while its bytes are being read.
///
/// It is compressed when its first 256 KiB are worth it. What it reads is hashed, and when that is
/// not the output it fails in the end's place: an object is only finished when it is right.
pub(crate) struct OutputEncoder<R: Read> {
    /// The header, as far as it was not given yet.
    header: Cursor<Vec<u8>>,
    body: Body<R>,
}

type Source<R> = io::Chain<Cursor<Vec<u8>>, Checked<R>>;

enum Body<R: Read> {
    Plain(Source<R>),
    Zstd(Box<zstd::stream::read::Encoder<'static, io::BufReader<Source<R>>>>),
}

impl<R: Read> OutputEncoder<R> {
    /// The object of the output with this ID and this size in bytes, which `source` gives to its
    /// end.
    pub(crate) fn new(output: OutputId, size: u64, source: R) -> io::Result<Self> {
        let mut source = Checked { source, output, left: size, sha: Sha256::new(), ended: false };
        let mut sample = Vec::new();
        source.by_ref().take(SAMPLE as u64).read_to_end(&mut sample)?;
        let codec = if compressed(&sample).is_some() { Codec::Zstd } else { Codec::Plain };
        let header = Cursor::new(Header::of_output(output, size, codec).to_bytes());
        let source = Cursor::new(sample).chain(source);
        let body = match codec {
            Codec::Plain => Body::Plain(source),
            Codec::Zstd => {
                let mut encoder = zstd::stream::read::Encoder::new(source, LEVEL)?;
                encoder.set_pledged_src_size(Some(size))?;
                Body::Zstd(Box::new(encoder))
            }
        };
        Ok(Self { header, body })
    }
}

impl<R: Read> Read for OutputEncoder<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self.header.read(buffer)? {
            0 => {}
            n => return Ok(n),
        }
        match &mut self.body {
            Body::Plain(source) => source.read(buffer),
            Body::Zstd(encoder) => encoder.read(buffer),
        }
    }
}

/// Gives what `source` gives; in the end's place an error, unless that was the output.
struct Checked<R> {
    source: R,
    output: OutputId,
    left: u64,
    sha: Sha256,
    /// Whether the end was found to be right.
    ended: bool,
}

impl<R: Read> Read for Checked<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() || self.ended {
            return Ok(0);
        }
        let n = self.source.read(buffer)?;
        self.sha.update(&buffer[..n]);
        match self.left.checked_sub(n as u64) {
            Some(left) => self.left = left,
            None => return Err(self.is_another()),
        }
        if n == 0 {
            let found: [u8; 32] = self.sha.finalize_reset().into();
            if self.left > 0 || OutputId::from(found) != self.output {
                return Err(self.is_another());
            }
            self.ended = true;
        }
        Ok(n)
    }
}

impl<R> Checked<R> {
    fn is_another(&self) -> io::Error {
        let text = format!("what was read is not output {}", self.output);
        io::Error::new(ErrorKind::InvalidData, text)
    }
}
