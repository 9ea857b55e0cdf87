-- Account first in every key and index. Ids are 16-byte blobs whose first six bytes are milliseconds; times are milliseconds.
-- Payload tables are appended to; all work that is left to do stands in `ready`, whose rows are deleted when it is done.

CREATE TABLE account (account TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;

-- Work. kind: 0 delivery, 1 event, 2 effect, 3 timer. state: 0 pending, 1 begun, 2 unknown, 3 parked.
-- held: 0 free, an epoch while claimed, -1 while begun or parked. rank: due time, later for lesser classes: the order of turns.
-- (at, received, seq): the order within a lane. version: the payload's, for effects. asked: when a person last wanted it retried.
CREATE TABLE ready (
  account TEXT NOT NULL, kind INTEGER NOT NULL, ref BLOB NOT NULL, lane TEXT NOT NULL,
  state INTEGER NOT NULL, held INTEGER NOT NULL, due_at INTEGER NOT NULL, class INTEGER NOT NULL, rank INTEGER NOT NULL,
  at INTEGER NOT NULL, received INTEGER NOT NULL, seq INTEGER NOT NULL,
  tries INTEGER NOT NULL, rounds INTEGER NOT NULL, version INTEGER NOT NULL, asked INTEGER,
  PRIMARY KEY (account, kind, ref)
) STRICT, WITHOUT ROWID;
-- The turns; the next due time; the order in a lane; the event of a lane that is being planned.
CREATE INDEX ready_turn ON ready (account, kind, held, rank, at, seq);
CREATE INDEX ready_due ON ready (account, held, due_at);
CREATE INDEX ready_lane ON ready (account, lane, kind, state, at, received, seq) WHERE lane <> '';
CREATE INDEX ready_planning ON ready (account, lane) WHERE kind = 1 AND held > 0;

-- Why a piece of work waits or is parked. Deleted with it.
CREATE TABLE trouble (
  account TEXT NOT NULL, kind INTEGER NOT NULL, ref BLOB NOT NULL, code TEXT NOT NULL, text TEXT NOT NULL, at INTEGER,
  PRIMARY KEY (account, kind, ref)
) STRICT, WITHOUT ROWID;

-- Why a delivery or an event led to nothing.
CREATE TABLE closed (
  account TEXT NOT NULL, kind INTEGER NOT NULL, ref BLOB NOT NULL, code TEXT NOT NULL, text TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (account, kind, ref)
) STRICT, WITHOUT ROWID;

CREATE TABLE seen (
  account TEXT NOT NULL, source TEXT NOT NULL, dedupe TEXT NOT NULL, digest TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (account, source, dedupe, digest)
) STRICT, WITHOUT ROWID;
CREATE INDEX seen_at ON seen (account, at);

CREATE TABLE delivery (
  account TEXT NOT NULL, id BLOB NOT NULL, source TEXT NOT NULL, dedupe TEXT NOT NULL, digest TEXT NOT NULL,
  body BLOB NOT NULL, received INTEGER NOT NULL, hint TEXT,
  UNIQUE (account, id)
) STRICT;

CREATE TABLE heard (
  account TEXT NOT NULL, source TEXT NOT NULL, event TEXT NOT NULL, last INTEGER NOT NULL, count INTEGER NOT NULL,
  PRIMARY KEY (account, source, event)
) STRICT, WITHOUT ROWID;

CREATE TABLE event (
  account TEXT NOT NULL, id BLOB NOT NULL, delivery BLOB, opportunity TEXT NOT NULL, at INTEGER NOT NULL, payload TEXT NOT NULL,
  UNIQUE (account, id)
) STRICT;
CREATE INDEX event_opportunity ON event (account, opportunity, at);

CREATE TABLE run (
  account TEXT NOT NULL, event BLOB NOT NULL, opportunity TEXT NOT NULL, planned_at INTEGER NOT NULL, ruleset TEXT NOT NULL,
  facts TEXT NOT NULL, steps TEXT NOT NULL, later TEXT NOT NULL,
  UNIQUE (account, event)
) STRICT;
CREATE INDEX run_opportunity ON run (account, opportunity, planned_at);
CREATE INDEX run_time ON run (account, planned_at);

CREATE TABLE effect (
  account TEXT NOT NULL, id BLOB NOT NULL, event BLOB NOT NULL, opportunity TEXT NOT NULL, seq INTEGER NOT NULL,
  slot TEXT, move_to TEXT, planned_at INTEGER NOT NULL, ruleset TEXT NOT NULL, version INTEGER NOT NULL, payload TEXT NOT NULL,
  UNIQUE (account, id)
) STRICT;
CREATE INDEX effect_event ON effect (account, event, seq);
CREATE INDEX effect_opportunity ON effect (account, opportunity);

-- A move behind its records: one row for each effect that it still waits for.
CREATE TABLE blocked (
  account TEXT NOT NULL, effect BLOB NOT NULL, waits_for BLOB NOT NULL,
  PRIMARY KEY (account, effect, waits_for)
) STRICT, WITHOUT ROWID;
CREATE INDEX blocked_by ON blocked (account, waits_for);

CREATE TABLE settled (
  account TEXT NOT NULL, effect BLOB NOT NULL, outcome TEXT NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (account, effect)
) STRICT, WITHOUT ROWID;

CREATE TABLE attempt (
  account TEXT NOT NULL, effect BLOB NOT NULL, number INTEGER NOT NULL, epoch INTEGER NOT NULL, begun_at INTEGER NOT NULL,
  PRIMARY KEY (account, effect, number)
) STRICT, WITHOUT ROWID;

-- How an attempt ended. An unknown end may be followed by a better one; the last one counts.
CREATE TABLE attempt_end (
  account TEXT NOT NULL, effect BLOB NOT NULL, number INTEGER NOT NULL, ended_at INTEGER NOT NULL,
  applied TEXT, exchange TEXT, outcome TEXT NOT NULL, event BLOB
) STRICT;
CREATE INDEX attempt_end_of ON attempt_end (account, effect, number);

CREATE TABLE assessment (
  account TEXT NOT NULL, id BLOB NOT NULL, opportunity TEXT NOT NULL, contact TEXT, vendor TEXT NOT NULL,
  invite_key TEXT NOT NULL, attempt INTEGER NOT NULL, live INTEGER NOT NULL, payload TEXT NOT NULL,
  UNIQUE (account, id)
) STRICT;
CREATE UNIQUE INDEX one_live ON assessment (account, invite_key) WHERE live = 1;
CREATE INDEX assessment_opportunity ON assessment (account, opportunity, attempt);
CREATE INDEX assessment_contact ON assessment (account, contact);

-- What vendors call things.
CREATE TABLE correlation (
  account TEXT NOT NULL, vendor TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, assessment BLOB NOT NULL,
  PRIMARY KEY (account, vendor, name, value, assessment)
) STRICT, WITHOUT ROWID;

CREATE TABLE timer (
  account TEXT NOT NULL, id BLOB NOT NULL, opportunity TEXT NOT NULL, pack TEXT NOT NULL, rule TEXT NOT NULL,
  due_at INTEGER NOT NULL, payload TEXT NOT NULL,
  PRIMARY KEY (account, id)
) STRICT, WITHOUT ROWID;
CREATE INDEX timer_rule ON timer (account, pack, rule);

CREATE TABLE own_move (
  account TEXT NOT NULL, opportunity TEXT NOT NULL, effect BLOB NOT NULL, move_to TEXT NOT NULL,
  begun_at INTEGER NOT NULL, moved_at INTEGER, matched_by BLOB,
  PRIMARY KEY (account, opportunity, effect)
) STRICT, WITHOUT ROWID;

CREATE TABLE firing (
  account TEXT NOT NULL, opportunity TEXT NOT NULL, pack TEXT NOT NULL, rule TEXT NOT NULL, event BLOB NOT NULL, at INTEGER NOT NULL,
  PRIMARY KEY (account, opportunity, pack, rule, event)
) STRICT, WITHOUT ROWID;

CREATE TABLE notice (
  account TEXT NOT NULL, id BLOB NOT NULL, opportunity TEXT NOT NULL, at INTEGER NOT NULL, payload TEXT NOT NULL,
  UNIQUE (account, id)
) STRICT;
CREATE INDEX notice_at ON notice (account, at);

CREATE TABLE signing_token (
  account TEXT NOT NULL, webhook TEXT NOT NULL, event TEXT NOT NULL, url TEXT NOT NULL, key_id TEXT NOT NULL, token BLOB NOT NULL,
  created_at INTEGER NOT NULL,
  PRIMARY KEY (account, webhook)
) STRICT, WITHOUT ROWID;

CREATE TABLE poll_cursor (
  account TEXT NOT NULL, name TEXT NOT NULL, value TEXT NOT NULL, PRIMARY KEY (account, name)
) STRICT, WITHOUT ROWID;

CREATE TABLE baseline (
  account TEXT NOT NULL, pack TEXT NOT NULL, since INTEGER NOT NULL, PRIMARY KEY (account, pack)
) STRICT, WITHOUT ROWID;

CREATE TABLE refusal (
  account TEXT NOT NULL, what TEXT NOT NULL, last INTEGER NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (account, what)
) STRICT, WITHOUT ROWID;

CREATE TABLE purged (
  account TEXT NOT NULL, opportunity TEXT NOT NULL, at INTEGER NOT NULL, PRIMARY KEY (account, opportunity)
) STRICT, WITHOUT ROWID;

-- Content-addressed: shared by all accounts.
CREATE TABLE ruleset (hash TEXT PRIMARY KEY, content BLOB NOT NULL) STRICT;
CREATE TABLE source_file (hash TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;

-- How often the store was opened for writing: the epoch of claims and attempts.
CREATE TABLE opening (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), epoch INTEGER NOT NULL) STRICT;
INSERT INTO opening VALUES (1, 0);
