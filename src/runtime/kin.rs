//! Which process this is, and whether another one that said so of itself has ended.
//!
//! For the start after a crash: whoever sees that the process before has ended need not wait until its lease is over. Where that cannot be
//! seen (another machine, another container, a system without `/proc`), nothing is claimed.

use crate::store::Process;
use std::fs;

/// What tells this process from every other one.
pub(super) fn this() -> Process {
    let system = system();
    let process = system.as_ref().and_then(|_| began("self")).map(|began| format!("{} {began}", std::process::id()));
    Process { system: system.unwrap_or_default(), process: process.unwrap_or_default() }
}

/// Whether a process has ended for certain.
pub(super) fn has_ended(other: &Process) -> bool {
    let here = !other.system.is_empty() && Some(&other.system) == system().as_ref();
    let Some((id, began_then)) = other.process.split_once(' ').filter(|_| here) else { return false };
    // Where processes of others are hidden, one that is not to be seen may live.
    id.parse::<u32>().is_ok() && began("1").is_some() && began(id).as_deref() != Some(began_then)
}

/// This boot of this machine, and the part of it whose processes we see.
fn system() -> Option<String> {
    let boot = fs::read_to_string("/proc/sys/kernel/random/boot_id").ok()?;
    let seen = fs::read_link("/proc/self/ns/pid").ok()?;
    Some(format!("{} {}", boot.trim(), seen.display()))
}

/// When a process began, as the kernel counts. `None`: there is none, or it has ended and nobody has noticed yet.
fn began(process: &str) -> Option<String> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat")).ok()?;
    // Its name stands in brackets, and may hold anything.
    let (_, fields) = stat.rsplit_once(')')?;
    let mut fields = fields.split_ascii_whitespace();
    let state = fields.next()?;
    (!matches!(state, "Z" | "X")).then(|| fields.nth(18).map(str::to_owned))?
}

/// The name of this machine.
pub(super) fn machine() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    if name.trim().is_empty() { "node".to_owned() } else { name.trim().to_owned() }
}

#[cfg(test)]
#[cfg(target_os = "linux")]
mod tests {
    use super::*;
    use std::process::Command;

    fn of(id: u32) -> Process {
        Process { system: system().unwrap(), process: format!("{id} {}", began(&id.to_string()).unwrap()) }
    }

    #[test]
    fn a_process_has_ended_when_the_kernel_says_so_and_not_before() {
        let mut child = Command::new("sleep").arg("600").spawn().unwrap();
        let child_was = of(child.id());
        assert!(!has_ended(&child_was) && !has_ended(&this()));
        child.kill().unwrap();
        child.wait().unwrap();
        assert!(has_ended(&child_was));
        let reused = Process { process: format!("{} 1", std::process::id()), ..this() };
        assert!(has_ended(&reused), "the number is another process' now");
    }

    #[test]
    fn of_another_system_nothing_is_claimed() {
        let gone = Process { process: "4194305 1".to_owned(), ..this() };
        assert!(has_ended(&gone));
        assert!(!has_ended(&Process { system: "another".to_owned(), ..gone.clone() }));
        assert!(!has_ended(&Process { system: String::new(), ..gone.clone() }));
        assert!(!has_ended(&Process { process: String::new(), ..gone }));
    }
}
