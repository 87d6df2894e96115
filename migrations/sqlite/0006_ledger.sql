-- The ledger as a chain of digests that refuses what does not add up; rewards, and what people take for their points.

ALTER TABLE transfer ADD COLUMN book TEXT NOT NULL DEFAULT ''; -- the version of the rule book; empty: no rule
ALTER TABLE transfer ADD COLUMN redemption INTEGER;
ALTER TABLE transfer ADD COLUMN reason TEXT; -- of a correction, in the words of whoever made it
-- Of this entry and all before it, hex. Entries that were there before the chain get theirs when the product starts.
ALTER TABLE transfer ADD COLUMN digest TEXT;
CREATE INDEX transfer_unsealed ON transfer (id) WHERE digest IS NULL;
CREATE INDEX transfer_redemption ON transfer (redemption) WHERE redemption IS NOT NULL;
-- What somebody earned in a month is read from the index alone.
DROP INDEX transfer_debit;
DROP INDEX transfer_credit;
CREATE INDEX transfer_debit ON transfer (debit_user, debit, at, kind, amount) WHERE debit_user IS NOT NULL;
CREATE INDEX transfer_credit ON transfer (credit_user, credit, at, kind, amount) WHERE credit_user IS NOT NULL;
CREATE INDEX transfer_at ON transfer (at, id);
-- What people own, as it comes and goes: a month's tally reads that month and what came after.
DROP INDEX transfer_person;
CREATE INDEX transfer_own ON transfer (at)
    WHERE credit IN ('person', 'reserved') OR debit IN ('person', 'reserved');

-- Where the chain ends: kept by the ledger itself.
CREATE TABLE ledger_head (
    id INTEGER PRIMARY KEY NOT NULL CHECK (id = 1),
    last INTEGER NOT NULL, -- the number of the last entry; 0: none
    digest TEXT NOT NULL, -- its digest
    closed_until INTEGER NOT NULL -- nothing can be dated before this
) STRICT;
INSERT INTO ledger_head (id, last, digest, closed_until) SELECT 1, COALESCE(MAX(id), 0), '', 0 FROM transfer;
CREATE TRIGGER ledger_head_stays BEFORE DELETE ON ledger_head
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER ledger_head_goes_on BEFORE UPDATE ON ledger_head
WHEN new.last < old.last OR new.closed_until < old.closed_until
BEGIN SELECT RAISE(ABORT, 'the ledger only goes on'); END;

-- Months that were filed.
CREATE TABLE month_close (
    month TEXT PRIMARY KEY NOT NULL, -- YYYY-MM
    begins INTEGER NOT NULL,
    ends INTEGER NOT NULL,
    closed_at INTEGER NOT NULL,
    closed_by TEXT NOT NULL,
    last INTEGER NOT NULL, -- the ledger's last entry at the close
    digest TEXT NOT NULL, -- and its digest
    open_items TEXT NOT NULL -- JSON: what was told to be open
) STRICT;
CREATE TRIGGER month_close_stays BEFORE DELETE ON month_close
BEGIN SELECT RAISE(ABORT, 'a closed month stays closed'); END;
CREATE TRIGGER month_close_is_once BEFORE INSERT ON month_close
WHEN EXISTS (SELECT 1 FROM month_close WHERE month = new.month)
BEGIN SELECT RAISE(ABORT, 'a closed month stays closed'); END;
CREATE TRIGGER month_close_stands BEFORE UPDATE ON month_close
BEGIN SELECT RAISE(ABORT, 'a closed month stays closed'); END;

ALTER TABLE balance ADD COLUMN reserved INTEGER NOT NULL DEFAULT 0; -- set aside for redemptions

DROP TRIGGER transfer_stands;
CREATE TRIGGER transfer_stands BEFORE UPDATE OF id, key, kind, debit, debit_user, credit, credit_user, amount, at, rule,
    lead, alarm, reverses, by_user, book, redemption, reason ON transfer
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;
CREATE TRIGGER transfer_sealed BEFORE UPDATE OF digest ON transfer
WHEN old.digest IS NOT NULL OR new.digest IS NULL
BEGIN SELECT RAISE(ABORT, 'the ledger is append-only'); END;

CREATE TRIGGER transfer_adds_up BEFORE INSERT ON transfer
BEGIN
    SELECT RAISE(ABORT, 'an entry moves points from one account to another, as its kind says')
    WHERE new.kind || ' ' || new.debit || ' ' || new.credit NOT IN (
        'hold budget held', 'post held person', 'void held budget', 'award budget person',
        'reserve person reserved', 'release reserved person', 'redeem reserved rewards',
        'reversal person held', 'reversal person budget', 'reversal rewards person',
        'correction budget person', 'correction person budget')
        OR (new.debit IN ('person', 'held', 'reserved')) <> (new.debit_user IS NOT NULL)
        OR (new.credit IN ('person', 'held', 'reserved')) <> (new.credit_user IS NOT NULL)
        OR new.debit_user <> new.credit_user;
    SELECT RAISE(ABORT, 'an entry names its cause')
    WHERE COALESCE(new.lead, new.alarm, new.redemption) IS NULL AND COALESCE(new.reason, '') = ''
        OR new.kind = 'correction' AND COALESCE(new.reason, '') = '';
    SELECT RAISE(ABORT, 'a reversal names the entry that it takes back')
    WHERE new.kind = 'reversal'
        AND NOT EXISTS (SELECT 1 FROM transfer AS entry WHERE entry.key = new.reverses AND entry.kind <> 'reversal');
    SELECT RAISE(ABORT, 'entries are numbered and chained one after the other')
    WHERE new.digest IS NULL OR new.id IS NOT (SELECT last + 1 FROM ledger_head);
    -- REPLACE would take the old one away without a word.
    SELECT RAISE(ABORT, 'the ledger is append-only') WHERE EXISTS (SELECT 1 FROM transfer WHERE key = new.key);
    SELECT RAISE(ABORT, 'the month is closed') WHERE new.at < (SELECT closed_until FROM ledger_head);
