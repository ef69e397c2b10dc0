//! The judgement on an archive's headers: what it would unpack to, or everything that is wrong with it.

use crate::prelude::*;
use alloc::collections::BTreeMap;

use super::bytes::Bytes;
use super::dos_time::{EARLIEST_S, seconds};
use super::header::{Header, Local};
use super::limits::Limits;
use super::listing::{Content, Listing, Member};
use super::mode;
use super::name::{Name, path_of};
use super::problem::{Problem, Problems, printable};

const STORED: u16 = 0;
const DEFLATED: u16 = 8;

/// Below this, content is let be as compressible as it likes.
const RATIO_COUNTS_ABOVE_BYTES: u64 = 64 * 1024 * 1024;

/// Judges the headers of an archive whose directory starts at `directory_start`.
///
/// What it accepts is safe to unpack as far as headers can tell; that the data is what they say is left to whoever
/// inflates it.
///
/// # Errors
/// All problems that were found; of more than twenty, the first twenty and how many more there are.
pub fn judge(headers: &[Header], directory_start: u64, limits: &Limits) -> Result<Listing, Vec<Problem>> {
    let mut problems = Problems::default();
    let mut tree = Tree::default();
    for header in headers {
        faults_of_entry(header, &mut |what| problems.add(Problem::of_entry(&header.name, what)));
        match path_of(&header.name) {
            Ok(None) => {}
            Ok(Some(name)) => {
                if let Err(what) = tree.add(&name, header, limits) {
                    problems.add(Problem::of_entry(&header.name, what));
                }
            }
            Err(what) => problems.add(Problem::of_entry(&header.name, what)),
        }
    }
    if headers.len() as u64 > limits.max_entries {
        problems.add(limits.too_many_entries(headers.len() as u64));
    }
    if tree.implied > limits.max_entries {
        problems.add(Problem::of_archive(format!("its paths lie in more than {} folders", limits.max_entries)));
    }
    faults_of_layout(headers, directory_start, &mut problems);
    faults_of_size(headers, limits, &mut problems);
    match problems.is_empty() {
        true => Ok(tree.listing()),
        false => Err(problems.into_list()),
    }
}

fn faults_of_entry(header: &Header, fault: &mut dyn FnMut(String)) {
    if let Some(other) = header.unicode_name.as_deref().filter(|&other| other != header.name) {
        fault(format!("it has a second, Unicode name, '{}': pack it with UTF-8 names only", printable(other)));
    }
    // Bits 0 and 6: encrypted data; bit 13: masked headers.
    if header.flags & (1 | 1 << 6 | 1 << 13) != 0 {
        fault("it is encrypted".into());
    }
    match header.method {
        STORED if header.compressed_bytes != header.bytes => fault(format!(
            "it is stored in {} bytes, yet to be {} bytes long: the archive is damaged",
            header.compressed_bytes, header.bytes
        )),
        STORED | DEFLATED => {}
        method => fault(format!("its compression method {method} is not supported: pack it with deflate")),
    }
    if let Some(kind) = mode::foreign_kind(header) {
        fault(format!("it is {kind}: only files and folders are unpacked"));
    }
    if header.disk != 0 {
        fault("it is on another disk: only archives in one piece are unpacked".into());
    }
    match &header.local {
        Err(what) => fault(what.clone()),
        Ok(local) => faults_of_local(header, local, fault),
    }
}

