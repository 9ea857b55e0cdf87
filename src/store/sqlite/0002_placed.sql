-- What we put under the keys of an opportunity: Lever's ids of notes, files, forms and feedback, URLs of links, each with the digest
-- of its content.
CREATE TABLE placed (
  account TEXT NOT NULL, opportunity TEXT NOT NULL, slot TEXT NOT NULL, payload TEXT NOT NULL,
  PRIMARY KEY (account, opportunity, slot)
) STRICT, WITHOUT ROWID;
