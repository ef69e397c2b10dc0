//! Every rule for a name or a path: what it takes, what it refuses and with which words.

use crate::prelude::*;

use crate::config::{
    DeployName, FilePath, FolderName, FromText, IncomingPath, Label, NewDeployName, NginxPath, OutgoingPath,
    PrefixPath, ReleaseName, ReleasePath, S3Path, SourceName, Syntax, default_deploy_name,
};

use super::check;

#[test]
fn a_label_is_safe_in_a_file_name_a_key_and_a_shell() {
    let long = "x".repeat(128);
    let too_long = "x".repeat(129);
    check::<Label>(
        &["a", "A.b_c-d+e~f@g=h", "1", "_x", "~x", "=x", "@x", "current", "frontend-proxy", &long],
        &[
            ("", "it is empty"),
            (".a", "it begins with '.'"),
            ("-a", "it begins with '-'"),
            ("..", "it begins with '.'"),
            ("a/b", "'/' is not allowed"),
            ("a b", "' ' is not allowed"),
            ("a\nb", "the control character U+000A is not allowed"),
            ("a\0b", "the control character U+0000 is not allowed"),
            ("a\u{85}", "the control character U+0085 is not allowed"),
            ("a;b", "';' is not allowed"),
            ("a'b", "'\\'' is not allowed"),
            ("a$b", "'$' is not allowed"),
            ("a:b", "':' is not allowed"),
            ("ä", "'ä' is not allowed"),
            (&too_long, "it has 129 bytes, at most 128 are allowed"),
        ],
    );
}

#[test]
fn the_name_of_a_new_deploy_is_a_label_but_none_of_the_tools_own_folders() {
    let reserved = "this name is reserved";
    check::<NewDeployName>(
        &["app-1.11", "Current", "frontend-proxy2"],
        &[
            ("current", reserved),
            ("frontend-proxy", reserved),
            (".c2", "it begins with '.'"),
            ("my app", "' ' is not allowed"),
            ("", "it is empty"),
        ],
    );
}

#[test]
fn the_name_of_a_deploy_in_a_state_is_whatever_a_folder_may_be_called_but_none_of_the_tools_own() {
    let (reserved, long) = ("this name is reserved", "x".repeat(300));
    check::<DeployName>(
        &["app-1.11", "my app", ".hidden", "-x", "...", "a:b;$c'", "\u{e4}", &long],
        &[
            ("", "it is empty"),
            (".", "this is not a name"),
            ("..", "this is not a name"),
            ("a/b", "'/' is not allowed"),
            ("../a", "'/' is not allowed"),
            ("a\nb", "the control character U+000A is not allowed"),
            ("a\0b", "the control character U+0000 is not allowed"),
            ("current", reserved),
            ("frontend-proxy", reserved),
            (".c2", reserved),
        ],
    );
}

#[test]
fn without_a_proxy_a_deploy_name_may_be_any_safe_file_name() {
    let long = "x".repeat(255);
    let too_long = "x".repeat(256);
    check::<FolderName>(
        &["my app", "ä", "-x", "a:b", &long],
        &[
            ("", "it is empty"),
            (".c2", "it begins with '.'"),
            ("a/b", "'/' is not allowed"),
            ("a\tb", "the control character U+0009 is not allowed"),
            ("current", "this name is reserved"),
            ("frontend-proxy", "this name is reserved"),
            (&too_long, "it has 256 bytes, at most 255 are allowed"),
        ],
    );
}

#[test]
fn a_config_source_name_is_a_safe_file_name() {
    check::<SourceName>(
        &["infrastructure", "my source", "a.b"],
        &[("", "it is empty"), (".x", "it begins with '.'"), ("a/b", "'/' is not allowed")],
    );
}

#[test]
fn a_release_name_stays_below_its_place() {
    check::<ReleaseName>(
        &["a.zip", "a/b-1.2.zip", "no-extension", ".hidden", "a b", "-a", "...", "ä"],
        &[
            ("", "it is empty"),
            ("/a", "it begins with '/'"),
            ("a/", "it has an empty part between the /"),
            ("a//b", "it has an empty part between the /"),
            ("a/../b", "it has the part \"..\""),
            ("..", "it has the part \"..\""),
            ("./a", "it has the part \".\""),
            ("a\u{7f}", "the control character U+007F is not allowed"),
        ],
    );
}

