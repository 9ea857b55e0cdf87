-- That the store was restored from a backup, and what it cannot know: nothing between `last`, the latest thing that the backup tells of,
-- and `at`, when it was restored. At most one row; a person deletes it by `leverd restore --settled`.
CREATE TABLE restored (one INTEGER PRIMARY KEY CHECK (one = 1), last INTEGER NOT NULL, at INTEGER NOT NULL) STRICT;
