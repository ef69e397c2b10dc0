//! Tests of names and of what they make together.

use super::*;

#[test]
fn members_are_ordered_by_path_and_every_folder_on_the_way_is_there() {
    let headers = vec![file("b/c/d"), file("b-x"), folder("./e/"), file("./a"), folder("./"), folder("b/")];
    let paths: Vec<_> = accepted(headers).into_iter().map(|(path, folder, _)| (path, folder)).collect();
    let expected = [("a", false), ("b", true), ("b-x", false), ("b/c", true), ("b/c/d", false), ("e", true)];
    assert_eq!(paths, expected.map(|(path, folder)| (path.to_string(), folder)));
}

#[test]
fn a_member_is_found_by_its_path_only() {
    let listing = judged(vec![file("./a/b"), file("c")], |_, _| {}, &Limits::default()).unwrap();
    assert_eq!(listing.find("a/b").map(|member| member.bytes), Some(5));
    assert_eq!(listing.find("a").map(|member| member.folder), Some(true));
    for path in ["", "./a/b", "a/", "b", "C"] {
        assert_eq!(listing.find(path), None, "{path}");
    }
}

#[test]
fn names_that_differ_by_case_are_two_files() {
    assert_eq!(accepted(vec![file("a"), file("A"), file("é"), file("É")]).len(), 4);
}

#[test]
fn names_that_lead_out_of_the_release_are_refused() {
    let out = "its name holds the part '..', which leads out of the release";
    for name in ["..", "../a", "a/../b", "a/..", "./../a", "../", "a/../../b/"] {
        check(vec![folder(name)], |_, _| {}, &format!("{name}: {out}"));
    }
    let absolute = "its name is absolute: names must be relative to the release";
    for name in ["/", "/etc/passwd", "//a", "/../a"] {
        check(vec![folder(name)], |_, _| {}, &format!("{name}: {absolute}"));
    }
    let drive = "its name starts with a drive letter: names must be relative to the release";
    for name in ["C:", "c:/a", "C:a"] {
        check(vec![folder(name)], |_, _| {}, &format!("{name}: {drive}"));
    }
    let backslash = "its name holds a backslash: pack it with a tool that writes '/' between folders";
    for name in ["a\\b", "..\\a", "\\a", "a\\"] {
        check(vec![folder(name)], |_, _| {}, &format!("{name}: {backslash}"));
    }
}

#[test]
fn names_that_cannot_be_files_are_refused() {
    let (dot, empty) = ("its name holds the part '.'", "its name holds an empty part ('//')");
    let (utf8, control) = ("its name is not UTF-8: pack it with a tool that writes UTF-8 names", "control character");
    let long_part = "a".repeat(256);
    let long_path = "abcdefg/".repeat(400);
    for (name, expected) in [
        (&b""[..], "(an entry without a name): its name is empty"),
        (b".", &format!(".: {dot}")),
        (b"a/./b", &format!("a/./b: {dot}")),
        (b"a/.", &format!("a/.: {dot}")),
        (b"././a", &format!("././a: {dot}")),
        (b"a//b", &format!("a//b: {empty}")),
        (b"a//", &format!("a//: {empty}")),
        (b".//a", &format!(".//a: {empty}")),
        (b"a\0b", &format!("a\\u{{0}}b: its name holds the {control} U+0000")),
        (b"a\nb", &format!("a\\nb: its name holds the {control} U+000A")),
        (b"\x1b[2J", &format!("\\u{{1b}}[2J: its name holds the {control} U+001B")),
        (b"a\x7f", &format!("a\\u{{7f}}: its name holds the {control} U+007F")),
        (b"a\xc2\x85", &format!("a\\u{{85}}: its name holds the {control} U+0085")),
        (b"caf\x82", &format!("caf\u{fffd}: {utf8}")),
        (b"\xc0\xae\xc0\xae/a", &format!("\u{fffd}\u{fffd}\u{fffd}\u{fffd}/a: {utf8}")),
        (b"\xed\xa0\x80", &format!("\u{fffd}\u{fffd}\u{fffd}: {utf8}")),
        (long_part.as_bytes(), &format!("{}: a part of its name is 256 bytes long, more than 255", "a".repeat(200))),
        (long_path.as_bytes(), &format!("{}: its name is 3199 bytes long, more than 3072", "abcdefg/".repeat(25))),
    ] {
        check(vec![Header { name: name.into(), ..folder("") }], |_, _| {}, expected);
    }
}

#[test]
fn names_that_only_look_odd_are_accepted() {
    let long = format!("{}/{}c", "a".repeat(255), "b/".repeat(1400));
    for path in
        ["...", "..a", "a..", ".a", "a.", "-rf", " ", "1:", "ab:c", "~", "*", "\u{202e}", "a/b:c", "$(x)", &long]
    {
        assert_eq!(accepted(vec![file(path)]).last().map(|last| last.0.as_str()), Some(path));
    }
}

#[test]
fn one_path_can_only_be_one_thing() {
    let twice = "its path is there twice";
    let both = "its path is both a file and a folder";
    for (names, expected) in [
        (&["a", "a"][..], format!("a: {twice}")),
        (&["a", "./a"], format!("./a: {twice}")),
        (&["a/", "a/"], format!("a/: {twice}")),
        (&["a/b", "a/", "./a/"], format!("./a/: {twice}")),
        (&["a", "a/"], format!("a/: {both}")),
        (&["a/", "a"], format!("a: {both}")),
        (&["a/b", "a"], format!("a: {both}")),
        (&["a", "a/b"], "a/b: it lies in 'a', which is a file".into()),
        (&["a/b", "a/b/c/d"], "a/b/c/d: it lies in 'a/b', which is a file".into()),
    ] {
        let entry = |name: &&str| if name.ends_with('/') { folder(name) } else { file(name) };
        check(names.iter().map(entry).collect(), |_, _| {}, &expected);
    }
}

#[test]
fn a_file_of_the_tool_must_fit_into_the_release() {
    let listing = judged(vec![file("a/b"), file("c")], |_, _| {}, &Limits::default()).unwrap();
    for (path, expected) in [
        ("x", ""),
        ("c", ""),
        ("a/x", ""),
        ("a", "a: a file is to be written here, but the release has a folder"),
        ("c/x", "c/x: a file is to be written here, but the release lacks its folder"),
        ("d/x", "d/x: a file is to be written here, but the release lacks its folder"),
        ("../x", "../x: its name holds the part '..', which leads out of the release"),
        ("x/", "x/: it is not a plain path of a file"),
        ("./x", "./x: it is not a plain path of a file"),
        ("./", "./: it is not a plain path of a file"),
    ] {
        let mut problems = crate::archive::Problems::default();
        listing.problems_of_extra_file(path, &mut problems);
        let problems: Vec<_> = problems.into_list().iter().map(Problem::to_string).collect();
        assert_eq!(problems.join("\n"), expected, "{path}");
    }
}
