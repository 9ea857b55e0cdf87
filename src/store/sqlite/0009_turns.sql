-- What is due and whose turn it is are asked of all accounts at once: the kind first, and only rows that nobody holds. What is parked is
-- asked for by account.
DROP INDEX ready_turn;
DROP INDEX ready_due;
CREATE INDEX ready_turn ON ready (kind, account, rank, at, seq) WHERE held = 0;
CREATE INDEX ready_due ON ready (kind, due_at, account) WHERE held = 0;
CREATE INDEX ready_parked ON ready (account, kind) WHERE state = 3;
