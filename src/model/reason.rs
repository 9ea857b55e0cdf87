//! Why something ended as it did, or waits. The failures that `validate` cannot rule out are a closed list (R1 to R12 of the
//! language): a new one is a new variant here, with its words, and the page that lists them is held against it by a test.
//! Knows what each means; not who meets it.

use serde::{Deserialize, Serialize};
use std::fmt::{Display, Formatter};
use std::str::FromStr;

/// Why something ended as it did, in a word for programs and a sentence for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    pub code: Code,
    /// One sentence for people, without secrets or personal data.
    pub text: String,
}

impl Reason {
    /// A reason with its code.
    pub fn new(code: Code, text: impl Into<String>) -> Self {
        Self { code, text: text.into() }
    }
}

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $word:literal,)*) => {
        /// The word of a [`Reason`]: `R1` to `R12` are failures, all others are outcomes that went as they should, but for `bug`.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// All of them, failures first.
            pub const ALL: &[Self] = &[$(Self::$name,)*];

            /// As it is written and stored.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)*
                }
            }
        }
    };
}

codes! {
    /// The network, a 5xx, a 429.
    R1 = "R1",
    /// A credential was revoked, or lacks a permission.
    R2 = "R2",
    /// The remote object is gone.
    R3 = "R3",
    /// The remote side refuses a well-formed request.
    R4 = "R4",
    /// What was sent does not decode.
    R5 = "R5",
    /// A vendor's event without an owner, or with two possible ones.
    R6 = "R6",
    /// A name has changed in Lever since `leverd pull`.
    R7 = "R7",
    /// A rendered value is none that the place takes.
    R8 = "R8",
    /// A limit: rows, size, a loop, the age of an event.
    R9 = "R9",
    /// Whether it happened is unknown, and nobody can be asked.
    R10 = "R10",
    /// Of this machine: the disk, the store, the clock, a missing secret.
    R11 = "R11",
    /// A token or a link ran out.
    R12 = "R12",
    /// It was so before.
    AlreadySo = "already so",
    /// It is archived, and what was wanted is for those who are not.
    Archived = "archived",
    /// The move would go back in the pipeline.
    Backward = "backward",
    /// It has left the stage that the move starts from.
    MovedOn = "moved on",
    /// Deleted or anonymised.
    Gone = "gone",
    /// The adapter passes over such notifications.
    Ignored = "ignored",
    /// Its rule, asked again later, does not want it any more.
    NoLongerTrue = "no longer true",
    /// What a delivery says is not borne out by the records of who is said to have sent it.
    NotConfirmed = "not confirmed",
    /// It waits for its turn in the budget of whom it is for.
    Queued = "queued",
    /// A person said that it shall not be done.
    Skipped = "skipped",
    /// Something newer took its place.
    Superseded = "superseded",
    /// leverd itself is wrong.
    Bug = "bug",
}

impl Code {
    /// The failures that may happen although `validate` found no fault, with what they are and who helps, as the page of the
    /// language tells them. `None` for outcomes.
    pub const fn failure(self) -> Option<(&'static str, &'static str)> {
        Some(match self {
            Self::R1 => ("the network, a 5xx, a 429", "leverd, by trying again"),
            Self::R2 => (
                "a credential was revoked or lacks a permission",
                "you: the account or connection waits until it is given again",
            ),
            Self::R3 => ("the opportunity, posting or test is gone", "nobody: the effect ends with this reason"),
            Self::R4 => ("Lever or the vendor refuses a well-formed request", "the rule's author, or a person at the vendor"),
            Self::R5 => ("what was sent cannot be decoded", "the adapter's author: the delivery is parked"),
            Self::R6 => ("a vendor's event belongs to nobody, or could belong to two", "a person: it is parked after an hour"),
            Self::R7 => ("a name changed in Lever since `leverd pull`", "you: pull again"),
            Self::R8 => ("a rendered value is none that the place takes", "the rule's author"),
            Self::R9 => ("a limit: rows, size, a loop, the age of an event", "a person: it is parked"),
            Self::R10 => ("it may have been sent, and nobody can say", "a person: it is parked"),
            Self::R11 => ("the disk, the store, the clock, a missing secret", "who runs leverd"),
            Self::R12 => ("a token or link ran out", "leverd, or a person where it cannot be renewed"),
            _ => return None,
        })
    }
}

impl Display for Code {
    fn fmt(&self, f: &mut Formatter<'_>) -> std::fmt::Result {
        f.pad(self.as_str())
    }
}

/// Not a word of this list.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NoCode;

impl FromStr for Code {
    type Err = NoCode;

    fn from_str(word: &str) -> Result<Self, NoCode> {
        Self::ALL.iter().copied().find(|code| code.as_str() == word).ok_or(NoCode)
    }
}

impl Serialize for Code {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.as_str())
    }
}

impl<'de> Deserialize<'de> for Code {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let word = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        word.parse().map_err(|NoCode| serde::de::Error::custom(format!("`{word}` is no reason that leverd knows")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_reads_back_as_it_is_written_and_no_other_word_does() {
        for code in Code::ALL {
            assert_eq!(code.as_str().parse(), Ok(*code));
            assert_eq!(serde_json::from_value::<Code>(serde_json::json!(code)).unwrap(), *code);
        }
        for word in ["R0", "R13", "r1", "", "already"] {
            assert_eq!(word.parse::<Code>(), Err(NoCode), "{word}");
        }
    }

    #[test]
    fn the_page_of_the_language_lists_the_failures_and_no_other() {
        let page = include_str!("../../schema/rules.md");
        let rows: Vec<&str> = page.lines().filter(|line| line.starts_with("| R")).collect();
        let failures =
            Code::ALL.iter().filter_map(|code| code.failure().map(|(what, help)| format!("| {code} | {what} | {help} |")));
        assert_eq!(rows, failures.collect::<Vec<_>>());
    }
}
