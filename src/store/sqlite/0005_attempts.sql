-- Polls ask about the attempts of a vendor that are in certain phases, oldest first.
CREATE INDEX assessment_phase ON assessment (account, vendor, json_extract(payload, '$.phase'), id);
