use std::collections::BTreeSet;

use super::*;

/// A request as a caller sends it, and the hashes that are stored with its key: neither may change while keys live.
struct Golden {
    path: &'static str,
    sent: &'static str,
    hash: &'static str,
    legacy_hash: &'static str,
}

const GOLDEN: [Golden; 7] = [
    Golden {
        path: "/messages",
        sent: r#"{"templateId": "0190163d-8694-739b-aea5-966c26f8ad91", "contactId": "0190163d-8694-7a7b-8d5c-0c5a3d2f4b11", "idempotencyKey": "k"}"#,
        hash: "60e15c0e51d777528b0c6457ff43a5f114806f6a287979a0825aedabf2ab4a56",
        legacy_hash: "8fc4df874ae9dfb889423abb02414deaf59b17104f309400a809142a30eb535e",
    },
    Golden {
        path: "/messages/schedule",
        sent: r#"{"templateId": "0190163d-8694-739b-aea5-966c26f8ad91", "contactId": "0190163d-8694-7a7b-8d5c-0c5a3d2f4b11", "scheduleTime": "2026-12-31T10:00:00Z", "variables": {"b": "2", "a": "1"}, "idempotencyKey": "k"}"#,
        hash: "2c5c7eadf413e571884af9b2e76149c2203a796ac849148a4584a241679e8307",
        legacy_hash: "987f7d1fe75e957cceef64e604fdcada2611309317ee215d72c368dc4a192752",
    },
    Golden {
        path: "/billing/add-credits",
        sent: r#"{"tenantId": "0190163d-8694-7001-8000-000000000001", "amount": 100.5, "idempotencyKey": "invoice-1"}"#,
        hash: "edf1e4aafa99ed8f4eb28edd3b687e6f0d7b27e4dac3265bc2a7fea899eec038",
        legacy_hash: "5650772cc55aae0ea5ca3e57d3b84186a961e4af1b05d4ad888d944bc3c08490",
    },
    Golden {
        path: "/plans",
        sent: r#"{"name": "Growth", "monthlyPrice": 99.00, "messagesPerMonth": 100000, "contacts": 50000, "templates": 100, "phoneNumbers": 3, "users": 10, "requestsPerMinute": 1200, "marginBps": 1500}"#,
        hash: "213915a2eb16a49d58eb45531c1e36d7a7272f18f94cfa543a724777d30893a4",
        legacy_hash: "fca3b200822a12f27829713dda21f03ab11694499fab768b085bd14269f83459",
    },
    Golden {
        path: "/admin/create-tenant",
        sent: r#"{"tenantName": "Acme Corp", "slug": "acme-corp", "adminEmail": "admin@acme.com", "adminName": "John Doe"}"#,
        hash: "b1b1cf99c31a451745e8e1645cb7ed63e5013c993adb1531dfd71886fd6d3068",
        legacy_hash: "b9ee7f8c7baad9d761717d41574a25f6ed99b64f6cf235f7d5fd7c64943eccb2",
    },
    Golden {
        path: "/contacts/import",
        sent: r#"{"contacts": [{"phone": "+15551234567", "attributes": {"city": "NY", "age": 41}}]}"#,
        hash: "0c55387a69ea6bc298a993abc9138de0dba537774c3c18cfc2e28e0e589b2a75",
        legacy_hash: "5df42f01f3d5908beef2b175b7b8febedc1abde383e7d0e199e229cebbf449b0",
    },
    Golden {
        path: "/templates",
        sent: r#"{"name": "welcome_message", "content": "Hello {{1}}, welcome!", "variables": ["name"]}"#,
        hash: "2076a68ea4425c208503a02ffc23b2aa101d1baa0fdc01cdc3cfd2b0c1d31a2b",
        legacy_hash: "905b1a49a91ea32a8500dfe7471384d4313a30a3b34a8a973e74a1df8bcbf540",
    },
];

#[test]
fn the_hashes_of_a_request_are_those_that_are_stored() {
    for golden in GOLDEN {
        let hash = request_hash(golden.sent.as_bytes()).unwrap();
        assert_eq!(hex::encode(hash), golden.hash, "{}", golden.path);
        let legacy = legacy_hash(golden.path, golden.sent.as_bytes()).unwrap();
        assert_eq!(hex::encode(legacy), golden.legacy_hash, "{}", golden.path);
    }
}

#[test]
fn a_member_that_the_old_types_do_not_know_has_no_legacy_hash() {
    for golden in GOLDEN {
        let with_more = golden.sent.replacen('{', r#"{"locale": "de", "#, 1);
        assert_eq!(legacy_hash(golden.path, with_more.as_bytes()), None, "{}", golden.path);
        assert_eq!(legacy_hash("/another", golden.sent.as_bytes()), None);
    }
}

#[test]
fn what_a_request_is_read_into_does_not_change_its_hash() {
    // The same text, whether or not a type has a member for everything in it; in the header or in the body.
    let with_key = br#"{"a": 1, "idempotencyKey": "k"}"#;
    assert_eq!(request_hash(with_key), request_hash(br#"{"a":1}"#));
    assert_ne!(
        request_hash(br#"{"a":1.0}"#),
        request_hash(br#"{"a":1.00}"#),
        "numbers are compared as texts"
    );
    assert_ne!(request_hash(br#"{"a":1,"b":null}"#), request_hash(br#"{"a":1}"#), "null is not absent");
}

#[test]
fn no_two_routes_share_a_stored_name() {
    let names: BTreeSet<&str> = STORED_ROUTES.iter().map(|(_, name)| *name).collect();
    assert_eq!(names.len(), STORED_ROUTES.len());
    assert!(names.iter().all(|name| !name.starts_with('/')), "a name is not a path");
    assert_eq!(stored_route("/messages"), "send_message");
    assert_eq!(stored_route("/campaigns"), "/campaigns");
}
