//! What `backfill` and `replay` have in common: a rule by its name, a person who agrees, and how far it is.

use super::out::Out;
use crate::lang::near::near;
use crate::lang::project::Bound;
use crate::lang::rule::Rule;
use crate::lang::ruleset::{Mode, RuleSet};
use anyhow::bail;
use std::io::{self, BufRead, IsTerminal, Write};
use std::sync::Arc;

/// The rule of this name in an account, able to fire.
pub(super) fn named(bound: &Bound, name: &str) -> anyhow::Result<(Arc<RuleSet>, Arc<Rule>)> {
    let all = || bound.rulesets.iter().flat_map(|set| set.pack.rules.iter().map(move |rule| (set, rule)));
    let account = &bound.account.name;
    let mut named = all().filter(|(_, rule)| rule.name.as_str() == name);
    let Some((set, rule)) = named.next() else {
        let names: Vec<&str> = all().map(|(_, rule)| rule.name.as_str()).collect();
        match near(name, names.iter().copied()).first() {
            Some(near) => bail!("`{account}` has no rule `{name}`; did you mean `{near}`?"),
            None => bail!("`{account}` has no rule `{name}`; its rules are `{}`", names.join("`, `")),
        }
    };
    if let Some((other, _)) = named.next() {
        bail!("two packs have a rule `{name}`: `{}` and `{}`; rename one of them", set.name(), other.name());
    }
    if set.mode == Mode::Off {
        bail!("the pack `{}` is off in `{account}`", set.name());
    }
    if let Some(setting) = set.off.get(&rule.name) {
        bail!("the rule is off in `{account}`: the setting `{setting}` is not given");
    }
    Ok((Arc::clone(set), Arc::clone(rule)))
}

/// Whether the person at the terminal says yes.
pub(super) fn agreed(out: &mut Out, question: &str) -> anyhow::Result<bool> {
    if !io::stdin().is_terminal() {
        bail!("say `--yes` to do it or `--plan` to only look: there is nobody to ask here");
    }
    out.line(format_args!("{question} [y/N]"))?;
    out.flush()?;
    let mut answer = String::new();
    io::stdin().lock().read_line(&mut answer)?;
    Ok(matches!(answer.trim(), "y" | "Y" | "yes"))
}

/// How far it is, on the terminal of a person.
pub(super) struct Progress {
    total: usize,
    shown: bool,
}

impl Progress {
    pub(super) fn new(total: usize) -> Self {
        Self { total, shown: io::stderr().is_terminal() && total > 20 }
    }

    pub(super) fn show(&self, done: usize, what: &str) -> io::Result<()> {
        const WIDTH: usize = 30;
        if !self.shown || !done.is_multiple_of(10) {
            return Ok(());
        }
        let full = done * WIDTH / self.total.max(1);
        let bar: String = (0..WIDTH).map(|at| if at < full { '█' } else { '░' }).collect();
        write!(io::stderr(), "\r{what} {bar} {done}/{}", self.total)?;
        io::stderr().flush()
    }

    pub(super) fn end(&self) -> io::Result<()> {
        if self.shown { write!(io::stderr(), "\r\x1b[K") } else { Ok(()) }
    }
}
