//! Tests of unpacking into a new folder.

use super::*;

#[test]
fn extra_files_are_written_last_and_take_the_place_of_members() {
    let place = Place::new(&zip(&[stored("a/x", b"template"), stored("a/y", b"kept")]));
    let extra = [
        ExtraFile { path: "a/x", mode: 0o600, bytes: b"rendered" },
        ExtraFile { path: "a/z", mode: 0o755, bytes: b"new" },
        ExtraFile { path: ".id", mode: 0o644, bytes: b"1" },
    ];
    unpack(&place.archive(), &Limits::default(), &place.to(), &extra).unwrap();
    let expected = [
        (".id", 0o644, Some(&b"1"[..])),
        ("a", 0o755, None),
        ("a/x", 0o600, Some(b"rendered")),
        ("a/y", 0o644, Some(b"kept")),
        ("a/z", 0o755, Some(b"new")),
    ];
    assert_eq!(tree(&place.to()), expected_tree(&expected));
    let mode = fs::metadata(place.to()).unwrap().permissions().mode();
    assert_eq!(mode & 0o7777, 0o755);
}

#[test]
fn extra_files_that_do_not_fit_are_told_before_anything_is_written() {
    let place = Place::new(&zip(&[stored("a/x", b"")]));
    let extra = ["a", "b/c", "../d", "e"].map(|path| ExtraFile { path, mode: 0o644, bytes: b"" });
    let refused = unpack(&place.archive(), &Limits::default(), &place.to(), &extra).unwrap_err();
    let expected = "cannot unpack into to\
                    \n  a: a file is to be written here, but the release has a folder\
                    \n  b/c: a file is to be written here, but the release lacks its folder\
                    \n  ../d: its name holds the part '..', which leads out of the release";
    assert_eq!(place.text(&refused), expected);
    assert!(!place.to().exists());
}

#[test]
fn a_folder_that_is_there_is_left_alone() {
    let place = Place::new(&zip(&[stored("a", b"new")]));
    fs::create_dir(place.to()).unwrap();
    fs::write(place.to().join("a"), "old").unwrap();
    let refused = unpack(&place.archive(), &Limits::default(), &place.to(), &[]).unwrap_err();
    assert_eq!(place.text(&refused), "cannot create the folder to: File exists (os error 17)");
    assert_eq!(fs::read(place.to().join("a")).unwrap(), b"old");
}

#[test]
fn a_missing_parent_is_named() {
    let place = Place::new(&zip(&[]));
    let refused = unpack(&place.archive(), &Limits::default(), &place.to().join("x"), &[]).unwrap_err();
    assert_eq!(place.text(&refused), "cannot create the folder to/x: No such file or directory (os error 2)");
}

#[test]
fn limits_are_those_that_are_given() {
    let place = Place::new(&zip(&[stored("a", b"12345"), stored("b", b"12345")]));
    let limits = Limits { max_bytes: 9, max_entries: 2, max_ratio: 1 };
    let refused = unpack(&place.archive(), &limits, &place.to(), &[]).unwrap_err();
    let expected =
        "cannot unpack a.zip: it unpacks to 10 bytes, more than 9: raise releaseLimits.maxBytes if that is meant";
    assert_eq!(place.text(&refused), expected);
    let limits = Limits { max_bytes: 10, max_entries: 2, max_ratio: 1 };
    unpack(&place.archive(), &limits, &place.to(), &[]).unwrap();
}

#[test]
fn what_comes_from_the_archive_is_as_old_as_it_says_and_what_is_written_beside_it_is_new() {
    // Two in June 2022, one in 2107.
    let at = |modified, entry| Entry { modified, ..entry };
    let entries = [
        at(0x54c2_6000, folder("old/")),
        at(0x54c2_6000, stored("old/a", b"a")),
        at(0xff9f_0000, stored("b", b"b")),
        stored("c", b"c"),
    ];
    let place = Place::new(&zip(&entries));
    let extra = [ExtraFile { path: "old/rendered", mode: 0o644, bytes: b"" }];
    let now_s = 1_700_000_000;
    let archive = judge_archive(&place.archive(), &Limits::default()).unwrap();
    let archive = archive.with_listing(archive.listing().fitted(&BTreeMap::new(), now_s)).unwrap();
    let over = place.folder.path().join("over");
    fs::create_dir(&over).unwrap();
    archive.unpack(&place.to(), &extra).unwrap();
    archive.unpack_over(&over, &extra).unwrap();
    let modified_s = |path: PathBuf| {
        let modified = fs::metadata(path).unwrap().modified().unwrap();
        modified.duration_since(std::time::UNIX_EPOCH).unwrap().as_secs()
    };
    for folder in [place.to(), over] {
        let of = |path: &str| modified_s(folder.join(path));
        assert_eq!([of("old/a"), of("b"), of("c")], [1_654_171_200, now_s, 315_532_800]);
        assert!(of("old/rendered") > now_s);
    }
    assert_eq!(modified_s(place.to().join("old")), 1_654_171_200);
}
