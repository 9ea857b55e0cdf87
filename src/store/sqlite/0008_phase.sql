-- The phase of an attempt in a column of its own: polls ask for it, and not every database looks into JSON alike.
ALTER TABLE assessment ADD COLUMN phase TEXT NOT NULL DEFAULT '';
UPDATE assessment SET phase = coalesce(json_extract(payload, '$.phase'), '') WHERE json_valid(payload);
DROP INDEX assessment_phase;
CREATE INDEX assessment_phase ON assessment (account, vendor, phase, id);
