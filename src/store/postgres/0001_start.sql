-- Account first in every key and index. Ids are 16-byte blobs whose first six bytes are milliseconds; times are milliseconds.
-- Payload tables are appended to; all work that is left to do stands in `ready`, whose rows are deleted when it is done.
-- The tables of SQLite by the same names. rowid: the order in which rows were added, as SQLite gives it; only for reading in pages and
-- between rows of one moment. Texts compare byte by byte.

CREATE TABLE account (account TEXT COLLATE "C" PRIMARY KEY);

-- Work. kind: 0 delivery, 1 event, 2 effect, 3 timer. state: 0 pending, 1 begun, 2 unknown, 3 parked.
-- held: 0 free, an epoch while claimed, -1 while begun or parked. rank: due time, later for lesser classes: the order of turns.
-- (at, received, seq): the order within a lane. version: the payload's, for effects. asked: when a person last wanted it retried.
CREATE TABLE ready (
  account TEXT COLLATE "C" NOT NULL, kind BIGINT NOT NULL, ref BYTEA NOT NULL, lane TEXT COLLATE "C" NOT NULL,
  state BIGINT NOT NULL, held BIGINT NOT NULL, due_at BIGINT NOT NULL, class BIGINT NOT NULL, rank BIGINT NOT NULL,
  at BIGINT NOT NULL, received BIGINT NOT NULL, seq BIGINT NOT NULL,
  tries BIGINT NOT NULL, rounds BIGINT NOT NULL, version BIGINT NOT NULL, asked BIGINT,
  PRIMARY KEY (account, kind, ref)
) WITH (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_insert_scale_factor = 0.1);
-- The turns; the next due time; the order in a lane; the event of a lane that is being planned.
CREATE INDEX ready_turn ON ready (account, kind, held, rank, at, seq);
CREATE INDEX ready_due ON ready (account, held, due_at);
CREATE INDEX ready_lane ON ready (account, lane, kind, state, at, received, seq) WHERE lane <> '';
CREATE INDEX ready_planning ON ready (account, lane) WHERE kind = 1 AND held > 0;

-- Why a piece of work waits or is parked. Deleted with it.
CREATE TABLE trouble (
  account TEXT COLLATE "C" NOT NULL, kind BIGINT NOT NULL, ref BYTEA NOT NULL, code TEXT COLLATE "C" NOT NULL, text TEXT COLLATE "C" NOT NULL, at BIGINT,
  PRIMARY KEY (account, kind, ref)
);

-- Why a delivery or an event led to nothing.
CREATE TABLE closed (
  account TEXT COLLATE "C" NOT NULL, kind BIGINT NOT NULL, ref BYTEA NOT NULL, code TEXT COLLATE "C" NOT NULL, text TEXT COLLATE "C" NOT NULL, at BIGINT NOT NULL,
  PRIMARY KEY (account, kind, ref)
);

CREATE TABLE seen (
  account TEXT COLLATE "C" NOT NULL, source TEXT COLLATE "C" NOT NULL, dedupe TEXT COLLATE "C" NOT NULL, digest TEXT COLLATE "C" NOT NULL, at BIGINT NOT NULL,
  PRIMARY KEY (account, source, dedupe, digest)
);
CREATE INDEX seen_at ON seen (account, at);

CREATE TABLE delivery (
  account TEXT COLLATE "C" NOT NULL, id BYTEA NOT NULL, source TEXT COLLATE "C" NOT NULL, dedupe TEXT COLLATE "C" NOT NULL, digest TEXT COLLATE "C" NOT NULL,
  body BYTEA NOT NULL, received BIGINT NOT NULL, hint TEXT COLLATE "C",
  PRIMARY KEY (account, id)
);

CREATE TABLE heard (
  account TEXT COLLATE "C" NOT NULL, source TEXT COLLATE "C" NOT NULL, event TEXT COLLATE "C" NOT NULL, last BIGINT NOT NULL, count BIGINT NOT NULL,
  PRIMARY KEY (account, source, event)
);

