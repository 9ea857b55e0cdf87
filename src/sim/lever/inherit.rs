//! Tags that opportunities have from their posting, and what a change of the posting does to them (lever-api §5).
//!
//! Recorded: after a change of title the opportunity lost the old title and got the new one at the end, everything else
//! kept its place. So Lever keeps copies and synchronises them when the posting is saved.

use super::record::Posting;
use super::world::World;

impl World {
    /// Changes a posting and carries the difference of its tags to its opportunities. With `restore`, saving also
    /// attaches again what somebody had removed from an opportunity.
    pub(crate) fn save_posting(&mut self, id: &str, restore: bool, change: impl FnOnce(&mut Posting)) {
        let now = self.clock.now_ms();
        let Some(posting) = self.postings.iter_mut().find(|posting| posting.id == id) else {
            return;
        };
        let before = posting.inherited_tags();
        change(posting);
        posting.updated_at = now;
        let after = posting.inherited_tags();
        let linked = self
            .opportunities
            .values_mut()
            .filter(|it| it.application.as_ref().is_some_and(|application| application.posting == id));
        for opportunity in linked {
            let gone = |tag: &String| before.contains(tag) && !after.contains(tag);
            opportunity.tags.retain(|tag| !gone(tag) || opportunity.own_tags.contains(tag));
            for tag in &after {
                if (restore || !before.contains(tag)) && !opportunity.tags.contains(tag) {
                    opportunity.tags.push(tag.clone());
                }
            }
        }
    }
}