#[test]
fn the_default_deploy_name_is_the_file_name_without_its_last_extension() {
    for (release, expected) in [
        ("a/b-1.2.zip", "b-1.2"),
        ("b.zip", "b"),
        ("b", "b"),
        ("a.b/c", "c"),
        ("a/.hidden", ".hidden"),
        ("my app.zip", "my app"),
        ("a.", "a"),
    ] {
        let release = ReleaseName::from_text(release).expect("a release name");
        assert_eq!(default_deploy_name(&release), expected);
    }
}

#[test]
fn an_s3_path_has_a_bucket_and_a_key() {
    let long = "b".repeat(256);
    let too_long = format!("s3://{long}/k");
    let long_key = format!("s3://bucket/{}", "k".repeat(1025));
    check::<S3Path>(
        &["s3://bucket/key", "s3://My_Old.Bucket/a/b/", "s3://bucket//a", "s3://bucket/a//b", "s3://123/ä b"],
        &[
            ("", "it does not begin with s3://"),
            ("S3://bucket/key", "it does not begin with s3://"),
            ("bucket/key", "it does not begin with s3://"),
            ("s3://bucket", "the key is missing"),
            ("s3://bucket/", "the key is missing"),
            ("s3:///key", "in the bucket \"\", there are fewer than 3 characters"),
            ("s3://ab/key", "in the bucket \"ab\", there are fewer than 3 characters"),
            ("s3://a b/key", "in the bucket \"a b\", ' ' is not allowed"),
            ("s3://user@host/key", "in the bucket \"user@host\", '@' is not allowed"),
            ("s3://.../key", "in the bucket \"...\", it begins with '.'"),
            ("s3://bucket/a/../b", "in the key, the part \"..\" is not allowed"),
            ("s3://bucket/./b", "in the key, the part \".\" is not allowed"),
            ("s3://bucket/a\nb", "in the key, the control character U+000A is not allowed"),
            (&long_key, "in the key, it has 1025 bytes, at most 1024 are allowed"),
        ],
    );
    assert!(S3Path::from_text(&too_long).is_err());
    let path = S3Path::from_text("s3://bucket/a//b/").expect("an S3 path");
    assert_eq!((path.bucket(), path.key(), path.to_string().as_str()), ("bucket", "a//b/", "s3://bucket/a//b/"));
}

#[test]
fn a_path_is_kept_as_it_is_given() {
    check::<FilePath>(
        &["/opt/deploys", "relative/dir", "../x", "/a b/$c:d;e", "~"],
        &[
            ("", "it is empty"),
            ("/a\0b", "the control character U+0000 is not allowed"),
            ("/a\nb", "the control character U+000A is not allowed"),
        ],
    );
    assert_eq!(FilePath::from_text("a/../b//c").map(|path| path.to_string()), Ok("a/../b//c".into()));
}

#[test]
fn a_path_for_nginx_holds_nothing_that_nginx_or_a_mount_would_misread() {
    check::<NginxPath>(
        &["/opt/var/www", "relative", "/a,b/c%d#e&f"],
        &[
            ("", "it is empty"),
            ("/a b", "' ' is not allowed"),
            ("/a;b", "';' is not allowed"),
            ("/a{b", "'{' is not allowed"),
            ("/a}b", "'}' is not allowed"),
            ("/a$b", "'$' is not allowed"),
            ("/a\"b", "'\"' is not allowed"),
            ("/a'b", "'\\'' is not allowed"),
            ("/a\\b", "'\\\\' is not allowed"),
            ("/a:b", "':' is not allowed"),
            ("/a\u{a0}b", "'\\u{a0}' is not allowed"),
        ],
    );
    check::<PrefixPath>(&["", "/opt"], &[("/a:b", "':' is not allowed"), (" ", "' ' is not allowed")]);
}