CREATE TABLE event (
  rowid BIGINT GENERATED ALWAYS AS IDENTITY,
  account TEXT COLLATE "C" NOT NULL, id BYTEA NOT NULL, delivery BYTEA, opportunity TEXT COLLATE "C" NOT NULL, at BIGINT NOT NULL, payload TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (account, id)
);
CREATE INDEX event_opportunity ON event (account, opportunity, at);
CREATE INDEX event_order ON event (account, rowid);

CREATE TABLE run (
  rowid BIGINT GENERATED ALWAYS AS IDENTITY,
  account TEXT COLLATE "C" NOT NULL, event BYTEA NOT NULL, opportunity TEXT COLLATE "C" NOT NULL, planned_at BIGINT NOT NULL, ruleset TEXT COLLATE "C" NOT NULL,
  facts TEXT COLLATE "C" NOT NULL, steps TEXT COLLATE "C" NOT NULL, later TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (account, event)
);
CREATE INDEX run_opportunity ON run (account, opportunity, planned_at);
CREATE INDEX run_time ON run (account, planned_at);
CREATE INDEX run_order ON run (account, rowid);

CREATE TABLE effect (
  rowid BIGINT GENERATED ALWAYS AS IDENTITY,
  account TEXT COLLATE "C" NOT NULL, id BYTEA NOT NULL, event BYTEA NOT NULL, opportunity TEXT COLLATE "C" NOT NULL, seq BIGINT NOT NULL,
  slot TEXT COLLATE "C", move_to TEXT COLLATE "C", planned_at BIGINT NOT NULL, ruleset TEXT COLLATE "C" NOT NULL, version BIGINT NOT NULL, payload TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (account, id)
);
CREATE INDEX effect_event ON effect (account, event, seq);
CREATE INDEX effect_opportunity ON effect (account, opportunity);
CREATE INDEX effect_order ON effect (account, rowid);

-- A move behind its records: one row for each effect that it still waits for.
CREATE TABLE blocked (
  account TEXT COLLATE "C" NOT NULL, effect BYTEA NOT NULL, waits_for BYTEA NOT NULL,
  PRIMARY KEY (account, effect, waits_for)
);
CREATE INDEX blocked_by ON blocked (account, waits_for);

CREATE TABLE settled (
  account TEXT COLLATE "C" NOT NULL, effect BYTEA NOT NULL, outcome TEXT COLLATE "C" NOT NULL, at BIGINT NOT NULL,
  PRIMARY KEY (account, effect)
);

CREATE TABLE attempt (
  account TEXT COLLATE "C" NOT NULL, effect BYTEA NOT NULL, number BIGINT NOT NULL, epoch BIGINT NOT NULL, begun_at BIGINT NOT NULL,
  PRIMARY KEY (account, effect, number)
);

-- How an attempt ended. An unknown end may be followed by a better one; the last one counts.
CREATE TABLE attempt_end (
  rowid BIGINT GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
  account TEXT COLLATE "C" NOT NULL, effect BYTEA NOT NULL, number BIGINT NOT NULL, ended_at BIGINT NOT NULL,
  applied TEXT COLLATE "C", exchange TEXT COLLATE "C", outcome TEXT COLLATE "C" NOT NULL, event BYTEA
);
CREATE INDEX attempt_end_of ON attempt_end (account, effect, number);

CREATE TABLE assessment (
  account TEXT COLLATE "C" NOT NULL, id BYTEA NOT NULL, opportunity TEXT COLLATE "C" NOT NULL, contact TEXT COLLATE "C", vendor TEXT COLLATE "C" NOT NULL,
  invite_key TEXT COLLATE "C" NOT NULL, attempt BIGINT NOT NULL, live BIGINT NOT NULL, phase TEXT COLLATE "C" NOT NULL,
  payload TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (account, id)
);
CREATE UNIQUE INDEX one_live ON assessment (account, invite_key) WHERE live = 1;
CREATE INDEX assessment_opportunity ON assessment (account, opportunity, attempt);
CREATE INDEX assessment_contact ON assessment (account, contact);

-- What vendors call things.
CREATE TABLE correlation (
  account TEXT COLLATE "C" NOT NULL, vendor TEXT COLLATE "C" NOT NULL, name TEXT COLLATE "C" NOT NULL, value TEXT COLLATE "C" NOT NULL, assessment BYTEA NOT NULL,
  PRIMARY KEY (account, vendor, name, value, assessment)
);

