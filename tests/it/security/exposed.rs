//! Where secrets are taken out of their type, and how they are compared: the whole source is looked through.

use super::sources;
use std::collections::BTreeMap;

/// Each file that takes secrets out, with how often. A new place is a decision: it goes into a header, a signature, a body that is
/// sent, or into what encrypts and hashes it, and is never compared, printed or kept.
const PLACES: &[(&str, usize)] = &[
    // A URL that is a secret, once it is called.
    ("src/cli/serve.rs", 1),
    // Headers of a request that is being sent.
    ("src/http/client.rs", 5),
    // Bodies of the login's requests.
    ("src/lever/oauth.rs", 3),
    // Keys of signatures.
    ("src/lever/webhook.rs", 2),
    ("src/model/secret.rs", 2),
    // Hashing passwords, the fingerprint that ends sessions when one changes, and what a provider of identities is shown.
    ("src/runtime/access/mod.rs", 1),
    ("src/runtime/access/oidc.rs", 2),
    ("src/runtime/access/password.rs", 5),
    // Our own URLs, as vendors are given them.
    ("src/runtime/callback.rs", 3),
    // The account in a login's state, and its hash.
    ("src/runtime/login.rs", 2),
    // Keys, and what they seal.
    ("src/runtime/vault.rs", 3),
    // A token for a command of the same machine, over a socket that only its owner may open.
    ("src/server/errand.rs", 1),
    // The password, as the connection to the database is made with it.
    ("src/store/postgres/address.rs", 1),
    // To take them out of what a vendor says.
    ("src/vendor/answer.rs", 1),
    // Which accounts share one budget: a digest of the credential, kept in memory only.
    ("src/runtime/service.rs", 2),
    // Requests and signatures, as an adapter declares them.
    ("src/vendor/request.rs", 1),
    ("src/vendor/sign.rs", 3),
    ("src/vendor/verify.rs", 2),
];

#[test]
fn secrets_are_taken_out_of_their_type_at_known_places_only() {
    let mut found = BTreeMap::new();
    for (path, text) in sources("src") {
        let count = product(&text).matches(".expose()").count();
        if count > 0 {
            found.insert(path.to_string_lossy().into_owned(), count);
        }
    }
    let known: BTreeMap<String, usize> = PLACES.iter().map(|(path, count)| ((*path).to_owned(), *count)).collect();
    assert_eq!(found, known);
}

#[test]
fn what_is_taken_out_is_never_compared() {
    for (path, text) in sources("src") {
        for (n, line) in product(&text).lines().enumerate() {
            let after = line.split(".expose()").skip(1);
            let compares = after.into_iter().any(|rest| {
                let rest = rest.trim_start();
                ["==", "!=", "<", ">", ".starts_with", ".ends_with", ".contains", ".eq", ".cmp", ".find", ".len"]
                    .iter()
                    .any(|word| rest.starts_with(word))
            });
            let before = line.split(".expose()").next().unwrap();
            let compares = compares
                || before != line
                    && ["== ", "!= "].iter().any(|word| {
                        before.rsplit(' ').next().is_some_and(|last| before[..before.len() - last.len()].ends_with(word))
                    });
            assert!(!compares, "{}:{}: {line}", path.display(), n + 1);
        }
    }
}

/// A file without its tests.
fn product(text: &str) -> &str {
    text.split("#[cfg(test)]\nmod tests").next().unwrap()
}