/// The two headers of an entry must agree: a reader may believe either.
fn faults_of_local(header: &Header, local: &Local, fault: &mut dyn FnMut(String)) {
    let mut differ = |what, here: u64, there: u64| {
        fault(format!("its two headers disagree on {what}: {there} in the directory, {here} before the data"));
    };
    // Bits 1 and 2 tell how hard it was compressed; only those and unused ones may differ.
    let meaning = 1 | 1 << 3 | 1 << 6 | 1 << 11 | 1 << 13;
    if local.flags & meaning != header.flags & meaning {
        differ("its flags", local.flags.into(), header.flags.into());
    }
    if local.method != header.method {
        differ("its compression method", local.method.into(), header.method.into());
    }
    let differs = |here, there| here != there && !(here == 0 && header.is_streamed());
    if differs(local.crc32.into(), header.crc32.into()) {
        differ("its CRC", local.crc32.into(), header.crc32.into());
    }
    if differs(local.compressed_bytes, header.compressed_bytes) {
        differ("its compressed length", local.compressed_bytes, header.compressed_bytes);
    }
    if differs(local.bytes, header.bytes) {
        differ("its length", local.bytes, header.bytes);
    }
    if !local.same_name {
        fault("its two headers disagree on its name".into());
    }
}

/// Entries must follow each other without a gap from the first byte to the directory.
fn faults_of_layout(headers: &[Header], directory_start: u64, problems: &mut Problems) {
    let mut order = Vec::with_capacity(headers.len());
    for header in headers {
        // Without all local headers nothing is known of the layout.
        let Ok(local) = &header.local else { return };
        order.push((header, local));
    }
    order.sort_by_key(|(header, _)| header.start);
    let mut at = 0;
    for (number, &(header, local)) in order.iter().enumerate() {
        let mut fault = |what| problems.add(Problem::of_entry(&header.name, what));
        if header.start < at {
            fault("it overlaps another entry".into());
        } else if header.start > at {
            fault(format!("{} bytes before it belong to no entry: pack it again, as a plain zip", header.start - at));
        }
        let next = order.get(number + 1).map_or(directory_start, |(next, _)| next.start);
        let data_end = header.data_end(local.data_start);
        let end = match header.is_streamed() && !is_complete(header, local, next) {
            false => data_end,
            true => match descriptor_bytes(header, local, next.saturating_sub(data_end)) {
                Ok(length) => data_end.saturating_add(length),
                Err(what) => {
                    fault(what.into());
                    next.max(data_end)
                }
            },
        };
        at = at.max(end);
    }
    if at > directory_start {
        problems.add(Problem::of_archive("an entry's data reaches into its directory: it is damaged"));
    } else if at < directory_start {
        problems.add(Problem::of_archive(format!(
            "{} bytes before its directory belong to no entry: pack it again, as a plain zip",
            directory_start - at
        )));
    }
}

/// Whether an entry that should have a data descriptor has none and needs none.
fn is_complete(header: &Header, local: &Local, next: u64) -> bool {
    header.data_end(local.data_start) == next
        && local.crc32 == header.crc32
        && local.compressed_bytes == header.compressed_bytes
        && local.bytes == header.bytes
}

/// The length of the data descriptor that fills the room between an entry's data and what comes next. It has four
/// forms (APPNOTE 4.3.9), of different lengths: with or without a signature, lengths of 4 or 8 bytes.
fn descriptor_bytes(header: &Header, local: &Local, room: u64) -> Result<u64, &'static str> {
    const SIGNATURE: u32 = 0x0807_4b50;
    let parse = || {
        let mut rest = Bytes(local.after.get(..usize::try_from(room).ok()?)?);
        if matches!(room, 16 | 24) {
            (rest.u32()? == SIGNATURE).then_some(())?;
        }
        let crc32 = rest.u32()?;
        let (compressed_bytes, bytes) = match room {
            12 | 16 => (rest.u32()?.into(), rest.u32()?.into()),
            20 | 24 => (rest.u64()?, rest.u64()?),
            _ => return None,
        };
        (crc32 == header.crc32 && compressed_bytes == header.compressed_bytes && bytes == header.bytes).then_some(room)
    };
    parse()
        .ok_or("the CRC and lengths behind its data are missing or disagree with the directory: the archive is damaged")
}