CREATE TABLE timer (
  account TEXT COLLATE "C" NOT NULL, id BYTEA NOT NULL, opportunity TEXT COLLATE "C" NOT NULL, pack TEXT COLLATE "C" NOT NULL, rule TEXT COLLATE "C" NOT NULL,
  due_at BIGINT NOT NULL, payload TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (account, id)
);
CREATE INDEX timer_rule ON timer (account, pack, rule);

CREATE TABLE own_move (
  account TEXT COLLATE "C" NOT NULL, opportunity TEXT COLLATE "C" NOT NULL, effect BYTEA NOT NULL, move_to TEXT COLLATE "C" NOT NULL,
  begun_at BIGINT NOT NULL, moved_at BIGINT, matched_by BYTEA,
  PRIMARY KEY (account, opportunity, effect)
);

CREATE TABLE firing (
  account TEXT COLLATE "C" NOT NULL, opportunity TEXT COLLATE "C" NOT NULL, pack TEXT COLLATE "C" NOT NULL, rule TEXT COLLATE "C" NOT NULL, event BYTEA NOT NULL, at BIGINT NOT NULL,
  PRIMARY KEY (account, opportunity, pack, rule, event)
);

CREATE TABLE notice (
  rowid BIGINT GENERATED ALWAYS AS IDENTITY,
  account TEXT COLLATE "C" NOT NULL, id BYTEA NOT NULL, opportunity TEXT COLLATE "C" NOT NULL, at BIGINT NOT NULL, payload TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (account, id)
);
CREATE INDEX notice_at ON notice (account, at);

CREATE TABLE signing_token (
  account TEXT COLLATE "C" NOT NULL, webhook TEXT COLLATE "C" NOT NULL, event TEXT COLLATE "C" NOT NULL, url TEXT COLLATE "C" NOT NULL, key_id TEXT COLLATE "C" NOT NULL, token BYTEA NOT NULL,
  created_at BIGINT NOT NULL,
  PRIMARY KEY (account, webhook)
);

CREATE TABLE poll_cursor (
  account TEXT COLLATE "C" NOT NULL, name TEXT COLLATE "C" NOT NULL, value TEXT COLLATE "C" NOT NULL, PRIMARY KEY (account, name)
);

CREATE TABLE baseline (
  account TEXT COLLATE "C" NOT NULL, pack TEXT COLLATE "C" NOT NULL, since BIGINT NOT NULL, PRIMARY KEY (account, pack)
);

CREATE TABLE refusal (
  account TEXT COLLATE "C" NOT NULL, what TEXT COLLATE "C" NOT NULL, last BIGINT NOT NULL, count BIGINT NOT NULL, PRIMARY KEY (account, what)
);

CREATE TABLE purged (
  account TEXT COLLATE "C" NOT NULL, opportunity TEXT COLLATE "C" NOT NULL, at BIGINT NOT NULL, PRIMARY KEY (account, opportunity)
);

-- Content-addressed: shared by all accounts.
CREATE TABLE ruleset (hash TEXT COLLATE "C" PRIMARY KEY, content BYTEA NOT NULL);
CREATE TABLE source_file (hash TEXT COLLATE "C" PRIMARY KEY, bytes BYTEA NOT NULL);

-- How often the store was opened for writing: the epoch of claims and attempts.
CREATE TABLE opening (only_row BIGINT PRIMARY KEY CHECK (only_row = 1), epoch BIGINT NOT NULL);
INSERT INTO opening (only_row, epoch) VALUES (1, 0);

-- One row for each opening. until: it works on its accounts until then without a further beat, by the database's clock; 0: it does not.
-- system, process: what tells its process from others. session, session_since: the session in which it writes, so that whoever takes its
-- accounts can end it. batch: the mark of its latest batch that wrote, by which it knows, when it got no answer to a commit, whether
-- that was durable.
CREATE TABLE node (
  epoch BIGINT PRIMARY KEY, name TEXT COLLATE "C" NOT NULL, version TEXT COLLATE "C" NOT NULL, system TEXT COLLATE "C" NOT NULL,
  process TEXT COLLATE "C" NOT NULL, started BIGINT NOT NULL, beat BIGINT NOT NULL, until BIGINT NOT NULL,
  session BIGINT, session_since TEXT COLLATE "C", batch BYTEA
) WITH (fillfactor = 50);

