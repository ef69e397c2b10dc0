//! The modes of what is unpacked do not depend on the umask. The umask is the process's own: this is the only test
//! of its binary.
#![allow(clippy::unwrap_used, reason = "this is all test")]

use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use c2_core::archive::Limits;
use c2_shell::archive::{Archive, ExtraFile};
use rustix::fs::Mode;
use rustix::process::umask;
use zip::ZipWriter;
use zip::write::SimpleFileOptions;

#[test]
fn of_the_modes_of_an_archive_the_execute_bit_counts_whatever_the_umask() {
    let place = tempfile::tempdir().unwrap();
    let archive = place.path().join("a.zip");
    write_archive(&archive);
    let judged = Archive::judge(&archive, fs::File::open(&archive).unwrap(), &Limits::default()).unwrap();
    let extra = [ExtraFile { path: "rendered", mode: 0o640, bytes: b"x" }];
    for mask in [0o000, 0o022, 0o077, 0o777] {
        let (new, over) = (place.path().join(format!("new-{mask:o}")), place.path().join(format!("over-{mask:o}")));
        fs::create_dir(&over).unwrap();
        let before = umask(Mode::from_raw_mode(mask));
        let unpacked = judged.unpack(&new, &extra);
        let unpacked_over = judged.unpack_over(&over, &extra);
        umask(before);
        unpacked.unwrap();
        unpacked_over.unwrap();
        assert_eq!(mode_of(&new), 0o755, "umask {mask:o}");
        for folder in [&new, &over] {
            for (path, mode) in [
                ("implied", 0o755),
                ("implied/plain", 0o644),
                ("private", 0o755),
                ("private/key", 0o644),
                ("rendered", 0o640),
                ("run", 0o755),
                ("shared", 0o755),
            ] {
                assert_eq!(mode_of(&folder.join(path)), mode, "{path} with umask {mask:o}");
            }
        }
    }
}

fn write_archive(path: &Path) {
    let mut writer = ZipWriter::new(File::create(path).unwrap());
    let mode = |mode| SimpleFileOptions::default().unix_permissions(mode);
    writer.start_file("implied/plain", mode(0o666)).unwrap();
    writer.write_all(b"plain").unwrap();
    writer.add_directory("private/", mode(0o700)).unwrap();
    writer.start_file("private/key", mode(0o600)).unwrap();
    writer.start_file("run", mode(0o6777)).unwrap();
    writer.add_directory("shared/", mode(0o1777)).unwrap();
    writer.finish().unwrap();
}

fn mode_of(path: &Path) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}