fn faults_of_size(headers: &[Header], limits: &Limits, problems: &mut Problems) {
    let sum = |of: fn(&Header) -> u64| headers.iter().fold(0u64, |sum, header| sum.saturating_add(of(header)));
    let (bytes, compressed_bytes) = (sum(|header| header.bytes), sum(|header| header.compressed_bytes));
    if bytes > limits.max_bytes {
        problems.add(Problem::of_archive(format!(
            "it unpacks to {bytes} bytes, more than {}: raise releaseLimits.maxBytes if that is meant",
            limits.max_bytes
        )));
    }
    if bytes > RATIO_COUNTS_ABOVE_BYTES && bytes > compressed_bytes.saturating_mul(limits.max_ratio) {
        problems.add(Problem::of_archive(format!(
            "it unpacks to {bytes} bytes from {compressed_bytes}, more than {} times as much: raise \
             releaseLimits.maxRatio if that is meant",
            limits.max_ratio
        )));
    }
}

impl Limits {
    pub(super) fn too_many_entries(&self, entries: u64) -> Problem {
        Problem::of_archive(format!(
            "it has {entries} files and folders, more than {}: raise releaseLimits.maxEntries if that is meant",
            self.max_entries
        ))
    }
}

/// What the entries so far make together, by path.
#[derive(Default)]
struct Tree {
    nodes: BTreeMap<String, Node>,
    /// How many folders only followed from a path when it came.
    implied: u64,
}

struct Node {
    folder: bool,
    mode: u32,
    modified_s: u64,
    bytes: u64,
    /// `None` when it only follows from a path.
    content: Option<Content>,
}

impl Tree {
    fn add(&mut self, name: &Name<'_>, header: &Header, limits: &Limits) -> Result<(), String> {
        if mode::says_folder(header) && !name.folder {
            return Err("it is a folder by its mode, but its name does not end in '/'".into());
        }
        if name.folder && header.bytes != 0 {
            return Err(format!("it is a folder, yet {} bytes long", header.bytes));
        }
        match self.nodes.get(name.path) {
            Some(there) if there.folder != name.folder => return Err("its path is both a file and a folder".into()),
            Some(there) if there.content.is_some() => return Err("its path is there twice".into()),
            _ => {}
        }
        let content = header.local.as_ref().ok().map_or(0, |local| local.data_start);
        let content = Content {
            start: content,
            compressed_bytes: header.compressed_bytes,
            deflated: header.method == DEFLATED,
            crc32: header.crc32,
        };
        let mode = mode::permissions(header, name.folder);
        let modified_s = seconds(header.modified);
        let node = Node { folder: name.folder, mode, modified_s, bytes: header.bytes, content: Some(content) };
        self.nodes.insert(name.path.to_string(), node);
        self.add_folders_of(name.path, limits)
    }

    /// Adds the folders on the way to a path that are not there yet.
    fn add_folders_of(&mut self, path: &str, limits: &Limits) -> Result<(), String> {
        let mut path = path;
        while let Some((folder, _)) = path.rsplit_once('/') {
            match self.nodes.get(folder) {
                Some(there) if !there.folder => return Err(format!("it lies in '{folder}', which is a file")),
                Some(_) => return Ok(()),
                // One more than allowed is enough to refuse: each of many names can be a thousand folders deep.
                None if self.implied > limits.max_entries => return Ok(()),
                None => self.implied += 1,
            }
            let node = Node { folder: true, mode: mode::FOLDER_MODE, modified_s: EARLIEST_S, bytes: 0, content: None };
            self.nodes.insert(folder.to_string(), node);
            path = folder;
        }
        Ok(())
    }

    fn listing(self) -> Listing {
        let member = |(path, node): (String, Node)| Member {
            path,
            folder: node.folder,
            mode: node.mode,
            modified_s: node.modified_s,
            bytes: node.bytes,
            content: node.content,
        };
        Listing::new(self.nodes.into_iter().map(member).collect())
    }
}