-- Which node works on an account; 0: none. free_since: since when. settle_at: what nodes before had begun in it is left alone until then.
CREATE TABLE lease (
  account TEXT COLLATE "C" PRIMARY KEY, node BIGINT NOT NULL, free_since BIGINT NOT NULL, settle_at BIGINT NOT NULL
);
CREATE INDEX lease_node ON lease (node);

-- What we put under the keys of an opportunity: Lever's ids of notes, files, forms and feedback, URLs of links, each with the digest
-- of its content.
CREATE TABLE placed (
  account TEXT COLLATE "C" NOT NULL, opportunity TEXT COLLATE "C" NOT NULL, slot TEXT COLLATE "C" NOT NULL, payload TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (account, opportunity, slot)
);
-- What polling last saw of each opportunity, to tell what changed. Tags without their texts, eight bytes each.
CREATE TABLE glimpse (
  account TEXT COLLATE "C" NOT NULL, opportunity TEXT COLLATE "C" NOT NULL, seen BIGINT NOT NULL, staged BIGINT, applications TEXT COLLATE "C" NOT NULL,
  archived BIGINT NOT NULL, archived_at BIGINT, archive_reason TEXT COLLATE "C", tags BYTEA NOT NULL,
  PRIMARY KEY (account, opportunity)
);
-- The tokens that a login left, encrypted; which key stands beside each. version counts them: a refresh is claimed for one version,
-- until refreshing_until. refused_at: the server refuses the refresh token, a person must log in again.
CREATE TABLE token (
  account TEXT COLLATE "C" NOT NULL, connection TEXT COLLATE "C" NOT NULL,
  access_key TEXT COLLATE "C" NOT NULL, access BYTEA NOT NULL, refresh_key TEXT COLLATE "C" NOT NULL, refresh BYTEA NOT NULL,
  scope TEXT COLLATE "C" NOT NULL, expires_at BIGINT NOT NULL, granted_at BIGINT NOT NULL,
  version BIGINT NOT NULL, refreshing_until BIGINT NOT NULL, refused_at BIGINT,
  PRIMARY KEY (account, connection)
);

-- Logins under way, by hash. kind: 0 ticket, 1 state.
CREATE TABLE login (
  account TEXT COLLATE "C" NOT NULL, kind BIGINT NOT NULL, hash TEXT COLLATE "C" NOT NULL, ticket TEXT COLLATE "C", expires_at BIGINT NOT NULL, spent_at BIGINT,
  PRIMARY KEY (account, kind, hash)
);
-- Polls ask about the attempts of a vendor that are in certain phases, oldest first.
CREATE INDEX assessment_phase ON assessment (account, vendor, phase, id);
-- What people did by the console, and who came in. account is empty where it is about none, or about all.
CREATE TABLE deed (
  rowid BIGINT GENERATED ALWAYS AS IDENTITY,
  account TEXT COLLATE "C" NOT NULL, id BYTEA NOT NULL, at BIGINT NOT NULL, who TEXT COLLATE "C" NOT NULL, how TEXT COLLATE "C" NOT NULL, what TEXT COLLATE "C" NOT NULL,
  about TEXT COLLATE "C" NOT NULL,
  PRIMARY KEY (account, id)
);
CREATE INDEX deed_at ON deed (at);
-- What is still to come for one opportunity.
CREATE INDEX timer_opportunity ON timer (account, opportunity);
-- That the database was restored from a backup, and what it cannot know: nothing between `last`, the latest thing that the backup tells
-- of, and `at`, when it was restored. At most one row; a person deletes it by `leverd restore --settled`.
CREATE TABLE restored (one BIGINT PRIMARY KEY CHECK (one = 1), last BIGINT NOT NULL, at BIGINT NOT NULL);
