//! Texts in DNS: what Route 53 is asked, and what comes of its answers.

use super::World;
use crate::aws::{Credentials, Dns, Look, Service, Stop, TextChange, TextRecord, settings};
use crate::prelude::*;

const BASE: &str = "https://route53.amazonaws.com/2013-04-01/";

/// What comes of a decision in a world of these answers, by the end of the URL.
fn asked(
    http: &[(&str, u16, &str)],
    decide: impl Fn(&Look<'_>, Dns<'_>) -> Result<String, Stop>,
) -> (String, Vec<String>) {
    let urls: Vec<String> = http
        .iter()
        .map(|(line, ..)| line.split_once(' ').map(|(method, path)| format!("{method} {BASE}{path}")).unwrap())
        .collect();
    let http: Vec<(&str, u16, &str)> =
        urls.iter().zip(http).map(|(url, (_, status, body))| (url.as_str(), *status, *body)).collect();
    let env = [("AWS_REGION", "eu-west-1")];
    let outcome = World { env: &env, http: &http, ..World::default() }.settle(|look| {
        let credentials =
            Credentials { access_key_id: "AKID42".into(), secret_access_key: "SECRET".into(), ..Credentials::none() };
        let settings = settings(look, Service::Route53)?;
        decide(look, Dns { settings: &settings, credentials: &credentials })
    });
    let requests = outcome.requests().into_iter().map(|request| {
        let signed = request.headers.iter().find(|(name, _)| *name == "authorization").map(|(_, value)| value.as_str());
        assert!(signed.unwrap().contains("/us-east-1/route53/aws4_request"), "{signed:?}");
        format!("{} {}{}", request.method, request.url.strip_prefix(BASE).unwrap(), request.body)
    });
    (outcome.shown.clone(), requests.collect())
}

fn zone(id: &str, name: &str, private: bool) -> String {
    format!(
        "<HostedZone><Id>/hostedzone/{id}</Id><Name>{name}</Name><CallerReference>r</CallerReference><Config>\
         <PrivateZone>{private}</PrivateZone></Config><ResourceRecordSetCount>2</ResourceRecordSetCount></HostedZone>"
    )
}

fn zones(zones: &[String]) -> String {
    format!(
        "<?xml version=\"1.0\"?>\n<ListHostedZonesByNameResponse xmlns=\"x\"><HostedZones>{}</HostedZones>\
         <IsTruncated>false</IsTruncated><MaxItems>100</MaxItems></ListHostedZonesByNameResponse>",
        zones.concat()
    )
}

#[test]
fn the_smallest_public_zone_that_a_name_is_in() {
    let by_name = |parent: &str| format!("GET hostedzonesbyname?dnsname={parent}&maxitems=100");
    let [first, second, third] = ["_acme-challenge.a.example.com", "a.example.com", "example.com"].map(by_name);
    let other = zones(&[zone("ZOTHER", "b.example.com.", false)]);
    let private = zones(&[zone("ZPRIVATE", "a.example.com.", true)]);
    let both = zones(&[zone("ZPRIVATE", "example.com.", true), zone("ZPUBLIC", "EXAMPLE.com.", false)]);
    let answers = [(&*first, 200, &*other), (&*second, 200, &*private), (&*third, 200, &*both)];
    let of = |http: &[(&str, u16, &str)], name| {
        asked(http, |look, dns| Ok(dns.zone(look, name)?.unwrap_or_else(|| "none".to_string())))
    };
    let (shown, requests) = of(&answers, "_acme-challenge.a.example.com");
    assert_eq!((shown.as_str(), requests), ("ZPUBLIC", Vec::from([first.clone(), second.clone(), third.clone()])));
    let nothing = zones(&[]);
    let answers = [(&*second, 200, &*nothing), (&*third, 200, &*other)];
    assert_eq!(of(&answers, "a.example.com").0, "none", "a top-level domain is nobody's zone");
    let two = zones(&[zone("Z1", "example.com.", false), zone("Z2", "example.com.", false)]);
    assert_eq!(
        of(&[(&*third, 200, &*two)], "example.com").0,
        "no: find the Route 53 zone of example.com: there are 2 public zones called example.com; \
         name the one that the domain's registrar points to by awsHostedZoneId"
    );
}

fn set(name: &str, kind: &str, more: &str) -> String {
    format!(
        "<ListResourceRecordSetsResponse><ResourceRecordSets><ResourceRecordSet><Name>{name}</Name><Type>{kind}</Type>\
         {more}<TTL>300</TTL><ResourceRecords><ResourceRecord><Value>\"a &amp; b\"</Value></ResourceRecord>\
         <ResourceRecord><Value>\"c\" \"d\"</Value></ResourceRecord></ResourceRecords></ResourceRecordSet>\
         </ResourceRecordSets><IsTruncated>false</IsTruncated></ListResourceRecordSetsResponse>"
    )
}

