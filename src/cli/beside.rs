//! What stands beside the rules of a pack and is checked with them: tests, and what the vendor is said to send.

use crate::lang::diagnostic::Diagnostics;
use crate::lang::load::File;
use crate::lang::rule::Pack;
use crate::lang::source::Sources;
use crate::suite::tests_of;
use crate::vendor;
use std::collections::HashSet;
use std::sync::Arc;

/// Checks it; the number of tests comes back.
pub(super) fn beside(pack: &Arc<Pack>, files: &[File], sources: &mut Sources, found: &mut Diagnostics) -> usize {
    if let Some(adapter) = &pack.vendor {
        found.extend(vendor::run_samples(adapter));
    }
    let mut apart = Diagnostics::new();
    let suites = tests_of(pack, files, sources, &mut apart);
    // A name in the rules that the account does not have is not told again for lacking in the tests.
    let told: HashSet<_> = found.iter().map(|fault| (fault.code, fault.primary)).collect();
    found.extend(apart.into_iter().filter(|fault| !told.contains(&(fault.code, fault.primary))));
    suites.iter().map(|suite| suite.tests.len()).sum()
}