END;

DROP TRIGGER transfer_counts;
CREATE TRIGGER transfer_counts AFTER INSERT ON transfer
BEGIN
    UPDATE ledger_head SET last = new.id, digest = new.digest;
    INSERT INTO balance (user_id, person, held, reserved)
    SELECT new.debit_user, CASE new.debit WHEN 'person' THEN -new.amount ELSE 0 END,
        CASE new.debit WHEN 'held' THEN -new.amount ELSE 0 END,
        CASE new.debit WHEN 'reserved' THEN -new.amount ELSE 0 END
    WHERE new.debit_user IS NOT NULL
    ON CONFLICT (user_id) DO UPDATE SET person = person + excluded.person, held = held + excluded.held,
        reserved = reserved + excluded.reserved;
    INSERT INTO balance (user_id, person, held, reserved)
    SELECT new.credit_user, CASE new.credit WHEN 'person' THEN new.amount ELSE 0 END,
        CASE new.credit WHEN 'held' THEN new.amount ELSE 0 END,
        CASE new.credit WHEN 'reserved' THEN new.amount ELSE 0 END
    WHERE new.credit_user IS NOT NULL
    ON CONFLICT (user_id) DO UPDATE SET person = person + excluded.person, held = held + excluded.held,
        reserved = reserved + excluded.reserved;
    UPDATE balance SET person = person + CASE new.credit WHEN 'person' THEN new.amount ELSE 0 END
            - CASE new.debit WHEN 'person' THEN new.amount ELSE 0 END,
        reserved = reserved + CASE new.credit WHEN 'reserved' THEN new.amount ELSE 0 END
            - CASE new.debit WHEN 'reserved' THEN new.amount ELSE 0 END
    WHERE user_id = 0 AND (new.credit IN ('person', 'reserved') OR new.debit IN ('person', 'reserved'));
    -- What was paid in error may have been spent: taking it back, and nothing else, may go below zero.
    SELECT RAISE(ABORT, 'the account would be overdrawn') FROM balance
    WHERE user_id = new.debit_user AND new.kind NOT IN ('reversal', 'correction')
        AND CASE new.debit WHEN 'person' THEN person WHEN 'held' THEN held ELSE reserved END < 0;
END;

-- What people can take for their points.
CREATE TABLE reward (
    code TEXT PRIMARY KEY NOT NULL,
    position INTEGER NOT NULL, -- in the list
    zh TEXT NOT NULL,
    en TEXT NOT NULL,
    price INTEGER NOT NULL CHECK (price > 0),
    stock INTEGER NOT NULL CHECK (stock >= 0), -- on the shelf and not set aside
    offered INTEGER NOT NULL, -- 0: not in the list any more
    picture TEXT -- the platform's id of a photo
) STRICT;

CREATE TABLE redemption (
    id INTEGER PRIMARY KEY NOT NULL,
    version INTEGER NOT NULL,
    user_id INTEGER NOT NULL,
    reward TEXT NOT NULL REFERENCES reward (code),
    zh TEXT NOT NULL, -- what the reward was called
    en TEXT NOT NULL,
    price INTEGER NOT NULL, -- and cost
    state TEXT NOT NULL, -- asked, ready, handed_out, refused, cancelled, lapsed
    code TEXT NOT NULL UNIQUE, -- by which it is picked up
    approvals_needed INTEGER NOT NULL,
    asked_at INTEGER NOT NULL,
    expires_at INTEGER NOT NULL,
    ended_at INTEGER,
    ended_by INTEGER
) STRICT;
CREATE INDEX redemption_user ON redemption (user_id, asked_at);
CREATE INDEX redemption_asked ON redemption (asked_at);
CREATE INDEX redemption_open ON redemption (id) WHERE state IN ('asked', 'ready');

-- Who said yes to it.
CREATE TABLE redemption_approval (
    redemption INTEGER NOT NULL REFERENCES redemption (id),
    by_user INTEGER NOT NULL,
    at INTEGER NOT NULL,
    PRIMARY KEY (redemption, by_user)
) STRICT, WITHOUT ROWID;

-- People are named by their code where points are corrected.
CREATE INDEX member_code ON member (code);
-- Who wants to stand in the leaderboard.
CREATE TABLE ranked (
    user_id INTEGER PRIMARY KEY NOT NULL
) STRICT;
