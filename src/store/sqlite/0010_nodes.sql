-- Processes that work on one store together, and which of them works on which account. Of use only where several have it; see the same
-- tables of PostgreSQL.
CREATE TABLE node (
  epoch INTEGER PRIMARY KEY, name TEXT NOT NULL, version TEXT NOT NULL, system TEXT NOT NULL, process TEXT NOT NULL,
  started INTEGER NOT NULL, beat INTEGER NOT NULL, until INTEGER NOT NULL
) STRICT;
CREATE TABLE lease (
  account TEXT PRIMARY KEY, node INTEGER NOT NULL, free_since INTEGER NOT NULL, settle_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX lease_node ON lease (node);
