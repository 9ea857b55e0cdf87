//! The thread that checks: every project that an open file belongs to, whenever typing pauses, and tells what changed.
//!
//! Typing makes its work void: it looks at the board before each file it reads and before it tells anything.

use super::board::Board;
use super::check;
use lsp_server::Message;

/// Works until the editor is gone.
pub(super) fn run(board: &Board, say: &dyn Fn(Message) -> bool) {
    let mut done = 0;
    while let Some(edition) = board.pause(done) {
        done = edition.number;
        let before = board.checked();
        let current = || board.is_current(edition.number);
        let Some(mut checked) = check::all(&edition, &current) else { continue };
        let messages = checked.told.since(&before.told, &edition);
        if board.take(checked) && !messages.into_iter().all(say) {
            return;
        }
    }
}
