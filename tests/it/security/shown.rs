//! No type that holds a secret, directly or inside, shows it: not by `Debug`, not by `Display`, not in a panic.

use super::sources;
use crate::flow::bed::{ADA, Bed, EMAIL, Setting, TEST};
use leverd::http::{AllowedHost, Auth, Endpoint};
use leverd::lever::oauth;
use leverd::model::{Body, Destination, Exchange, HeaderText, Method, Request, Response, Sealed, Secret};
use serde_json::json;
use std::collections::BTreeSet;
use std::fmt::Debug;
use url::Url;

const MARK: &str = "5ecret-0f-n0-value";

fn secret() -> Secret {
    Secret::new(MARK)
}

/// What `Debug` makes of it, in both its forms; a panic shows one of them.
fn shown(what: &impl Debug) -> String {
    format!("{what:?}\n{what:#?}")
}

#[test]
fn types_that_hold_a_secret_print_stars() {
    let url = Url::parse("https://api.example.com").unwrap();
    let mut request = Request::new(Destination::Lever, Method::Post, format!("/hooks/{MARK}/x?key={MARK}"));
    request.query.push(("api_key".into(), MARK.into()));
    request.headers =
        vec![("authorization".into(), HeaderText::Secret(secret())), ("x-plain".into(), HeaderText::Plain(MARK.into()))];
    request.masks = vec![secret()];
    let bodies = [
        Body::Json(json!({ "token": MARK })),
        Body::Form(vec![("client_secret".into(), MARK.into())]),
        Body::Text { media_type: "text/plain".into(), text: MARK.into() },
        Body::File { part: "f".into(), name: "n".into(), media_type: "text/plain".into(), bytes: MARK.into() },
    ];
    for body in bodies {
        request.body = body;
        assert!(!shown(&request).contains(MARK), "{request:?}");
    }
    assert!(shown(&request).contains("/hooks/***/x") && shown(&request).contains("authorization"), "{request:?}");
    let answer = Response { status: 200, headers: vec![("set-cookie".into(), MARK.into())], body: MARK.into() };
    let tokens = br#"{"access_token":"5ecret-0f-n0-value","refresh_token":"5ecret-0f-n0-value-2","expires_in":3600}"#;
    let answered = Exchange::Answered(Response { status: 200, headers: Vec::new(), body: tokens.to_vec() });
    let auths = [
        Auth::Basic { user: secret(), password: Some(secret()) },
        Auth::Bearer(secret()),
        Auth::Headers(vec![("x-api-key".into(), secret())]),
    ];
    let hosts = vec![AllowedHost { host: "files.example.com".into(), credentials: true }];
    let endpoint = Endpoint { hosts, ..Endpoint::new(url, Auth::Bearer(secret())) };
    let query = [("state", MARK), ("code", MARK)].map(|(name, text)| (name.to_owned(), text.to_owned()));
    let denied = [("state", MARK), ("error", "access_denied")].map(|(name, text)| (name.to_owned(), text.to_owned()));
    let all: Vec<String> = vec![
        shown(&secret()),
        secret().to_string(),
        shown(&HeaderText::Secret(secret())),
        shown(&answer),
        shown(&answered),
        shown(&auths),
        shown(&endpoint),
        shown(&oauth::tokens(&answered, None, jiff::Timestamp::UNIX_EPOCH).unwrap()),
        shown(&oauth::callback(&query)),
        shown(&oauth::callback(&denied)),
        shown(&Sealed { key: String::new(), bytes: MARK.into() }),
    ];
    for text in all {
        assert!(!text.contains(MARK) && !text.contains(&format!("{:?}", MARK.as_bytes())[1..20]), "{text}");
    }
}

/// A node at work: whatever hangs below an account.
#[tokio::test]
async fn a_running_node_shows_no_secret_and_nobody() {
    let bed = Bed::with(Setting::default()).await;
    bed.enter().await;
    let node = &bed.world.node;
    let (store, account) = (&node.store, bed.account());
    let arrived = store.arrived(&account, &bed.id(ADA), 100).await.unwrap();
    let delivery = store.delivery(&account, arrived[0].id).await.unwrap().unwrap();
    assert!(!delivery.body.is_empty());
    let text = [
        shown(&node.all_accounts()),
        shown(&*node.vault.load()),
        shown(&node.held()),
        shown(&delivery),
        shown(&store.signing_tokens(&account).await.unwrap()),
    ]
    .join("\n");
    assert!(text.contains("***"), "nothing secret is in what is looked at");
    let path_token = std::fs::read_to_string(bed.world.config.with_file_name("secrets").join("path_token")).unwrap();
    for secret in ["sim-lever-key", "sim-qualified-key", path_token.trim(), EMAIL, ADA] {
        assert!(!text.contains(secret), "`{secret}` is shown");
    }
    assert_eq!(bed.mails(), [format!("{EMAIL}: {TEST}")]);
}

