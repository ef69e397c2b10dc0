//! The headers of the entries: in the directory (APPNOTE 4.3.12), and once more before each entry's data (4.3.7).

use crate::prelude::*;

use super::bytes::Bytes;
use super::end::Directory;
use super::problem::Problem;

const CENTRAL: u32 = 0x0201_4b50;
const LOCAL: u32 = 0x0403_4b50;
const LOCAL_FIXED_BYTES: usize = 30;
const LOCAL_LENGTHS_AT: usize = 26;
const ZIP64_FIELD: u16 = 0x0001;
const UNICODE_NAME_FIELD: u16 = 0x7075;
const FULL: u32 = 0xffff_ffff;

/// The most bytes a data descriptor takes behind an entry's data.
pub const AFTER_BYTES: usize = 24;

/// What an archive says of one entry, as it stands there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Header {
    /// The name, as stored.
    pub name: Vec<u8>,
    /// The name in the Info-ZIP Unicode path field (APPNOTE 4.6.9), where there is one.
    pub unicode_name: Option<Vec<u8>>,
    /// The general purpose bits (APPNOTE 4.4.4).
    pub flags: u16,
    /// 0 is stored, 8 is deflated (APPNOTE 4.4.5).
    pub method: u16,
    /// The host that the attributes are of (APPNOTE 4.4.2), 3 is Unix.
    pub host: u8,
    /// The external file attributes: the upper half is a Unix mode on such hosts.
    pub attributes: u32,
    /// The time of the last modification in the DOS form (APPNOTE 4.4.6), the date in the upper half.
    pub modified: u32,
    /// The CRC-32 of the content.
    pub crc32: u32,
    /// The length of the data in the archive.
    pub compressed_bytes: u64,
    /// The length of the content.
    pub bytes: u64,
    /// The disk that the entry starts on.
    pub disk: u16,
    /// The offset of the local header.
    pub start: u64,
    /// What the header before the data says; the error says why there is none.
    pub local: Result<Local, String>,
}

/// What the header right before an entry's data says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Local {
    /// Whether name and Unicode name are those of the directory.
    pub same_name: bool,
    /// As in [`Header`].
    pub flags: u16,
    /// As in [`Header`].
    pub method: u16,
    /// As in [`Header`]; may be 0 when a data descriptor follows.
    pub crc32: u32,
    /// As in [`Header`]; may be 0 when a data descriptor follows.
    pub compressed_bytes: u64,
    /// As in [`Header`]; may be 0 when a data descriptor follows.
    pub bytes: u64,
    /// The offset of the data.
    pub data_start: u64,
    /// Up to [`AFTER_BYTES`] bytes from behind the data; only read when [`Header::is_streamed`].
    pub after: Vec<u8>,
}

impl Header {
    /// Whether CRC and lengths follow the data in a data descriptor (APPNOTE 4.3.9).
    pub fn is_streamed(&self) -> bool {
        self.flags & 1 << 3 != 0
    }

    /// The offset behind the data.
    pub fn data_end(&self, data_start: u64) -> u64 {
        data_start.saturating_add(self.compressed_bytes)
    }
}

/// Parses a whole directory.
///
/// # Errors
/// The one problem that leaves no way to read on.
pub fn central_headers(directory: &Directory, bytes: &[u8]) -> Result<Vec<Header>, Problem> {
    let mut rest = Bytes(bytes);
    let mut headers = Vec::with_capacity(bytes.len() / 64);
    while !rest.0.is_empty() {
        let number = headers.len() + 1;
        let header = central_header(&mut rest).ok_or_else(|| {
            Problem::of_archive(format!("entry {number} of its directory is cut off or no entry: it is damaged"))
        })?;
        headers.push(header.map_err(|(name, what)| Problem::of_entry(&name, what))?);
    }
    if headers.len() as u64 != directory.entries {
        return Err(Problem::of_archive(format!(
            "its end record claims {} entries, its directory has {}",
            directory.entries,
            headers.len()
        )));
    }
    Ok(headers)
}

