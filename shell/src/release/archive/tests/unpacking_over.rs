//! Tests of unpacking over a folder that is there.

use std::os::unix::fs::symlink;
use std::os::unix::net::UnixListener;

use super::*;

/// A place whose folder holds an older release and files of the user.
fn older() -> Place {
    let place = Place::new(&zip(&[stored("a/x", b"new"), stored("b", b"new b"), folder("c/")]));
    fs::create_dir_all(place.to().join("a")).unwrap();
    fs::set_permissions(place.to().join("a"), fs::Permissions::from_mode(0o711)).unwrap();
    fs::write(place.to().join("a/x"), "old").unwrap();
    fs::set_permissions(place.to().join("a/x"), fs::Permissions::from_mode(0o600)).unwrap();
    fs::write(place.to().join("a/user"), "mine").unwrap();
    place
}

fn over(place: &Place, extra: &[ExtraFile<'_>]) -> Result<(), String> {
    unpack_over(&place.archive(), &Limits::default(), &place.to(), extra).map_err(|error| place.text(&error))
}

#[test]
fn files_of_the_release_are_replaced_and_others_kept() {
    let place = older();
    let extra =
        [ExtraFile { path: "b", mode: 0o600, bytes: b"rendered" }, ExtraFile { path: "c/d", mode: 0o755, bytes: b"d" }];
    for _ in 0..2 {
        over(&place, &extra).unwrap();
        let found = tree(&place.to());
        let expected = [
            ("a", 0o711, None),
            ("a/user", found["a/user"].0, Some(&b"mine"[..])),
            ("a/x", 0o644, Some(b"new")),
            ("b", 0o600, Some(b"rendered")),
            ("c", 0o755, None),
            ("c/d", 0o755, Some(b"d")),
        ];
        assert_eq!(found, expected_tree(&expected));
    }
}

#[test]
fn a_link_to_a_file_is_replaced_and_one_to_a_folder_followed() {
    let place = older();
    let elsewhere = place.folder.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    fs::write(elsewhere.join("f"), "outside").unwrap();
    symlink(&elsewhere, place.to().join("c")).unwrap();
    symlink(elsewhere.join("f"), place.to().join("b")).unwrap();
    over(&place, &[ExtraFile { path: "c/d", mode: 0o644, bytes: b"d" }]).unwrap();
    let expected = [("d", 0o644, Some(&b"d"[..])), ("f", tree(&elsewhere)["f"].0, Some(b"outside"))];
    assert_eq!(tree(&elsewhere), expected_tree(&expected));
    assert_eq!(tree(&place.to())["b"], (0o644, Some(b"new b".to_vec())));
}

#[test]
fn everything_in_the_way_is_told_before_anything_is_written() {
    let place = older();
    fs::remove_dir_all(place.to().join("a")).unwrap();
    fs::write(place.to().join("a"), "a file").unwrap();
    fs::create_dir(place.to().join("b")).unwrap();
    symlink("nowhere", place.to().join("c")).unwrap();
    let _socket = UnixListener::bind(place.to().join("d")).unwrap();
    let before = tree(&place.to());
    let expected = "cannot unpack into to\
                    \n  a: no folder, but something else is where the release has one\
                    \n  b: a folder is where the release has a file\
                    \n  c: a link that leads nowhere is where the release has a folder\
                    \n  d: neither a file nor a link is where the release has a file";
    assert_eq!(over(&place, &[ExtraFile { path: "d", mode: 0o644, bytes: b"" }]), Err(expected.into()));
    assert_eq!(tree(&place.to()), before);
}

#[test]
fn the_folder_must_be_there() {
    let place = Place::new(&zip(&[]));
    let missing = over(&place, &[]);
    assert_eq!(missing, Err("cannot look at the folder to: No such file or directory (os error 2)".into()));
    fs::write(place.to(), "").unwrap();
    let file = over(&place, &[]);
    assert_eq!(file, Err("cannot unpack into to: it is not a folder".into()));
}

#[test]
fn what_a_killed_run_left_is_removed() {
    let place = older();
    for leftover in [".c2-new-0", "a/.c2-new-17"] {
        fs::write(place.to().join(leftover), "torn").unwrap();
    }
    fs::write(place.to().join(".c2-new-mine"), "kept").unwrap();
    over(&place, &[]).unwrap();
    let paths: Vec<_> = tree(&place.to()).into_keys().collect();
    assert_eq!(paths, [".c2-new-mine", "a", "a/user", "a/x", "b", "c"]);
}

#[test]
fn a_name_that_is_needed_while_unpacking_is_refused() {
    let place = Place::new(&zip(&[stored("a/.c2-new-1", b"")]));
    fs::create_dir(place.to()).unwrap();
    let expected = "cannot unpack into to: a/.c2-new-1: the name is needed while unpacking";
    assert_eq!(over(&place, &[]), Err(expected.into()));
}

#[test]
fn a_folder_that_another_user_has_linked_elsewhere_is_in_the_way() {
    let place = older();
    let elsewhere = place.folder.path().join("elsewhere");
    fs::create_dir(&elsewhere).unwrap();
    // One of root's leads on to one of somebody else's.
    symlink(place.folder.path().join("on"), place.to().join("c")).unwrap();
    for foreign in [place.folder.path().join("on"), place.folder.path().join("named")] {
        symlink(if foreign.ends_with("on") { elsewhere.clone() } else { place.to() }, &foreign).unwrap();
        std::os::unix::fs::lchown(&foreign, Some(NOBODY), Some(NOBODY)).expect("this test is for root");
    }
    let before = tree(&place.to());
    let expected =
        "cannot unpack into to: c: a link of another user, which is not followed, is where the release has a folder";
    assert_eq!(over(&place, &[]), Err(expected.into()));
    let named = unpack_over(&place.archive(), &Limits::default(), &place.folder.path().join("named"), &[]);
    let named = place.text(&named.unwrap_err());
    assert!(
        named.ends_with("named: it is a link of another user, which is not followed: name the folder that it leads to")
    );
    assert_eq!((tree(&place.to()), tree(&elsewhere).len()), (before, 0));
}

/// A user who is neither root nor whoever runs the tests.
const NOBODY: u32 = 65_534;
