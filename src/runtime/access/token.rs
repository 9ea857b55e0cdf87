//! Tokens by which programs get in. What somebody presents is compared with each of them, whichever fits, so that the time says nothing.

use super::{BadAccess, How, Visitor};
use crate::lang::config::{Api, Role, Secrets};
use crate::model::Secret;

/// A token that somebody thought up is guessed; `openssl rand -hex 32` makes one that is not.
const SHORTEST: usize = 24;

/// The tokens in force.
#[derive(Debug, Default)]
pub(super) struct Tokens(Vec<(String, Role, Secret)>);

impl Tokens {
    pub(super) fn of(api: &Api, secrets: &dyn Secrets) -> Result<Self, BadAccess> {
        let mut tokens = Vec::new();
        for token in &api.tokens {
            let name = token.name.clone();
            let secret = token.token.resolve(secrets).map_err(|why| BadAccess::NoToken { name: name.clone(), why })?;
            if secret.shorter_than(SHORTEST) {
                return Err(BadAccess::ShortToken { name, shortest: SHORTEST });
            }
            tokens.push((name, token.role, secret));
        }
        Ok(Self(tokens))
    }

    pub(super) const fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Whose token this is.
    pub(super) fn whose(&self, presented: &[u8]) -> Option<Visitor> {
        let mut found = None;
        for (name, role, token) in &self.0 {
            if token.matches(presented) {
                found = Some(Visitor { name: name.clone(), role: *role, how: How::Token, form: String::new() });
            }
        }
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lang::config::{ApiToken, SecretPlace, SecretRef};
    use crate::lang::diagnostic::Diagnostics;
    use crate::lang::source::Sources;

    struct Env;

    impl Secrets for Env {
        fn env(&self, name: &str) -> Option<String> {
            (name != "UNSET").then(|| name.to_owned())
        }

        fn file(&self, _: &str) -> Result<String, String> {
            Err("none".to_owned())
        }
    }

    /// Tokens that are called like the variables that hold them.
    fn tokens(names: &[(&str, Role)]) -> Result<Tokens, BadAccess> {
        let (mut sources, mut found) = (Sources::new(), Diagnostics::new());
        let id = sources.add_text("leverd.yaml", "x");
        let span = crate::lang::yaml::load(&sources, id, &mut found).unwrap().span;
        let one = |(name, role): &(&str, Role)| ApiToken {
            name: (*name).to_owned(),
            token: SecretRef { place: SecretPlace::Env((*name).to_owned()), span },
            role: *role,
        };
        Tokens::of(&Api { tokens: names.iter().map(one).collect() }, &Env)
    }

    #[test]
    fn a_token_is_its_owners_and_a_short_or_missing_one_is_refused() {
        let (first, second) = ("a".repeat(24), "b".repeat(40));
        let held = tokens(&[(&first, Role::Viewer), (&second, Role::Operator)]).unwrap();
        let whose = |text: &str| held.whose(text.as_bytes()).map(|visitor| (visitor.name.clone(), visitor.acts()));
        assert_eq!(whose(&first), Some((first.clone(), false)));
        assert_eq!(whose(&second), Some((second.clone(), true)));
        assert_eq!((whose(""), whose(&first[1..]), whose(&format!("{first}a"))), (None, None, None));
        assert!(matches!(tokens(&[(&"c".repeat(23), Role::Viewer)]), Err(BadAccess::ShortToken { .. })));
        assert!(matches!(tokens(&[("UNSET", Role::Viewer)]), Err(BadAccess::NoToken { .. })));
    }
}
