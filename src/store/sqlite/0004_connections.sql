-- The tokens that a login left, encrypted; which key stands beside each. version counts them: a refresh is claimed for one version,
-- until refreshing_until. refused_at: the server refuses the refresh token, a person must log in again.
CREATE TABLE token (
  account TEXT NOT NULL, connection TEXT NOT NULL,
  access_key TEXT NOT NULL, access BLOB NOT NULL, refresh_key TEXT NOT NULL, refresh BLOB NOT NULL,
  scope TEXT NOT NULL, expires_at INTEGER NOT NULL, granted_at INTEGER NOT NULL,
  version INTEGER NOT NULL, refreshing_until INTEGER NOT NULL, refused_at INTEGER,
  PRIMARY KEY (account, connection)
) STRICT, WITHOUT ROWID;

-- Logins under way, by hash. kind: 0 ticket, 1 state.
CREATE TABLE login (
  account TEXT NOT NULL, kind INTEGER NOT NULL, hash TEXT NOT NULL, ticket TEXT, expires_at INTEGER NOT NULL, spent_at INTEGER,
  PRIMARY KEY (account, kind, hash)
) STRICT, WITHOUT ROWID;