#[test]
fn the_records_of_a_name_are_its_own_and_as_route_53_writes_them() {
    let of = |status, body: &str| {
        let line = "GET hostedzone/Z1/rrset?maxitems=1&name=_x.example.com&type=TXT";
        let (shown, requests) = asked(&[(line, status, body)], |look, dns| {
            let record = dns.text(look, "Z1", "_x.example.com")?;
            Ok(record.map_or("none".to_string(), |it| format!("{} {}", it.ttl_s, it.values.join(", "))))
        });
        assert_eq!(requests, [line]);
        shown
    };
    assert_eq!(of(200, &set("_X.example.com.", "TXT", "")), "300 \"a & b\", \"c\" \"d\"");
    assert_eq!(of(200, &set("_y.example.com.", "TXT", "")), "none", "the first one behind the name");
    assert_eq!(of(200, &set("_x.example.com.", "SOA", "")), "none");
    let empty = "<ListResourceRecordSetsResponse><ResourceRecordSets/></ListResourceRecordSetsResponse>";
    assert_eq!(of(200, empty), "none");
    let start = "no: read the TXT record _x.example.com in the Route 53 zone Z1: ";
    for (status, body, why) in [
        (
            200,
            set("_x.example.com.", "TXT", "<SetIdentifier>blue</SetIdentifier><Weight>1</Weight>"),
            "it is one of several, chosen among by weight or place; remove it: a challenge needs a plain record",
        ),
        (200, "<html>".into(), "https://route53.amazonaws.com: the response is not the expected XML"),
        (
            404,
            "<ErrorResponse><Error><Type>Sender</Type><Code>NoSuchHostedZone</Code><Message>No hosted zone found with \
             ID: Z1</Message></Error></ErrorResponse>"
                .into(),
            "it answered 404 NoSuchHostedZone: No hosted zone found with ID: Z1; check awsHostedZoneId, and that the zone \
             belongs to the machine's account",
        ),
        (
            403,
            "<ErrorResponse><Error><Code>AccessDenied</Code><Message>AKID42 is not allowed</Message></Error></ErrorResponse>"
                .into(),
            "it answered 403 AccessDenied: [hidden] is not allowed; give the machine's role \
             route53:ListResourceRecordSets and route53:ChangeResourceRecordSets on the zone, and route53:GetChange",
        ),
    ] {
        assert_eq!(of(status, &body), format!("{start}{why}"));
    }
}

#[test]
fn a_change_is_one_batch_that_says_how_far_it_has_come() {
    let record = || TextRecord { ttl_s: 60, values: ["\"<a>\"".to_string(), "\"b\"".to_string()].into() };
    let of = |change: TextChange, status, body: &str| {
        let (shown, requests) = asked(&[("POST hostedzone/Z1/rrset/", status, body)], |look, dns| {
            let taken = dns.change(look, "Z1", "_x.example.com", &change)?;
            Ok(taken.map_or("overtaken".to_string(), |taken| format!("{} {}", taken.id, taken.everywhere)))
        });
        let batch = requests[0].split_once("<Changes>").unwrap().1.split_once("</Changes>").unwrap().0.to_string();
        (shown, batch)
    };
    let info = |status| {
        format!(
            "<ChangeResourceRecordSetsResponse><ChangeInfo><Id>/change/C1</Id><Status>{status}</Status>\
             <SubmittedAt>2030-01-01T00:00:00Z</SubmittedAt></ChangeInfo></ChangeResourceRecordSetsResponse>"
        )
    };
    let batch = |action| {
        format!(
            "<Change><Action>{action}</Action><ResourceRecordSet><Name>_x.example.com</Name><Type>TXT</Type><TTL>60</TTL>\
             <ResourceRecords><ResourceRecord><Value>\"&lt;a&gt;\"</Value></ResourceRecord><ResourceRecord>\
             <Value>\"b\"</Value></ResourceRecord></ResourceRecords></ResourceRecordSet></Change>"
        )
    };
    let upsert = || TextChange::Upsert(record());
    assert_eq!(of(upsert(), 200, &info("PENDING")), ("C1 false".to_string(), batch("UPSERT")));
    assert_eq!(of(upsert(), 200, &info("INSYNC")).0, "C1 true");
    let invalid = "<InvalidChangeBatch xmlns=\"x\"><Messages><Message>conflicts with a CNAME</Message></Messages>\
                   </InvalidChangeBatch>";
    let (shown, deleted) = of(TextChange::Delete(record()), 400, invalid);
    assert_eq!((shown.as_str(), deleted), ("overtaken", batch("DELETE")));
    let gone = invalid.replace(
        "conflicts with a CNAME",
        "[Tried to delete resource record set [name='_x.example.com.', \
                                type='TXT'] but it was not found]",
    );
    assert_eq!(of(TextChange::Delete(record()), 400, &gone).0, " true");
    let (shown, _) = of(upsert(), 400, invalid);
    assert!(shown.ends_with("Route 53: it answered 400 InvalidChangeBatch: conflicts with a CNAME"), "{shown}");
    let (shown, requests) = asked(&[("GET change/C1", 200, &info("INSYNC"))], |look, dns| {
        Ok(dns.progress(look, "C1")?.everywhere.to_string())
    });
    assert_eq!((shown.as_str(), requests), ("true", Vec::from(["GET change/C1".to_string()])));
}
