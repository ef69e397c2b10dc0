//! Packs small files into a zip archive, as they are: the zip crate's writer would cost the binary a compressor.

/// The common part of a local and a central header before its sums: version 2.0, no flags, stored, 1980-01-01 00:00.
const STORED: [u8; 10] = [20, 0, 0, 0, 0, 0, 0, 0, 0x21, 0];

/// The bytes of an archive of these files, each a name and its content (PKWARE's APPNOTE.TXT, 4.3). All of it has to
/// stay far below 4 GiB.
pub(super) fn pack(files: &[(&str, &str)]) -> Vec<u8> {
    let (mut archive, mut directory) = (Vec::new(), Vec::new());
    for (name, content) in files {
        let offset = length(&archive);
        let header = header(name, content.as_bytes());
        archive.extend_from_slice(b"PK\x03\x04");
        archive.extend_from_slice(&header);
        archive.extend_from_slice(name.as_bytes());
        archive.extend_from_slice(content.as_bytes());
        // Made by version 2.0; no comment, first disk, no attributes.
        directory.extend_from_slice(b"PK\x01\x02\x14\x00");
        directory.extend_from_slice(&header);
        directory.extend_from_slice(&[0; 10]);
        directory.extend_from_slice(&offset);
        directory.extend_from_slice(name.as_bytes());
    }
    let entries = &length(files)[..2];
    let end = [b"PK\x05\x06\0\0\0\0", entries, entries, &length(&directory), &length(&archive), &[0, 0]].concat();
    [archive, directory, end].concat()
}

/// What the two headers of a file have in common.
fn header(name: &str, content: &[u8]) -> Vec<u8> {
    let size = length(content);
    [&STORED[..], &checksum(content).to_le_bytes(), &size, &size, &length(name.as_bytes())[..2], &[0, 0]].concat()
}

/// A length as a zip archive holds it.
fn length<T>(items: &[T]) -> [u8; 4] {
    u32::try_from(items.len()).unwrap_or(u32::MAX).to_le_bytes()
}

/// The CRC-32 of APPNOTE.TXT 4.4.7, a bit at a time: the files are small.
fn checksum(bytes: &[u8]) -> u32 {
    !bytes.iter().fold(u32::MAX, |sum, byte| {
        (0..8).fold(sum ^ u32::from(*byte), |sum, _| if sum & 1 == 1 { sum >> 1 ^ 0xEDB8_8320 } else { sum >> 1 })
    })
}

#[cfg(test)]
mod tests {
    use std::io::Read;

    use super::*;

    #[test]
    fn what_is_packed_is_read_back_by_the_zip_crate() {
        let files = [("release.json", "{}"), ("a/b.txt", "some text\n"), ("empty", "")];
        let mut archive = zip::ZipArchive::new(std::io::Cursor::new(pack(&files))).unwrap();
        assert_eq!(archive.len(), files.len());
        for (name, content) in files {
            let mut found = String::new();
            archive.by_name(name).unwrap().read_to_string(&mut found).unwrap();
            assert_eq!(found, content);
        }
    }
}
