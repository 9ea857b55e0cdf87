-- What people did by the console, and who came in. account is empty where it is about none, or about all.
CREATE TABLE deed (
  account TEXT NOT NULL, id BLOB NOT NULL, at INTEGER NOT NULL, who TEXT NOT NULL, how TEXT NOT NULL, what TEXT NOT NULL,
  about TEXT NOT NULL,
  UNIQUE (account, id)
) STRICT;
CREATE INDEX deed_at ON deed (at);
-- What is still to come for one opportunity.
CREATE INDEX timer_opportunity ON timer (account, opportunity);
