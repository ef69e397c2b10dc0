//! What both targets on archives check: the two ways to judge one agree, and nothing is unpacked but what was judged.

use std::collections::BTreeMap;
use std::fs;
use std::io::{Cursor, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use c2_core::archive::{
    AFTER_BYTES, Limits, Listing, Problem, TAIL_BYTES, central_headers, directory, judge, local_header,
    local_header_bytes,
};
use c2_shell::archive::{Archive, ArchiveError};
use zip::ZipArchive;

/// Small, so that an input that unpacks to much is refused and not waited for.
const LIMITS: Limits = Limits { max_entries: 200, max_bytes: 1 << 20, max_ratio: 100 };

/// Judges the bytes of an archive, and unpacks it when it is accepted.
pub(crate) fn check(bytes: &[u8]) {
    let _ = judged_in_memory(bytes, &Limits::default());
    let in_memory = judged_in_memory(bytes, &LIMITS);
    if let Err(problems) = &in_memory {
        assert!(!problems.is_empty(), "a refusal says why");
        assert!(problems.iter().all(|problem| !problem.to_string().contains(char::is_control)), "{problems:?}");
    }

    let desk = tempfile::tempdir_in(memory_folder()).expect("a folder in memory can be made");
    let archive = desk.path().join("a.zip");
    fs::write(&archive, bytes).expect("the folder takes a file");
    let to = desk.path().join("to");
    if let Ok(judged) = judge_file(&archive) {
        let listing = judged.listing();
        assert_eq!(in_memory.as_ref(), Ok(listing.as_ref()), "a file is judged as its bytes are");
        let again = judge_file(&archive).expect("it was accepted before");
        assert_eq!(listing, again.listing(), "judging twice gives the same listing");
        check_unpacked(&judged, listing, &to);
        check_unpacked_over(&judged, listing, &desk.path().join("over"));
        check_by_another_reader(bytes, listing, &to);
    }
    let known = ["a.zip", "to", "over"].map(|name| desk.path().join(name));
    assert!(
        names_in(desk.path()).iter().all(|path| known.contains(path)),
        "nothing is written beside the folder that is unpacked into"
    );
}

fn judge_file(path: &Path) -> Result<Archive, ArchiveError> {
    Archive::judge(path, fs::File::open(path).expect("the file was just written"), &LIMITS)
}

fn judged_in_memory(bytes: &[u8], limits: &Limits) -> Result<Listing, Vec<Problem>> {
    let from = |at: u64, count: usize| {
        let rest = usize::try_from(at).ok().and_then(|at| bytes.get(at..)).unwrap_or_default();
        &rest[..rest.len().min(count)]
    };
    let length = bytes.len() as u64;
    let tail = from(length.saturating_sub(TAIL_BYTES), bytes.len());
    let directory = directory(tail, length, limits).map_err(|problem| vec![problem])?;
    let central = from(directory.start, directory.bytes as usize);
    let mut headers = central_headers(&directory, central).map_err(|problem| vec![problem])?;
    for header in &mut headers {
        let needed = local_header_bytes(from(header.start, 30));
        let mut local = local_header(from(header.start, needed), header);
        if let Ok(local) = &mut local
            && header.is_streamed()
        {
            local.after = from(header.data_end(local.data_start), AFTER_BYTES).to_owned();
        }
        header.local = local;
    }
    judge(&headers, directory.start, limits)
}

fn check_unpacked(archive: &Archive, listing: &Listing, to: &Path) {
    archive.unpack(to, &[]).expect("what is accepted can be unpacked");
    check_tree(listing, to);
    for member in listing.members().iter().filter(|member| !member.folder) {
        let read = archive.read_member(&member.path, LIMITS.max_bytes).expect("a member can be read");
        assert_eq!(read, fs::read(to.join(&member.path)).ok(), "a member is read as it is unpacked");
    }
}

/// Some names are taken while unpacking into a folder that is there: that is refused in time.
fn check_unpacked_over(archive: &Archive, listing: &Listing, to: &Path) {
    fs::create_dir(to).expect("the folder takes a folder");
    match archive.unpack_over(to, &[]) {
        Ok(()) => check_tree(listing, to),
        Err(error) => {
            let is_taken = |part: &str| part.starts_with(".c2-new-");
            let taken = listing.members().iter().any(|member| member.path.split('/').any(is_taken));
            assert!(taken, "what is accepted can be unpacked over a folder: {error}");
            assert!(paths_in(to).is_empty(), "a refusal leaves nothing behind");
        }
    }
}

/// The folder holds the members of the listing, each with its mode, length and CRC, and nothing else.
fn check_tree(listing: &Listing, to: &Path) {
    let mut there = paths_in(to);
    for member in listing.members() {
        let path = to.join(&member.path);
        let found = fs::symlink_metadata(&path).expect("a member is unpacked");
        assert_eq!((found.is_dir(), found.is_file()), (member.folder, !member.folder), "{path:?}");
        assert_eq!(found.permissions().mode() & 0o7777, member.mode, "{path:?}");
        if !member.folder {
            let content = fs::read(&path).expect("a member's mode lets its owner read it");
            assert_eq!(content.len() as u64, member.bytes, "{path:?}");
            assert_eq!(Some(crc32(&content)), member.content.as_ref().map(|content| content.crc32), "{path:?}");
        }
        there.retain(|other| *other != path);
    }
    assert!(there.is_empty(), "only members are unpacked, not {there:?}");
}

/// Another reader of archives, which believes the directory, sees the same.
fn check_by_another_reader(bytes: &[u8], listing: &Listing, to: &Path) {
    let mut other = ZipArchive::new(Cursor::new(bytes)).expect("another reader takes what is accepted");
    let mut seen = BTreeMap::new();
    for index in 0..other.len() {
        let mut entry = other.by_index(index).expect("another reader finds each entry");
        let stored = entry.name().expect("another reader knows each name").into_owned();
        let path = stored.strip_prefix("./").unwrap_or(&stored);
        let (name, folder) = (path.trim_end_matches('/').to_owned(), path.ends_with('/'));
        let mut content = Vec::new();
        entry.read_to_end(&mut content).expect("another reader reads each entry");
        if !name.is_empty() {
            assert_eq!(seen.insert(name, (folder, content)), None);
        }
    }
    for member in listing.members().iter().filter(|member| member.content.is_some()) {
        let unpacked = (member.folder, fs::read(to.join(&member.path)).unwrap_or_default());
        assert_eq!(seen.remove(&member.path), Some(unpacked), "{}", member.path);
    }
    assert!(seen.is_empty(), "another reader sees {seen:?} besides");
}

/// All paths below a folder.
fn paths_in(folder: &Path) -> Vec<PathBuf> {
    let mut paths = names_in(folder);
    for path in paths.clone() {
        if fs::symlink_metadata(&path).expect("what was just seen is there").is_dir() {
            paths.extend(paths_in(&path));
        }
    }
    paths
}

fn names_in(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).expect("a folder's mode lets its owner look into it");
    entries.map(|entry| entry.expect("a folder can be read to its end").path()).collect()
}

/// The CRC-32 of an archive (APPNOTE 4.4.7), bit by bit.
pub(crate) fn crc32(bytes: &[u8]) -> u32 {
    let step = |crc: u32| if crc & 1 == 1 { crc >> 1 ^ 0xedb8_8320 } else { crc >> 1 };
    !bytes.iter().fold(!0, |crc, byte| (0..8).fold(crc ^ u32::from(*byte), |crc, _| step(crc)))
}

/// Where files cost no disk, if there is such a place.
fn memory_folder() -> PathBuf {
    let folder = PathBuf::from("/dev/shm");
    if folder.is_dir() { folder } else { std::env::temp_dir() }
}
