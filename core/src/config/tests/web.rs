//! Every rule for what goes to nginx, docker, certbot, AWS and the shell.

use crate::prelude::*;

use crate::config::{
    CertificateName, ContactEmail, FromText, HttpPath, ImageName, ImageVersion, InterfaceName, SecretId, ServerName,
    ShellCommand,
};

use super::check;

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
            ("-nginx", "\"-nginx\" is not a part of an image name"),
            ("--privileged", "\"--privileged\" is not a part of an image name"),
            ("a b", "' ' is not allowed"),
            ("a//b", "\"\" is not a part of an image name"),
            ("a/", "\"\" is not a part of an image name"),
            ("a___b", "\"a___b\" is not a part of an image name"),
            ("a..b", "\"a..b\" is not a part of an image name"),
            ("a._b", "\"a._b\" is not a part of an image name"),
            ("host:x/a", "\"x\" is not a port"),
            ("host:/a", "\"\" is not a port"),
            ("-h.com/a", "\"-h.com\" is not a host name"),
            ("h..com/a", "\"h..com\" is not a host name"),
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
            ("a@sha256:0", "\"sha256:0\" is not a digest"),
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
            ("..", "this is not a name"),
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
        ("arn:aws:secretsmanager::1:secret:x".into(), "\"\" is not a region"),
        ("arn:aws:secretsmanager:r:1:secret:x".into(), "\"1\" is not an account of 12 digits"),
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
            ("arn:", "\"\" is not a partition such as aws"),
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
