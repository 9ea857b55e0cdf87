-- A store of version 10.
CREATE TABLE schema_version (version INTEGER PRIMARY KEY) STRICT;
CREATE TABLE account (account TEXT PRIMARY KEY) STRICT, WITHOUT ROWID;
CREATE TABLE ready (
  account TEXT NOT NULL, kind INTEGER NOT NULL, ref BLOB NOT NULL, lane TEXT NOT NULL,
  state INTEGER NOT NULL, held INTEGER NOT NULL, due_at INTEGER NOT NULL, class INTEGER NOT NULL, rank INTEGER NOT NULL,
  at INTEGER NOT NULL, received INTEGER NOT NULL, seq INTEGER NOT NULL,
  tries INTEGER NOT NULL, rounds INTEGER NOT NULL, version INTEGER NOT NULL, asked INTEGER,
  PRIMARY KEY (account, kind, ref)
) STRICT, WITHOUT ROWID;
CREATE INDEX ready_lane ON ready (account, lane, kind, state, at, received, seq) WHERE lane <> '';
CREATE INDEX ready_planning ON ready (account, lane) WHERE kind = 1 AND held > 0;
CREATE TABLE trouble (
  account TEXT NOT NULL, kind INTEGER NOT NULL, ref BLOB NOT NULL, code TEXT NOT NULL, text TEXT NOT NULL, at INTEGER,
  PRIMARY KEY (account, kind, ref)
) STRICT, WITHOUT ROWID;
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
CREATE TABLE attempt_end (
  account TEXT NOT NULL, effect BLOB NOT NULL, number INTEGER NOT NULL, ended_at INTEGER NOT NULL,
  applied TEXT, exchange TEXT, outcome TEXT NOT NULL, event BLOB
) STRICT;
CREATE INDEX attempt_end_of ON attempt_end (account, effect, number);
CREATE TABLE assessment (
  account TEXT NOT NULL, id BLOB NOT NULL, opportunity TEXT NOT NULL, contact TEXT, vendor TEXT NOT NULL,
  invite_key TEXT NOT NULL, attempt INTEGER NOT NULL, live INTEGER NOT NULL, payload TEXT NOT NULL, phase TEXT NOT NULL DEFAULT '',
  UNIQUE (account, id)
) STRICT;
CREATE UNIQUE INDEX one_live ON assessment (account, invite_key) WHERE live = 1;
CREATE INDEX assessment_opportunity ON assessment (account, opportunity, attempt);
CREATE INDEX assessment_contact ON assessment (account, contact);
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
CREATE TABLE ruleset (hash TEXT PRIMARY KEY, content BLOB NOT NULL) STRICT;
CREATE TABLE source_file (hash TEXT PRIMARY KEY, bytes BLOB NOT NULL) STRICT;
CREATE TABLE opening (only_row INTEGER PRIMARY KEY CHECK (only_row = 1), epoch INTEGER NOT NULL) STRICT;
CREATE TABLE placed (
  account TEXT NOT NULL, opportunity TEXT NOT NULL, slot TEXT NOT NULL, payload TEXT NOT NULL,
  PRIMARY KEY (account, opportunity, slot)
) STRICT, WITHOUT ROWID;
CREATE TABLE glimpse (
  account TEXT NOT NULL, opportunity TEXT NOT NULL, seen INTEGER NOT NULL, staged INTEGER, applications TEXT NOT NULL,
  archived INTEGER NOT NULL, archived_at INTEGER, archive_reason TEXT, tags BLOB NOT NULL,
  PRIMARY KEY (account, opportunity)
) STRICT, WITHOUT ROWID;
CREATE TABLE token (
  account TEXT NOT NULL, connection TEXT NOT NULL,
  access_key TEXT NOT NULL, access BLOB NOT NULL, refresh_key TEXT NOT NULL, refresh BLOB NOT NULL,
  scope TEXT NOT NULL, expires_at INTEGER NOT NULL, granted_at INTEGER NOT NULL,
  version INTEGER NOT NULL, refreshing_until INTEGER NOT NULL, refused_at INTEGER,
  PRIMARY KEY (account, connection)
) STRICT, WITHOUT ROWID;
CREATE TABLE login (
  account TEXT NOT NULL, kind INTEGER NOT NULL, hash TEXT NOT NULL, ticket TEXT, expires_at INTEGER NOT NULL, spent_at INTEGER,
  PRIMARY KEY (account, kind, hash)
) STRICT, WITHOUT ROWID;
CREATE TABLE deed (
  account TEXT NOT NULL, id BLOB NOT NULL, at INTEGER NOT NULL, who TEXT NOT NULL, how TEXT NOT NULL, what TEXT NOT NULL,
  about TEXT NOT NULL,
  UNIQUE (account, id)
) STRICT;
CREATE INDEX deed_at ON deed (at);
CREATE INDEX timer_opportunity ON timer (account, opportunity);
CREATE TABLE restored (one INTEGER PRIMARY KEY CHECK (one = 1), last INTEGER NOT NULL, at INTEGER NOT NULL) STRICT;
CREATE INDEX assessment_phase ON assessment (account, vendor, phase, id);
CREATE INDEX ready_turn ON ready (kind, account, rank, at, seq) WHERE held = 0;
CREATE INDEX ready_due ON ready (kind, due_at, account) WHERE held = 0;
CREATE INDEX ready_parked ON ready (account, kind) WHERE state = 3;
CREATE TABLE node (
  epoch INTEGER PRIMARY KEY, name TEXT NOT NULL, version TEXT NOT NULL, system TEXT NOT NULL, process TEXT NOT NULL,
  started INTEGER NOT NULL, beat INTEGER NOT NULL, until INTEGER NOT NULL
) STRICT;
CREATE TABLE lease (
  account TEXT PRIMARY KEY, node INTEGER NOT NULL, free_since INTEGER NOT NULL, settle_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX lease_node ON lease (node);
CREATE TABLE pool (credential TEXT PRIMARY KEY, owed INTEGER NOT NULL, at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE TABLE drawn (
  credential TEXT NOT NULL, node INTEGER NOT NULL, count INTEGER NOT NULL, PRIMARY KEY (credential, node)
) STRICT, WITHOUT ROWID;
INSERT INTO schema_version (version) VALUES (1);
INSERT INTO schema_version (version) VALUES (2);
INSERT INTO schema_version (version) VALUES (3);
INSERT INTO schema_version (version) VALUES (4);
INSERT INTO schema_version (version) VALUES (5);
INSERT INTO schema_version (version) VALUES (6);
INSERT INTO schema_version (version) VALUES (7);
INSERT INTO schema_version (version) VALUES (8);
INSERT INTO schema_version (version) VALUES (9);
INSERT INTO schema_version (version) VALUES (10);
INSERT INTO account (account) VALUES ('acme');
INSERT INTO ready (account, kind, ref, lane, state, held, due_at, class, rank, at, received, seq, tries, rounds, version, asked) VALUES ('acme', 0, X'019CADC6B1F0F7E7A8552454323920BF', '', 3, -1, 1772442006000, 2, 1772443206000, 1772442006000, 1772442006000, 0, 0, 0, 0, NULL);
INSERT INTO ready (account, kind, ref, lane, state, held, due_at, class, rank, at, received, seq, tries, rounds, version, asked) VALUES ('acme', 0, X'019CADC6B5D86EDC667CA06408B4869F', '', 0, 0, 1772442007000, 2, 1772443207000, 1772442007000, 1772442007000, 0, 0, 0, 0, NULL);
INSERT INTO ready (account, kind, ref, lane, state, held, due_at, class, rank, at, received, seq, tries, rounds, version, asked) VALUES ('acme', 1, X'019CADC6AE0851B96BBEB858E19E3C1B', 'o3', 0, 0, 1772442005000, 2, 1772443205000, 1772442005000, 1772442005000, 0, 0, 0, 0, NULL);
INSERT INTO ready (account, kind, ref, lane, state, held, due_at, class, rank, at, received, seq, tries, rounds, version, asked) VALUES ('acme', 2, X'019CADC6A25053BBC96F15570611231E', 'o2', 0, 0, 9223372036854775807, 2, 9223372036854775807, 1772442002000, 0, 1, 0, 0, 1, NULL);
INSERT INTO ready (account, kind, ref, lane, state, held, due_at, class, rank, at, received, seq, tries, rounds, version, asked) VALUES ('acme', 2, X'019CADC6A25056313EB1726713E6CD65', 'o2', 1, -1, 1772442002000, 2, 1772443202000, 1772442002000, 0, 0, 1, 0, 1, NULL);
INSERT INTO ready (account, kind, ref, lane, state, held, due_at, class, rank, at, received, seq, tries, rounds, version, asked) VALUES ('acme', 3, X'019CADC69A80F24FBB5668606F73BA2E', 'o1', 0, 0, 1772451000000, 3, 1772452800000, 1772451000000, 1772451000000, 0, 0, 0, 0, NULL);
INSERT INTO trouble (account, kind, ref, code, text, at) VALUES ('acme', 0, X'019CADC6B1F0F7E7A8552454323920BF', 'R9', 'because', 1772442006000);
INSERT INTO closed (account, kind, ref, code, text, at) VALUES ('acme', 0, X'019CADC6B1F0219762702781983A878C', 'R9', 'because', 1772442006000);
INSERT INTO seen (account, source, dedupe, digest, at) VALUES ('acme', 'lever', '019cadc69a80a84a89d8e2f9b3100005', 'digest of {}', 1772442000000);
INSERT INTO seen (account, source, dedupe, digest, at) VALUES ('acme', 'lever', '019cadc6a250aa1156e63d7027762a85', 'digest of {}', 1772442002000);
INSERT INTO seen (account, source, dedupe, digest, at) VALUES ('acme', 'lever', '019cadc6aa20322dce8cdc7a827f7699', 'digest of {}', 1772442004000);
INSERT INTO seen (account, source, dedupe, digest, at) VALUES ('acme', 'lever', 'next', 'digest of {}', 1772442005000);
INSERT INTO seen (account, source, dedupe, digest, at) VALUES ('acme', 'lever', 'nothing', 'digest of {}', 1772442006000);
INSERT INTO seen (account, source, dedupe, digest, at) VALUES ('acme', 'lever', 'parked', 'digest of {}', 1772442006000);
INSERT INTO seen (account, source, dedupe, digest, at) VALUES ('acme', 'lever', 'waiting', 'digest of {}', 1772442007000);
INSERT INTO delivery (account, id, source, dedupe, digest, body, received, hint) VALUES ('acme', X'019CADC69A8073B2B70C9ADB8E7C1BA9', '{"lever":{"event":"candidateStageChange"}}', '019cadc69a80a84a89d8e2f9b3100005', 'digest of {}', X'7B7D', 1772442000000, NULL);
INSERT INTO delivery (account, id, source, dedupe, digest, body, received, hint) VALUES ('acme', X'019CADC6A25076A6F983CADE7A9A1527', '{"lever":{"event":"candidateStageChange"}}', '019cadc6a250aa1156e63d7027762a85', 'digest of {}', X'7B7D', 1772442002000, NULL);
INSERT INTO delivery (account, id, source, dedupe, digest, body, received, hint) VALUES ('acme', X'019CADC6AA207554D95A288D8F2A2AD7', '{"lever":{"event":"candidateStageChange"}}', '019cadc6aa20322dce8cdc7a827f7699', 'digest of {}', X'7B7D', 1772442004000, NULL);
INSERT INTO delivery (account, id, source, dedupe, digest, body, received, hint) VALUES ('acme', X'019CADC6AE081D0DFF5B417E556790A9', '{"lever":{"event":"candidateStageChange"}}', 'next', 'digest of {}', X'7B7D', 1772442005000, NULL);
INSERT INTO delivery (account, id, source, dedupe, digest, body, received, hint) VALUES ('acme', X'019CADC6B1F0F7E7A8552454323920BF', '{"lever":{"event":"candidateStageChange"}}', 'parked', 'digest of {}', X'7B7D', 1772442006000, NULL);
INSERT INTO delivery (account, id, source, dedupe, digest, body, received, hint) VALUES ('acme', X'019CADC6B1F0219762702781983A878C', '{"lever":{"event":"candidateStageChange"}}', 'nothing', 'digest of {}', X'7B7D', 1772442006000, NULL);
INSERT INTO delivery (account, id, source, dedupe, digest, body, received, hint) VALUES ('acme', X'019CADC6B5D86EDC667CA06408B4869F', '{"lever":{"event":"candidateStageChange"}}', 'waiting', 'digest of {}', X'7B7D', 1772442007000, NULL);
INSERT INTO heard (account, source, event, last, count) VALUES ('acme', 'lever', 'candidateStageChange', 1772442007000, 7);
INSERT INTO event (account, id, delivery, opportunity, at, payload) VALUES ('acme', X'019CADC69A80A84A89D8E2F9B3100005', X'019CADC69A8073B2B70C9ADB8E7C1BA9', 'o1', 1772442000000, '{"id":"019cadc69a80a84a89d8e2f9b3100005","account":"acme","kind":"candidateStageChange","opportunity":"o1","at":"2026-03-02T09:00:00Z","received":"2026-03-02T09:00:00Z","seq":0,"class":"stage","assessment":null,"fields":{"name":"past"},"for_rule":null,"applied":false,"cause":null,"depth":0}');
INSERT INTO event (account, id, delivery, opportunity, at, payload) VALUES ('acme', X'019CADC6A250AA1156E63D7027762A85', X'019CADC6A25076A6F983CADE7A9A1527', 'o2', 1772442002000, '{"id":"019cadc6a250aa1156e63d7027762a85","account":"acme","kind":"candidateStageChange","opportunity":"o2","at":"2026-03-02T09:00:02Z","received":"2026-03-02T09:00:02Z","seq":0,"class":"stage","assessment":null,"fields":{"name":"open"},"for_rule":null,"applied":false,"cause":null,"depth":0}');
INSERT INTO event (account, id, delivery, opportunity, at, payload) VALUES ('acme', X'019CADC6AA20322DCE8CDC7A827F7699', X'019CADC6AA207554D95A288D8F2A2AD7', 'o4', 1772442004000, '{"id":"019cadc6aa20322dce8cdc7a827f7699","account":"acme","kind":"candidateStageChange","opportunity":"o4","at":"2026-03-02T09:00:04Z","received":"2026-03-02T09:00:04Z","seq":0,"class":"stage","assessment":null,"fields":{"name":"moved"},"for_rule":null,"applied":false,"cause":null,"depth":0}');
INSERT INTO event (account, id, delivery, opportunity, at, payload) VALUES ('acme', X'019CADC6AE0851B96BBEB858E19E3C1B', X'019CADC6AE081D0DFF5B417E556790A9', 'o3', 1772442005000, '{"id":"019cadc6ae0851b96bbeb858e19e3c1b","account":"acme","kind":"candidateStageChange","opportunity":"o3","at":"2026-03-02T09:00:05Z","received":"2026-03-02T09:00:05Z","seq":0,"class":"stage","assessment":null,"fields":{"name":"next"},"for_rule":null,"applied":false,"cause":null,"depth":0}');
INSERT INTO run (account, event, opportunity, planned_at, ruleset, facts, steps, later) VALUES ('acme', X'019CADC69A80A84A89D8E2F9B3100005', 'o1', 1772442000000, 'hash', '{"now":"2026-03-02T09:00:00Z","known":[],"values":{}}', '[{"pack":"pack","rule":"rule","route":"rules[0]","said":{"fired":{"effects":1}}}]', '[{"id":"019cadc69a80f24fbb5668606f73ba2e","pack":"pack","rule":"remind","kind":"timer","due":"2026-03-02T11:30:00Z","anchor":{"id":"019cadc69a80a84a89d8e2f9b3100005","account":"acme","kind":"candidateStageChange","opportunity":"o1","at":"2026-03-02T09:00:00Z","received":"2026-03-02T09:00:00Z","seq":0,"class":"stage","assessment":null,"fields":{"name":"past"},"for_rule":null,"applied":false,"cause":null,"depth":0},"anchor_time":"2026-03-02T09:00:00Z"}]');
INSERT INTO run (account, event, opportunity, planned_at, ruleset, facts, steps, later) VALUES ('acme', X'019CADC6A250AA1156E63D7027762A85', 'o2', 1772442002000, 'hash', '{"now":"2026-03-02T09:00:02Z","known":[],"values":{}}', '[{"pack":"pack","rule":"rule","route":"rules[0]","said":{"fired":{"effects":2}}}]', '[]');
INSERT INTO run (account, event, opportunity, planned_at, ruleset, facts, steps, later) VALUES ('acme', X'019CADC6AA20322DCE8CDC7A827F7699', 'o4', 1772442004000, 'hash', '{"now":"2026-03-02T09:00:04Z","known":[],"values":{}}', '[{"pack":"pack","rule":"rule","route":"rules[0]","said":{"fired":{"effects":1}}}]', '[]');
INSERT INTO effect (account, id, event, opportunity, seq, slot, move_to, planned_at, ruleset, version, payload) VALUES ('acme', X'019CADC69A8071C87011BCE122B6DAE4', X'019CADC69A80A84A89D8E2F9B3100005', 'o1', 0, '{"tag":"sent"}', NULL, 1772442000000, 'hash', 1, '{"id":"019cadc69a8071c87011bce122b6dae4","event":"019cadc69a80a84a89d8e2f9b3100005","opportunity":"o1","pack":"pack","rule":"rule","routes":["rules[0].do[0]"],"slot":{"tag":"sent"},"act":{"add_tag":{"tag":"sent"}},"event_at":"2026-03-02T09:00:00Z","class":"stage","depth":0,"version":1}');
INSERT INTO effect (account, id, event, opportunity, seq, slot, move_to, planned_at, ruleset, version, payload) VALUES ('acme', X'019CADC6A25056313EB1726713E6CD65', X'019CADC6A250AA1156E63D7027762A85', 'o2', 0, NULL, NULL, 1772442002000, 'hash', 1, '{"id":"019cadc6a25056313eb1726713e6cd65","event":"019cadc6a250aa1156e63d7027762a85","opportunity":"o2","pack":"pack","rule":"rule","routes":["rules[0].do[0]"],"slot":null,"act":{"note":{"text":"Ada scored well: begun","secret":false,"notify":false,"key":null,"created_at":"2026-03-02T09:00:02Z"}},"event_at":"2026-03-02T09:00:02Z","class":"stage","depth":0,"version":1}');
INSERT INTO effect (account, id, event, opportunity, seq, slot, move_to, planned_at, ruleset, version, payload) VALUES ('acme', X'019CADC6A25053BBC96F15570611231E', X'019CADC6A250AA1156E63D7027762A85', 'o2', 1, '"stage"', 'offer', 1772442002000, 'hash', 1, '{"id":"019cadc6a25053bbc96f15570611231e","event":"019cadc6a250aa1156e63d7027762a85","opportunity":"o2","pack":"pack","rule":"rule","routes":["rules[0].do[0]"],"slot":"stage","act":{"stage":{"to":"offer","to_name":"offer","from":null,"earlier":[],"even_archived":false}},"after":["019cadc6a25056313eb1726713e6cd65"],"event_at":"2026-03-02T09:00:02Z","class":"stage","depth":0,"version":1}');
INSERT INTO effect (account, id, event, opportunity, seq, slot, move_to, planned_at, ruleset, version, payload) VALUES ('acme', X'019CADC6AA2090817F6DF706A7439376', X'019CADC6AA20322DCE8CDC7A827F7699', 'o4', 0, '"stage"', 'hired', 1772442004000, 'hash', 1, '{"id":"019cadc6aa2090817f6df706a7439376","event":"019cadc6aa20322dce8cdc7a827f7699","opportunity":"o4","pack":"pack","rule":"rule","routes":["rules[0].do[0]"],"slot":"stage","act":{"stage":{"to":"hired","to_name":"hired","from":null,"earlier":[],"even_archived":false}},"event_at":"2026-03-02T09:00:04Z","class":"stage","depth":0,"version":1}');
INSERT INTO blocked (account, effect, waits_for) VALUES ('acme', X'019CADC6A25053BBC96F15570611231E', X'019CADC6A25056313EB1726713E6CD65');
INSERT INTO settled (account, effect, outcome, at) VALUES ('acme', X'019CADC69A8071C87011BCE122B6DAE4', '{"done":{"learned":{}}}', 1772442001000);
INSERT INTO settled (account, effect, outcome, at) VALUES ('acme', X'019CADC6AA2090817F6DF706A7439376', '{"done":{"learned":{}}}', 1772442005000);
INSERT INTO attempt (account, effect, number, epoch, begun_at) VALUES ('acme', X'019CADC69A8071C87011BCE122B6DAE4', 1, 1, 1772442001000);
INSERT INTO attempt (account, effect, number, epoch, begun_at) VALUES ('acme', X'019CADC6A25056313EB1726713E6CD65', 1, 1, 1772442003000);
INSERT INTO attempt (account, effect, number, epoch, begun_at) VALUES ('acme', X'019CADC6AA2090817F6DF706A7439376', 1, 1, 1772442004000);
INSERT INTO attempt_end (account, effect, number, ended_at, applied, exchange, outcome, event) VALUES ('acme', X'019CADC69A8071C87011BCE122B6DAE4', 1, 1772442001000, NULL, NULL, '{"done":{"learned":{}}}', NULL);
INSERT INTO attempt_end (account, effect, number, ended_at, applied, exchange, outcome, event) VALUES ('acme', X'019CADC6AA2090817F6DF706A7439376', 1, 1772442005000, NULL, NULL, '{"done":{"learned":{}}}', NULL);
INSERT INTO assessment (account, id, opportunity, contact, vendor, invite_key, attempt, live, payload, phase) VALUES ('acme', X'019CADC69A80615F69ED4E249A34955F', 'o1', 'ada', 'qualified', 'ada/qualified/t1', 1, 1, '{"id":"019cadc69a80615f69ed4e249a34955f","account":"acme","opportunity":"o1","contact":"ada","vendor":"qualified","test":{"id":"t1","title":"Java"},"key":null,"invite_key":"ada/qualified/t1","attempt":1,"phase":"invited","verdict":"none","decision":"none","report":"none","integrity":"none","stage":null,"posting":null,"requested_by":"019cadc69a8093de5336a66dea1750c6","requested_at":"2026-03-02T09:00:00Z","invited_at":null,"started_at":null,"submitted_at":null,"expires_at":null,"reminders":0,"ids":{"candidate":"c-7"},"candidate_url":null,"result":{}}', 'invited');
INSERT INTO correlation (account, vendor, name, value, assessment) VALUES ('acme', 'qualified', 'candidate', 'c-7', X'019CADC69A80615F69ED4E249A34955F');
INSERT INTO timer (account, id, opportunity, pack, rule, due_at, payload) VALUES ('acme', X'019CADC69A80F24FBB5668606F73BA2E', 'o1', 'pack', 'remind', 1772451000000, '{"id":"019cadc69a80f24fbb5668606f73ba2e","pack":"pack","rule":"remind","kind":"timer","due":"2026-03-02T11:30:00Z","anchor":{"id":"019cadc69a80a84a89d8e2f9b3100005","account":"acme","kind":"candidateStageChange","opportunity":"o1","at":"2026-03-02T09:00:00Z","received":"2026-03-02T09:00:00Z","seq":0,"class":"stage","assessment":null,"fields":{"name":"past"},"for_rule":null,"applied":false,"cause":null,"depth":0},"anchor_time":"2026-03-02T09:00:00Z"}');
INSERT INTO own_move (account, opportunity, effect, move_to, begun_at, moved_at, matched_by) VALUES ('acme', 'o4', X'019CADC6AA2090817F6DF706A7439376', 'hired', 1772442004000, 1772442005000, NULL);
INSERT INTO firing (account, opportunity, pack, rule, event, at) VALUES ('acme', 'o1', 'pack', 'rule', X'019CADC69A80A84A89D8E2F9B3100005', 1772442000000);
INSERT INTO notice (account, id, opportunity, at, payload) VALUES ('acme', X'019CADC6B1F0C33BBBF6E9E9E4E72E0E', '', 1772442006000, '{"id":"019cadc6b1f0c33bbbf6e9e9e4e72e0e","kind":"parked","text":"delivery from Lever (candidateStageChange) is parked: because (R9); its id is 019cadc6b1f0f7e7a8552454323920bf","opportunity":null,"event":null,"effect":null,"assessment":null,"at":"2026-03-02T09:00:06Z"}');
INSERT INTO notice (account, id, opportunity, at, payload) VALUES ('acme', X'019CADC6B5D88744E186DF8F07638469', '', 1772442007000, '{"id":"019cadc6b5d88744e186df8f07638469","kind":"alert","text":"told","opportunity":null,"event":null,"effect":null,"assessment":null,"at":"2026-03-02T09:00:07Z"}');
INSERT INTO signing_token (account, webhook, event, url, key_id, token, created_at) VALUES ('acme', 'w1', 'candidateStageChange', 'https://example.com/hooks/lever/acme/candidateStageChange', 'k', X'7365616C6564', 1772442000000);
INSERT INTO poll_cursor (account, name, value) VALUES ('acme', 'poll', '7');
INSERT INTO baseline (account, pack, since) VALUES ('acme', 'pack', 1772442000000);
INSERT INTO refusal (account, what, last, count) VALUES ('acme', 'wrong signature', 1772442000000, 3);
INSERT INTO purged (account, opportunity, at) VALUES ('acme', 'o9', 1772442000000);
INSERT INTO ruleset (hash, content) VALUES ('hash', X'72756C6573');
INSERT INTO source_file (hash, bytes) VALUES ('file', X'74657874');
INSERT INTO opening (only_row, epoch) VALUES (1, 1);
INSERT INTO placed (account, opportunity, slot, payload) VALUES ('acme', 'o1', '{"note":"k"}', '{"id":"n-1","digest":"d"}');
INSERT INTO glimpse (account, opportunity, seen, staged, applications, archived, archived_at, archive_reason, tags) VALUES ('acme', 'o1', 1772442000000, NULL, '[]', 0, NULL, NULL, X'0102030405060708');
INSERT INTO token (account, connection, access_key, access, refresh_key, refresh, scope, expires_at, granted_at, version, refreshing_until, refused_at) VALUES ('acme', 'lever', 'k', X'01', 'k', X'02', 's', 1772449200000, 1772442000000, 1, 0, NULL);
INSERT INTO login (account, kind, hash, ticket, expires_at, spent_at) VALUES ('acme', 0, 'h', NULL, 1772449200000, NULL);
INSERT INTO deed (account, id, at, who, how, what, about) VALUES ('acme', X'019CAD3C108000000000000000000001', 1772442000000, 'ada', 'console', 'retry', 'x');
INSERT INTO restored (one, last, at) VALUES (1, 1772441000000, 1772441500000);
INSERT INTO node (epoch, name, version, system, process, started, beat, until) VALUES (1, 'one', '0.1.0', 's', '7 7', 1772441000000, 1772441000000, 0);
INSERT INTO lease (account, node, free_since, settle_at) VALUES ('acme', 0, 1772441000000, 0);
INSERT INTO pool (credential, owed, at) VALUES ('c', 1000000, 1772441000000);
INSERT INTO drawn (credential, node, count) VALUES ('c', 1, 1);
