-- Instants are milliseconds since the epoch; booleans are 0 or 1; names of states are those of the code.

CREATE TABLE counter (
    name TEXT PRIMARY KEY NOT NULL,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
INSERT INTO counter (name, value)
VALUES ('lead', 0), ('alarm', 0), ('change', 0), ('term', 0), ('swept', 0), ('town', 1), ('point', 1), ('place', 1);

-- Events: updates word for word, timers that came due, fates of deliveries.
CREATE TABLE inbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    update_id INTEGER,
    kind TEXT NOT NULL,
    chat INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    ahead INTEGER NOT NULL DEFAULT 0, -- 1: goes before other chats' messages
    state TEXT NOT NULL DEFAULT 'waiting', -- waiting, done, parked
    attempts INTEGER NOT NULL DEFAULT 0,
    retry_at INTEGER NOT NULL DEFAULT 0,
    error TEXT,
    payload TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX inbox_update ON inbox (update_id) WHERE update_id IS NOT NULL;
CREATE INDEX inbox_open ON inbox (state, seq) WHERE state <> 'done';
CREATE INDEX inbox_retry ON inbox (chat, seq) WHERE state = 'waiting' AND retry_at > 0;
-- What goes ahead, and what it must not overtake: the earlier messages of its own chat.
CREATE INDEX inbox_ahead ON inbox (seq) WHERE state = 'waiting' AND ahead > 0;
CREATE INDEX inbox_behind ON inbox (chat, seq) WHERE state = 'waiting' AND ahead = 0;

CREATE TABLE timer (
    key TEXT PRIMARY KEY NOT NULL,
    due INTEGER NOT NULL,
    chat INTEGER NOT NULL,
    kind TEXT NOT NULL
) STRICT, WITHOUT ROWID;
CREATE INDEX timer_due ON timer (due);
CREATE INDEX timer_chat ON timer (chat);

-- tip_chat is where the tip was written; chat follows when that group gets a new id.
CREATE TABLE lead (
    id INTEGER PRIMARY KEY NOT NULL,
    version INTEGER NOT NULL,
    state TEXT NOT NULL,
    category TEXT,
    urgent INTEGER NOT NULL,
    occurred_start INTEGER,
    occurred_end INTEGER,
    occurred_grain TEXT,
    occurred_text TEXT,
    scene_lat REAL,
    scene_lon REAL,
    scene_accuracy_m REAL,
    scene_source TEXT,
    scene_datum TEXT,
    scene_text TEXT,
    unknown_place TEXT,
    description TEXT NOT NULL,
    relay_text TEXT NOT NULL,
    chat INTEGER NOT NULL,
    tip_chat INTEGER NOT NULL,
    thread INTEGER,
    message INTEGER NOT NULL,
    reporter INTEGER,
    reporter_code TEXT NOT NULL,
    private INTEGER NOT NULL,
    written_at INTEGER NOT NULL,
    received_at INTEGER NOT NULL,
    first_event INTEGER NOT NULL,
    first_update_id INTEGER,
    officer INTEGER,
    decided_at INTEGER,
    duplicate_of INTEGER,
    asked INTEGER NOT NULL,
    scrubbed_at INTEGER
) STRICT;
-- What grows with every tip is indexed by what grows with time, where it can be: a page then takes many rows of
-- one transaction, and each page touched is written twice.
CREATE INDEX lead_tip ON lead (message, tip_chat);
CREATE INDEX lead_chat ON lead (chat, received_at, reporter, written_at);
CREATE INDEX lead_received ON lead (received_at, scene_lat, scene_lon);
CREATE INDEX lead_merged ON lead (duplicate_of) WHERE duplicate_of IS NOT NULL;
CREATE INDEX lead_queue ON lead (state, urgent DESC, received_at, id) WHERE state IN ('new', 'claimed');
-- What is decided and not yet wiped, by when it was decided.
CREATE INDEX lead_kept ON lead (state, decided_at) WHERE scrubbed_at IS NULL AND state NOT IN ('new', 'claimed');

CREATE TABLE lead_event (
    id INTEGER PRIMARY KEY NOT NULL,
    lead INTEGER NOT NULL REFERENCES lead (id),
    version INTEGER NOT NULL,
    at INTEGER NOT NULL,
    by_user INTEGER,
    action TEXT NOT NULL,
    before TEXT,
    event INTEGER NOT NULL
) STRICT;
CREATE INDEX lead_event_lead ON lead_event (lead);
-- What people mended, for the operator's command.
CREATE INDEX lead_event_mend ON lead_event (at, lead) WHERE action IN ('mend', 'attach');

CREATE TABLE attachment (
    chat INTEGER NOT NULL,
    message INTEGER NOT NULL,
    sender INTEGER,
    sent_at INTEGER NOT NULL,
    lead INTEGER REFERENCES lead (id),
    evidence TEXT NOT NULL,
    event INTEGER NOT NULL,
    PRIMARY KEY (chat, message)
) STRICT;
CREATE INDEX attachment_lead ON attachment (lead) WHERE lead IS NOT NULL;
CREATE INDEX attachment_loose ON attachment (chat, sender, sent_at) WHERE lead IS NULL;

CREATE TABLE alarm (
    id INTEGER PRIMARY KEY NOT NULL,
    version INTEGER NOT NULL,
    lead INTEGER NOT NULL REFERENCES lead (id),
    drill INTEGER NOT NULL,
    ring INTEGER NOT NULL,
    raised_by INTEGER,
    raised_at INTEGER NOT NULL,
    stood_down_at INTEGER,
    stood_down_by INTEGER
) STRICT;
CREATE INDEX alarm_lead ON alarm (lead);
CREATE INDEX alarm_raised ON alarm (raised_at);

CREATE TABLE call (
    alarm INTEGER NOT NULL REFERENCES alarm (id),
    point TEXT NOT NULL,
    ring INTEGER NOT NULL,
    distance_m REAL NOT NULL,
    called_at INTEGER NOT NULL,
    delivered_at INTEGER,
    failure TEXT,
    acknowledged_at INTEGER,
    under_way_at INTEGER,
    on_scene_at INTEGER,
    declined_at INTEGER,
    answered_by INTEGER,
    PRIMARY KEY (alarm, point)
) STRICT, WITHOUT ROWID;

-- The ledger: nothing in it is ever changed or taken away.
CREATE TABLE transfer (
    id INTEGER PRIMARY KEY NOT NULL,
    key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL,
    debit TEXT NOT NULL, -- budget, person, held, rewards
    debit_user INTEGER,
    credit TEXT NOT NULL,
    credit_user INTEGER,
    amount INTEGER NOT NULL CHECK (amount > 0),
    at INTEGER NOT NULL,
    rule TEXT NOT NULL,
    lead INTEGER,
    alarm INTEGER,
    reverses TEXT,
    by_user INTEGER
) STRICT;
CREATE INDEX transfer_debit ON transfer (debit_user, debit, at) WHERE debit_user IS NOT NULL;
CREATE INDEX transfer_credit ON transfer (credit_user, credit, at) WHERE credit_user IS NOT NULL;
-- What people can spend, as it comes and goes: a month's tally reads that month and what came after.
CREATE INDEX transfer_person ON transfer (at) WHERE credit = 'person' OR debit = 'person';
CREATE INDEX transfer_lead ON transfer (lead) WHERE lead IS NOT NULL;
CREATE TRIGGER transfer_stays BEFORE DELETE ON transfer
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER transfer_stands BEFORE UPDATE ON transfer
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

-- What each account holds, counted beside the ledger by the ledger itself; 0: all people together.
CREATE TABLE balance (
    user_id INTEGER PRIMARY KEY NOT NULL,
    person INTEGER NOT NULL,
    held INTEGER NOT NULL
) STRICT;
INSERT INTO balance (user_id, person, held) VALUES (0, 0, 0);
CREATE TRIGGER transfer_counts AFTER INSERT ON transfer
BEGIN
    INSERT INTO balance (user_id, person, held)
    SELECT new.debit_user, CASE new.debit WHEN 'person' THEN -new.amount ELSE 0 END,
        CASE new.debit WHEN 'held' THEN -new.amount ELSE 0 END
    WHERE new.debit_user IS NOT NULL
    ON CONFLICT (user_id) DO UPDATE SET person = person + excluded.person, held = held + excluded.held;
    INSERT INTO balance (user_id, person, held)
    SELECT new.credit_user, CASE new.credit WHEN 'person' THEN new.amount ELSE 0 END,
        CASE new.credit WHEN 'held' THEN new.amount ELSE 0 END
    WHERE new.credit_user IS NOT NULL
    ON CONFLICT (user_id) DO UPDATE SET person = person + excluded.person, held = held + excluded.held;
    UPDATE balance SET person = person + CASE new.credit WHEN 'person' THEN new.amount ELSE -new.amount END
    WHERE user_id = 0 AND (new.credit = 'person') <> (new.debit = 'person');
END;

-- Messages as they should stand: one row for each chat and subject.
CREATE TABLE outbox (
    id INTEGER PRIMARY KEY NOT NULL,
    chat INTEGER NOT NULL,
    subject TEXT NOT NULL,
    thread INTEGER,
    lane INTEGER NOT NULL,
    content TEXT NOT NULL,
    nature TEXT NOT NULL, -- fixed, live (made when it is sent), gone
    digest INTEGER NOT NULL, -- of content
    claimed_digest INTEGER, -- of the content being sent
    sent_digest INTEGER, -- of the content that stands
    version INTEGER NOT NULL,
    sent_version INTEGER NOT NULL,
    state TEXT NOT NULL, -- queued, sending, settled, failed
    change INTEGER NOT NULL,
    queued_at INTEGER NOT NULL,
    not_before INTEGER NOT NULL DEFAULT 0,
    attempts INTEGER NOT NULL DEFAULT 0,
    message INTEGER,
    sent_at INTEGER,
    error TEXT,
    lead INTEGER,
    alarm INTEGER,
    point TEXT
) STRICT;
CREATE UNIQUE INDEX outbox_subject ON outbox (subject, chat);
CREATE INDEX outbox_open ON outbox (state, change) WHERE state <> 'settled';
CREATE INDEX outbox_message ON outbox (message, chat) WHERE message IS NOT NULL;
CREATE INDEX outbox_lead ON outbox (lead) WHERE lead IS NOT NULL;
CREATE INDEX outbox_sent ON outbox (sent_at) WHERE sent_at IS NOT NULL;

CREATE TABLE member (
    user_id INTEGER PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    occupation TEXT NOT NULL,
    group_name TEXT NOT NULL,
    team TEXT NOT NULL,
    roles TEXT NOT NULL, -- names joined by commas
    language TEXT,
    code TEXT NOT NULL,
    first_seen INTEGER NOT NULL,
    told_at INTEGER
) STRICT;
CREATE INDEX member_staff ON member (user_id) WHERE roles <> '';

-- A group that has a new id keeps a row under its old one, with moved_to, for what is brought late. Never two steps long.
CREATE TABLE chat_group (
    chat INTEGER PRIMARY KEY NOT NULL,
    kind TEXT NOT NULL,
    name TEXT NOT NULL,
    area_lat REAL,
    area_lon REAL,
    pin_datum TEXT NOT NULL,
    language TEXT NOT NULL,
    moved_to INTEGER
) STRICT;

CREATE TABLE liaison_point (
    code TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL,
    lat REAL NOT NULL,
    lon REAL NOT NULL,
    radius_m REAL NOT NULL,
    contacts TEXT NOT NULL -- JSON
) STRICT, WITHOUT ROWID;

CREATE TABLE place (
    id INTEGER PRIMARY KEY NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    aliases TEXT NOT NULL, -- JSON
    kind TEXT NOT NULL,
    lat REAL NOT NULL,
    lon REAL NOT NULL,
    datum TEXT NOT NULL
) STRICT;

CREATE TABLE invite (
    code TEXT PRIMARY KEY NOT NULL,
    roles TEXT NOT NULL,
    by_user INTEGER NOT NULL,
    expires INTEGER NOT NULL,
    used_by INTEGER
) STRICT, WITHOUT ROWID;

CREATE TABLE access_log (
    id INTEGER PRIMARY KEY NOT NULL,
    at INTEGER NOT NULL,
    who TEXT NOT NULL,
    what TEXT NOT NULL,
    detail TEXT NOT NULL
) STRICT;

CREATE TABLE secret (
    name TEXT PRIMARY KEY NOT NULL,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
