-- What polling last saw of each opportunity, to tell what changed. Tags without their texts, eight bytes each.
CREATE TABLE glimpse (
  account TEXT NOT NULL, opportunity TEXT NOT NULL, seen INTEGER NOT NULL, staged INTEGER, applications TEXT NOT NULL,
  archived INTEGER NOT NULL, archived_at INTEGER, archive_reason TEXT, tags BLOB NOT NULL,
  PRIMARY KEY (account, opportunity)
) STRICT, WITHOUT ROWID;