/// The types of the source that have a field of a secret type print by what is derived from it or by hand; none of them holds the text of
/// a secret beside it. A type that is new here has been looked at.
#[test]
fn every_type_with_a_secret_in_it_has_been_looked_at() {
    let found: BTreeSet<String> =
        sources("src").iter().flat_map(|(path, text)| holders(&path.to_string_lossy(), text)).collect();
    let known: BTreeSet<String> = HOLDERS.iter().map(|name| (*name).to_owned()).collect();
    assert_eq!(found, known, "new ones are looked at, then listed; those that are gone are taken from the list");
}

const HOLDERS: &[&str] = &[
    "src/http/endpoint.rs: Auth",
    "src/lang/config/mod.rs: Notices",
    "src/lang/shape.rs: Names",
    "src/lever/api/webhooks.rs: Webhook",
    "src/lever/oauth.rs: Callback",
    "src/lever/oauth.rs: Tokens",
    "src/lever/webhook.rs: Signing",
    "src/model/secret.rs: Secret",
    "src/model/wire.rs: HeaderText",
    "src/model/wire.rs: Request",
    "src/runtime/access/mod.rs: User",
    "src/runtime/access/oidc.rs: Provider",
    "src/runtime/access/token.rs: Tokens",
    "src/runtime/account.rs: Account",
    "src/runtime/account.rs: VendorConnection",
    "src/runtime/line.rs: Line",
    "src/runtime/service.rs: NotStarted",
    "src/runtime/tokens.rs: Live",
    "src/runtime/tokens.rs: OAuth",
    "src/runtime/vault.rs: Key",
    "src/store/options.rs: Database",
    "src/vendor/auth.rs: Token",
    "src/vendor/request.rs: Known",
    "src/vendor/request.rs: Scope",
    "src/vendor/request.rs: Supplies",
    "src/vendor/verify.rs: Check",
];

/// `file: Type` of each struct or enum whose body speaks of `Secret`, `SecretString` or a key of `ring`.
fn holders(path: &str, text: &str) -> Vec<String> {
    let mut found = Vec::new();
    let lines: Vec<&str> = text.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let head =
            line.trim_start().trim_start_matches("pub(super) ").trim_start_matches("pub(crate) ").trim_start_matches("pub ");
        let Some(rest) = head.strip_prefix("struct ").or_else(|| head.strip_prefix("enum ")) else { continue };
        let indent = line.len() - line.trim_start().len();
        let end = if line.trim_end().ends_with('{') {
            (at..lines.len()).find(|n| lines[*n] == format!("{}}}", " ".repeat(indent))).unwrap_or(at)
        } else {
            at
        };
        let body =
            lines[at..=end].iter().filter(|line| !line.trim_start().starts_with("//")).copied().collect::<Vec<_>>().join("\n");
        let words: BTreeSet<&str> = body.split(|c: char| !c.is_alphanumeric() && c != '_').collect();
        if ["Secret", "SecretString", "LessSafeKey", "SecretBox"].iter().any(|word| words.contains(word)) {
            let name = rest.split(|c: char| !c.is_alphanumeric() && c != '_').next().unwrap();
            found.push(format!("{path}: {name}"));
        }
    }
    found
}

/// Whoever has the file of the store has no key: neither ours nor what proved that somebody else is who they say.
#[tokio::test]
async fn the_file_of_the_store_holds_no_signature_and_no_token() {
    let bed = Bed::with(Setting::default()).await;
    bed.enter().await;
    bed.control().start_assessment(EMAIL, TEST).unwrap();
    bed.control().submit_assessment(EMAIL, TEST, 87.5).unwrap();
    bed.rest().await;
    let stored =
        ["leverd.db", "leverd.db-wal"].map(|file| std::fs::read(bed.world.config.with_file_name(file)).unwrap_or_default());
    let stored = String::from_utf8_lossy(&stored.concat()).into_owned();
    assert!(stored.contains(TEST), "this is not where things are stored");
    let path_token = std::fs::read_to_string(bed.world.config.with_file_name("secrets").join("path_token")).unwrap();
    let mut secret =
        vec!["sim-lever-key".to_owned(), "sim-qualified-key".to_owned(), path_token.trim().to_owned(), "signature".to_owned()];
    secret.extend(
        bed.control().deliveries().iter().filter_map(|delivery| Some(delivery.body.get("signature")?.as_str()?.to_owned())),
    );
    assert!(secret.len() > 4, "{}", secret.len());
    for text in secret {
        assert!(!stored.contains(&text), "`{text}` is stored");
    }
}
