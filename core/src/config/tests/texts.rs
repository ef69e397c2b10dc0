//! Every rule for a text: what it takes, what it refuses and with which words.

use alloc::string::{String, ToString};

use crate::config::{
    BadText, CertificateName, ContactEmail, DeployName, FilePath, FolderName, FromText, HttpPath, ImageName,
    ImageVersion, InterfaceName, Label, NginxPath, ReleaseName, ReleasePath, S3Path, SecretId, ServerName,
    ShellCommand, SourceName, Syntax, default_deploy_name,
};

/// Each good text is taken; each bad one is refused for the reason beside it.
fn check<T: FromText + core::fmt::Debug>(good: &[&str], bad: &[(&str, &str)]) {
    for text in good {
        assert!(T::from_text(text).is_ok(), "{text:?}: {:?}", T::from_text(text));
    }
    for (text, why) in bad {
        let expected = BadText { found: text.to_string(), expected: T::EXPECTED, why: why.to_string() };
        assert_eq!(T::from_text(text).map(|_| ()), Err(expected), "{text:?}");
    }
}

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
fn a_deploy_name_is_a_label_but_none_of_the_tools_own_folders() {
    let reserved = "this name is reserved";
    check::<DeployName>(
        &["app-1.11", "Current", "frontend-proxy2"],
        &[("current", reserved), ("frontend-proxy", reserved), (".c2", "it begins with '.'"), ("", "it is empty")],
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
}

#[test]
fn a_url_path_begins_with_a_slash_and_fits_an_nginx_file() {
    check::<HttpPath>(
        &["/", "/health-check", "/a?b=c&d=%20:8", "/ä"],
        &[
            ("", "it does not begin with '/'"),
            ("health", "it does not begin with '/'"),
            ("/a b", "' ' is not allowed"),
            ("/a;}", "';' is not allowed"),
            ("/$a", "'$' is not allowed"),
        ],
    );
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
fn a_server_name_is_whatever_nginx_takes_and_stands_in_quotes_where_it_must() {
    for (name, in_nginx) in [
        ("a.example.com", "a.example.com"),
        ("*.example.com", "*.example.com"),
        ("www.example.*", "www.example.*"),
        (".example.com", ".example.com"),
        ("_", "_"),
        ("localhost", "localhost"),
        ("$hostname", "$hostname"),
        ("[::1]", "[::1]"),
        ("bücher.example", "bücher.example"),
        (r"~^www\d+\.example\.com$", r"~^www\d+\.example\.com$"),
        (r"~^(?<sub>\w{2,3})\.example\.com$", r#""~^(?<sub>\w{2,3})\.example\.com$""#),
        (r#"~a"{2}\"b"#, r#""~a\"{2}\"b""#),
        (r#""~^\w{2}$""#, r#""~^\w{2}$""#),
        ("'a.example.com'", "'a.example.com'"),
    ] {
        let parsed = ServerName::from_text(name).expect(name);
        assert_eq!((parsed.as_str(), parsed.in_nginx().as_str()), (name, in_nginx));
    }
    let quotes = "its quotes do not match";
    check::<ServerName>(
        &[],
        &[
            ("", "it is empty"),
            ("a b", "' ' is not allowed"),
            ("a\nb", "the control character U+000A is not allowed"),
            ("a;b", "';' is not allowed"),
            ("a{b}", "'{' is not allowed"),
            ("http://a", "'/' is not allowed"),
            ("-d", "it begins with '-'"),
            ("a.*.b", "a * may stand only for whole parts, as in *.name or name.*"),
            ("*a.b", "a * may stand only for whole parts, as in *.name or name.*"),
            ("*", "a * may stand only for whole parts, as in *.name or name.*"),
            (".", "there is no name beside the dot"),
            ("*.", "there is no name beside the dot"),
            ("~", "the regular expression is empty"),
            ("~a\\", "it ends in a backslash"),
            ("$host", "'$' is not allowed"),
            ("\"", quotes),
            ("\"\"", quotes),
            ("\"a", quotes),
            ("\"a'", quotes),
            ("\"a\"b\"", quotes),
            ("\"~a\\\"", "it ends in a backslash"),
            ("\"ä", quotes),
        ],
    );
}

#[test]
fn only_a_full_host_name_can_be_in_a_certificate() {
    for (name, expected) in [
        ("a.example.com", true),
        ("localhost", true),
        ("*.example.com", false),
        (".example.com", false),
        ("_", false),
        ("~a", false),
        ("'a'", false),
    ] {
        assert_eq!(ServerName::from_text(name).map(|name| name.is_host_name()), Ok(expected), "{name}");
    }
}

#[test]
fn an_image_name_follows_dockers_grammar() {
    check::<ImageName>(
        &["nginx", "library/nginx", "localhost/nginx", "localhost:5000/a/b", "r.example.com:443/a__b/c--d.e_f", "a1"],
        &[
            ("", "it is empty"),
            ("nginx:1.2", "':' is not allowed"),
            ("Nginx", "'N' is not allowed"),
            ("-nginx", "\"-nginx\" is no part of an image name"),
            ("--privileged", "\"--privileged\" is no part of an image name"),
            ("a b", "' ' is not allowed"),
            ("a//b", "\"\" is no part of an image name"),
            ("a/", "\"\" is no part of an image name"),
            ("a___b", "\"a___b\" is no part of an image name"),
            ("a..b", "\"a..b\" is no part of an image name"),
            ("a._b", "\"a._b\" is no part of an image name"),
            ("host:x/a", "\"x\" is no port"),
            ("host:/a", "\"\" is no port"),
            ("-h.com/a", "\"-h.com\" is no host name"),
            ("h..com/a", "\"h..com\" is no host name"),
            ("nginx@sha256:00", "'@' is not allowed"),
            ("a\nb", "the control character U+000A is not allowed"),
        ],
    );
}

#[test]
fn an_image_version_is_a_tag_with_perhaps_a_digest() {
    let digest = format!("1.21.3@sha256:{}", "0f".repeat(32));
    let long = "x".repeat(129);
    check::<ImageVersion>(
        &["1.21.3", "latest", "_x", "1.21-alpine", &digest],
        &[
            ("", "it is empty"),
            ("-x", "it begins with '-'"),
            (".x", "it begins with '.'"),
            ("a b", "' ' is not allowed"),
            ("a:b", "':' is not allowed"),
            ("a@sha256:0", "\"sha256:0\" is no digest"),
            ("@sha256:0", "it is empty"),
            (&long, "it has 129 bytes, at most 128 are allowed"),
        ],
    );
}

#[test]
fn an_email_address_is_no_option_and_one_word() {
    check::<ContactEmail>(
        &["", "ops@example.com", "a+b@c"],
        &[
            ("-x@y", "it begins with '-'"),
            ("a b@c", "' ' is not allowed"),
            ("a@b\n", "the control character U+000A is not allowed"),
        ],
    );
}

#[test]
fn a_certificate_name_is_good_for_a_container_too() {
    check::<CertificateName>(
        &["camus2cert", "a.b-c_d", "1"],
        &[
            ("", "it is empty"),
            ("-x", "it begins with '-'"),
            ("_x", "it begins with '_'"),
            (".x", "it begins with '.'"),
            ("a/b", "'/' is not allowed"),
            ("a b", "' ' is not allowed"),
        ],
    );
}

#[test]
fn an_interface_name_is_what_the_kernel_takes() {
    check::<InterfaceName>(
        &["eth0", "enp0s31f6", "eth0:1", "exactly15bytes_"],
        &[
            ("", "it is empty"),
            ("..", "this is no name"),
            ("a/b", "'/' is not allowed"),
            ("a b", "' ' is not allowed"),
            ("sixteen_bytes_xx", "it has 16 bytes, at most 15 are allowed"),
        ],
    );
}

#[test]
fn a_secret_is_an_arn_or_a_name() {
    let of = |rest: &str| format!("arn:aws:secretsmanager:eu-west-1:123456789012:{rest}");
    let good = [of("secret:prod/db-AbCdEf"), of("secret:a+b=c@d.e")];
    check::<SecretId>(&[&good[0], &good[1], "prod/db", "arn:aws-us-gov:secretsmanager:r:123456789012:secret:x"], &[]);
    let bad: [(String, &str); 8] = [
        (of("secret:"), "it has no secret name"),
        (of("secret"), "it has no secret name"),
        (of("parameter:x"), "it is an ARN of a \"parameter\", not of a secret"),
        (of("secret:a b"), "' ' is not allowed"),
        (of("secret:a:b"), "':' is not allowed"),
        ("arn:aws:s3:::bucket".into(), "it is an ARN of \"s3\", not of secretsmanager"),
        ("arn:aws:secretsmanager::1:secret:x".into(), "\"\" is no region"),
        ("arn:aws:secretsmanager:r:1:secret:x".into(), "\"1\" is no account of 12 digits"),
    ];
    for (text, why) in &bad {
        check::<SecretId>(&[], &[(text, why)]);
    }
    check::<SecretId>(
        &[],
        &[
            ("", "it has no secret name"),
            ("-x", "it begins with '-'"),
            ("aws:secretsmanager:x", "':' is not allowed"),
            ("arn:", "\"\" is no partition such as aws"),
        ],
    );
    assert_eq!(SecretId::from_text(&good[0]).expect("a secret").region(), Some("eu-west-1"));
    assert_eq!(SecretId::from_text("prod/db").expect("a secret").region(), None);
}

#[test]
fn a_shell_command_is_anything_but_a_text_with_nul() {
    check::<ShellCommand>(
        &["", "docker compose up -d", "a\nb"],
        &[("a\0b", "the control character U+0000 is not allowed")],
    );
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