#[test]
fn the_path_of_a_health_check_may_have_one_of_nginxs_modifiers() {
    check::<IncomingPath>(
        &["/h", "/", "= /h", "=/h", "^~ /h", "~ ^/h", "~^/h$", "~* ^/h\\.php$", "~ \"^/h{2};$\"", "~* '^/a b'"],
        &[
            ("", "it does not begin with '/'"),
            ("h", "it does not begin with '/'"),
            ("@h", "it does not begin with '/'"),
            ("=", "it does not begin with '/'"),
            ("= h", "it does not begin with '/'"),
            ("= /h$", "'$' is not allowed"),
            ("/h /i", "' ' is not allowed"),
            ("~ ", "it is empty"),
            ("~ /h; return 200", "';' is not allowed"),
            ("~ /h return", "' ' is not allowed"),
            ("~ /h;", "';' is not allowed"),
            ("~ /h{2}", "'{' is not allowed"),
            ("~ /h\\", "it ends in a backslash"),
            ("~ \"/h", "its quotes do not match"),
            ("~ \"/h\"x\"", "its quotes do not match"),
            ("~ /h\nx", "the control character U+000A is not allowed"),
        ],
    );
    for (text, location) in [("/h", "^~ /h"), ("= /h", "= /h"), ("~ ^/h", "~ ^/h"), ("^~ /h", "^~ /h")] {
        assert_eq!(IncomingPath::from_text(text).map(|path| path.location()).as_deref(), Ok(location));
    }
    check::<OutgoingPath>(&["", "/", "/a?b=c"], &[("a", "it does not begin with '/'"), ("/ ", "' ' is not allowed")]);
}

#[test]
fn a_path_in_a_release_never_leaves_it() {
    let leaves = "it leaves the release";
    check::<ReleasePath>(
        &["a", "a/b.tpl", "./a", "a/../b", "a//b", "..a", "a b"],
        &[
            ("", "it is empty"),
            ("/etc/passwd", "it begins with '/'"),
            ("..", leaves),
            ("../a", leaves),
            ("a/../../b", leaves),
            ("a/../../a/b", leaves),
            (".", "it is the root itself"),
            ("a/..", "it is the root itself"),
            ("a\nb", "the control character U+000A is not allowed"),
        ],
    );
}

#[test]
fn a_template_is_written_without_its_last_extension() {
    for (template, path, output) in [
        ("x/y.conf.tpl", "x/y.conf.tpl", "x/y.conf"),
        ("./x//y.tpl", "x/y.tpl", "x/y"),
        ("a/../.env.tpl", ".env.tpl", ".env"),
        ("run", "run", "run"),
        ("x.d/run", "x.d/run", "x.d/run"),
        (".env", ".env", ".env"),
    ] {
        let template = ReleasePath::from_text(template).expect("a path");
        assert_eq!((template.as_str(), template.output().as_str()), (path, output));
    }
}

#[test]
fn a_long_or_unprintable_text_is_shown_short_and_escaped() {
    let error = Label::from_text(&format!("\u{1b}[31m{}", "x".repeat(500))).expect_err("no label");
    let shown = format!("\"\\u{{1b}}[31m{}...\"", "x".repeat(75));
    let expected =
        format!("found {shown}, expected {}: it has 505 bytes, at most 128 are allowed", <Label as FromText>::EXPECTED);
    assert_eq!(error.to_string(), expected);
}

#[test]
fn the_extension_decides_the_syntax() {
    for (path, expected) in [
        ("../etc/camus2.json", Some(Syntax::Json)),
        ("s3://bucket/a.b/c.yaml", Some(Syntax::Yaml)),
        ("c.yml", Some(Syntax::Yaml)),
        (".json", Some(Syntax::Json)),
        ("c.toml", None),
        ("c", None),
        ("c.json/x", None),
        ("c.JSON", None),
    ] {
        assert_eq!(Syntax::of_path(path).ok(), expected, "{path}");
    }
    let error = Syntax::of_path("etc/c.toml").expect_err("not known");
    let expected =
        "etc/c.toml: the name of a configuration tells its syntax, expected one that ends in .json, .yaml or .yml";
    assert_eq!(error.to_string(), expected);
}