type HeaderFault = (Vec<u8>, &'static str);

fn central_header(rest: &mut Bytes<'_>) -> Option<Result<Header, HeaderFault>> {
    (rest.u32()? == CENTRAL).then_some(())?;
    let host = rest.u16()?.to_le_bytes()[1];
    rest.u16()?;
    let (flags, method) = (rest.u16()?, rest.u16()?);
    let modified = rest.u32()?;
    let crc32 = rest.u32()?;
    let (compressed_bytes, bytes) = (rest.u32()?, rest.u32()?);
    let (name_bytes, extra_bytes, comment_bytes) = (rest.u16()?, rest.u16()?, rest.u16()?);
    let disk = rest.u16()?;
    rest.u16()?;
    let attributes = rest.u32()?;
    let start = rest.u32()?;
    let name = rest.take(name_bytes.into())?.to_owned();
    let extra = rest.take(extra_bytes.into())?;
    rest.take(comment_bytes.into())?;

    Some(match extra_fields(extra, [bytes, compressed_bytes, start]) {
        Err(what) => Err((name, what)),
        Ok(Extra { sizes: [bytes, compressed_bytes, start], unicode_name }) => Ok(Header {
            name,
            unicode_name: unicode_name.map(<[u8]>::to_owned),
            flags,
            method,
            host,
            attributes,
            modified,
            crc32,
            compressed_bytes,
            bytes,
            disk,
            start,
            local: Err("its local header was not read".into()),
        }),
    })
}

/// How many bytes [`local_header`] needs to see, given at least the first 30: those and the name and the extra fields.
pub fn local_header_bytes(bytes: &[u8]) -> usize {
    let lengths = || {
        let mut lengths = Bytes(bytes.get(LOCAL_LENGTHS_AT..)?);
        Some(usize::from(lengths.u16()?) + usize::from(lengths.u16()?))
    };
    LOCAL_FIXED_BYTES + lengths().unwrap_or(0)
}

/// Parses the local header of an entry from the bytes at [`Header::start`]; [`Local::after`] is left empty.
///
/// # Errors
/// What is wrong with it.
pub fn local_header(bytes: &[u8], central: &Header) -> Result<Local, String> {
    let missing = || format!("it has no local header at offset {}: the archive is damaged", central.start);
    Ok(parse_local_header(bytes, central).ok_or_else(missing)??)
}

fn parse_local_header(bytes: &[u8], central: &Header) -> Option<Result<Local, &'static str>> {
    let mut rest = Bytes(bytes);
    (rest.u32()? == LOCAL).then_some(())?;
    rest.u16()?;
    let (flags, method) = (rest.u16()?, rest.u16()?);
    rest.u32()?;
    let crc32 = rest.u32()?;
    let (compressed_bytes, bytes) = (rest.u32()?, rest.u32()?);
    let (name_bytes, extra_bytes) = (rest.u16()?, rest.u16()?);
    let name = rest.take(name_bytes.into())?;
    let extra = rest.take(extra_bytes.into())?;
    let header_bytes = LOCAL_FIXED_BYTES + name.len() + extra.len();
    let data_start = central.start.checked_add(header_bytes as u64)?;
    Some(extra_fields(extra, [bytes, compressed_bytes, 0]).map(|extra| {
        let [bytes, compressed_bytes, _] = extra.sizes;
        let same_name = name == central.name && extra.unicode_name == central.unicode_name.as_deref();
        Local { same_name, flags, method, crc32, compressed_bytes, bytes, data_start, after: Vec::new() }
    }))
}

/// What the extra fields say.
struct Extra<'a> {
    /// Content length, compressed length, offset: each as in the header, or from the zip64 field (APPNOTE 4.5.3)
    /// where the header's own is full.
    sizes: [u64; 3],
    unicode_name: Option<&'a [u8]>,
}

fn extra_fields(extra: &[u8], short: [u32; 3]) -> Result<Extra<'_>, &'static str> {
    let mut zip64 = None;
    let mut unicode_name = None;
    let mut rest = Bytes(extra);
    // Fewer bytes than a field's head are padding: tools that align data leave up to three.
    while rest.0.len() >= 4 {
        let (Some(kind), Some(length)) = (rest.u16(), rest.u16()) else { break };
        let field = rest.take(length.into()).ok_or("its extra fields are cut off: the archive is damaged")?;
        let twice = match kind {
            ZIP64_FIELD => zip64.replace(field).is_some(),
            // A version, a CRC of the stored name, the name.
            UNICODE_NAME_FIELD => {
                let name = field.get(5..).ok_or("its Unicode name is cut off: the archive is damaged")?;
                unicode_name.replace(name).is_some()
            }
            _ => false,
        };
        if twice {
            return Err("an extra field is there twice: pack it again");
        }
    }
    let mut long = Bytes(zip64.unwrap_or_default());
    let mut sizes = [0; 3];
    for (size, short) in sizes.iter_mut().zip(short) {
        *size = match short {
            FULL if zip64.is_some() => long.u64().ok_or("its zip64 field is cut off: the archive is damaged")?,
            short => short.into(),
        };
    }
    Ok(Extra { sizes, unicode_name })
}
