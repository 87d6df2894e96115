-- The ledger as a chain of digests that refuses what does not add up; rewards, and what people take for their points.

ALTER TABLE transfer ADD COLUMN book TEXT NOT NULL DEFAULT ''; -- the version of the rule book; empty: no rule
ALTER TABLE transfer ADD COLUMN redemption BIGINT;
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
    id BIGINT PRIMARY KEY NOT NULL CHECK (id = 1),
    last BIGINT NOT NULL, -- the number of the last entry; 0: none
    digest TEXT NOT NULL, -- its digest
    closed_until BIGINT NOT NULL -- nothing can be dated before this
);
INSERT INTO ledger_head (id, last, digest, closed_until) SELECT 1, COALESCE(MAX(id), 0), '', 0 FROM transfer;
CREATE FUNCTION ledger_head_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'the ledger only goes on'; END $$;
CREATE TRIGGER ledger_head_stays BEFORE DELETE ON ledger_head
FOR EACH ROW EXECUTE FUNCTION ledger_head_refuse();
CREATE TRIGGER ledger_head_remains BEFORE TRUNCATE ON ledger_head
FOR EACH STATEMENT EXECUTE FUNCTION ledger_head_refuse();
CREATE TRIGGER ledger_head_goes_on BEFORE UPDATE ON ledger_head FOR EACH ROW
WHEN (new.last < old.last OR new.closed_until < old.closed_until) EXECUTE FUNCTION ledger_head_refuse();

-- Months that were filed.
CREATE TABLE month_close (
    month TEXT PRIMARY KEY NOT NULL, -- YYYY-MM
    begins BIGINT NOT NULL,
    ends BIGINT NOT NULL,
    closed_at BIGINT NOT NULL,
    closed_by TEXT NOT NULL,
    last BIGINT NOT NULL, -- the ledger's last entry at the close
    digest TEXT NOT NULL, -- and its digest
    open_items TEXT NOT NULL -- JSON: what was told to be open
);
CREATE FUNCTION month_close_refuse() RETURNS trigger LANGUAGE plpgsql AS
$$ BEGIN RAISE EXCEPTION 'a closed month stays closed'; END $$;
CREATE TRIGGER month_close_stays BEFORE UPDATE OR DELETE ON month_close
FOR EACH ROW EXECUTE FUNCTION month_close_refuse();
CREATE TRIGGER month_close_remains BEFORE TRUNCATE ON month_close
FOR EACH STATEMENT EXECUTE FUNCTION month_close_refuse();

ALTER TABLE balance ADD COLUMN reserved BIGINT NOT NULL DEFAULT 0; -- set aside for redemptions

DROP TRIGGER transfer_stays ON transfer;
CREATE TRIGGER transfer_stays BEFORE DELETE ON transfer
FOR EACH ROW EXECUTE FUNCTION transfer_refuse();
CREATE TRIGGER transfer_stands BEFORE UPDATE ON transfer FOR EACH ROW
WHEN (old.digest IS NOT NULL OR new.digest IS NULL OR (to_jsonb(new) - 'digest') IS DISTINCT FROM (to_jsonb(old) - 'digest'))
EXECUTE FUNCTION transfer_refuse();

DROP TRIGGER transfer_counts ON transfer;
DROP FUNCTION transfer_count();
-- What must hold of entries, once for all that come together; whoever writes them holds the head of the chain.
CREATE FUNCTION transfer_check() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    head ledger_head;
    first BIGINT;
    newest BIGINT;
    entries BIGINT;
BEGIN
    IF NOT EXISTS (SELECT 1 FROM entered) THEN
        RETURN NULL;
    END IF;
    IF EXISTS (SELECT 1 FROM entered WHERE kind || ' ' || debit || ' ' || credit NOT IN (
            'hold budget held', 'post held person', 'void held budget', 'award budget person',
            'reserve person reserved', 'release reserved person', 'redeem reserved rewards',
            'reversal person held', 'reversal person budget', 'reversal rewards person',
            'correction budget person', 'correction person budget')
            OR (debit IN ('person', 'held', 'reserved')) <> (debit_user IS NOT NULL)
            OR (credit IN ('person', 'held', 'reserved')) <> (credit_user IS NOT NULL)
            OR debit_user <> credit_user) THEN
        RAISE EXCEPTION 'an entry moves points from one account to another, as its kind says';
    END IF;
    IF EXISTS (SELECT 1 FROM entered
            WHERE COALESCE(lead, alarm, redemption) IS NULL AND COALESCE(reason, '') = ''
            OR kind = 'correction' AND COALESCE(reason, '') = '') THEN
        RAISE EXCEPTION 'an entry names its cause';
    END IF;
    IF EXISTS (SELECT 1 FROM entered WHERE kind = 'reversal' AND NOT EXISTS
            (SELECT 1 FROM transfer AS entry WHERE entry.key = entered.reverses AND entry.kind <> 'reversal')) THEN
        RAISE EXCEPTION 'a reversal names the entry that it takes back';
    END IF;
    SELECT * INTO STRICT head FROM ledger_head;
    SELECT min(id), max(id), count(*) INTO first, newest, entries FROM entered;
    IF first <> head.last + 1 OR newest - first + 1 <> entries OR EXISTS (SELECT 1 FROM entered WHERE digest IS NULL) THEN
        RAISE EXCEPTION 'entries are numbered and chained one after the other';
    END IF;
    IF EXISTS (SELECT 1 FROM entered WHERE at < head.closed_until) THEN
        RAISE EXCEPTION 'the month is closed';
    END IF;
    UPDATE ledger_head SET last = newest, digest = (SELECT digest FROM entered WHERE id = newest);
    INSERT INTO balance (user_id, person, held, reserved)
    SELECT user_id, sum(person), sum(held), sum(reserved) FROM (
        SELECT debit_user, CASE debit WHEN 'person' THEN -amount ELSE 0 END,
            CASE debit WHEN 'held' THEN -amount ELSE 0 END, CASE debit WHEN 'reserved' THEN -amount ELSE 0 END
        FROM entered WHERE debit_user IS NOT NULL
        UNION ALL
        SELECT credit_user, CASE credit WHEN 'person' THEN amount ELSE 0 END,
            CASE credit WHEN 'held' THEN amount ELSE 0 END, CASE credit WHEN 'reserved' THEN amount ELSE 0 END
        FROM entered WHERE credit_user IS NOT NULL
        UNION ALL
        SELECT 0, CASE credit WHEN 'person' THEN amount ELSE 0 END - CASE debit WHEN 'person' THEN amount ELSE 0 END, 0,
            CASE credit WHEN 'reserved' THEN amount ELSE 0 END - CASE debit WHEN 'reserved' THEN amount ELSE 0 END
        FROM entered WHERE credit IN ('person', 'reserved') OR debit IN ('person', 'reserved')
    ) AS leg (user_id, person, held, reserved) GROUP BY user_id ORDER BY user_id
    ON CONFLICT (user_id) DO UPDATE SET person = balance.person + excluded.person,
        held = balance.held + excluded.held, reserved = balance.reserved + excluded.reserved;
    -- What was paid in error may have been spent: taking it back, and nothing else, may go below zero.
    IF EXISTS (SELECT 1 FROM entered JOIN balance ON balance.user_id = entered.debit_user
            WHERE entered.kind NOT IN ('reversal', 'correction')
            AND CASE entered.debit WHEN 'person' THEN balance.person WHEN 'held' THEN balance.held
                ELSE balance.reserved END < 0) THEN
        RAISE EXCEPTION 'the account would be overdrawn';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER transfer_checked AFTER INSERT ON transfer
REFERENCING NEW TABLE AS entered FOR EACH STATEMENT EXECUTE FUNCTION transfer_check();

-- What people can take for their points.
CREATE TABLE reward (
    code TEXT PRIMARY KEY NOT NULL,
    position BIGINT NOT NULL, -- in the list
    zh TEXT NOT NULL,
    en TEXT NOT NULL,
    price BIGINT NOT NULL CHECK (price > 0),
    stock BIGINT NOT NULL CHECK (stock >= 0), -- on the shelf and not set aside
    offered BIGINT NOT NULL, -- 0: not in the list any more
    picture TEXT -- the platform's id of a photo
);

CREATE TABLE redemption (
    id BIGINT PRIMARY KEY NOT NULL,
    version BIGINT NOT NULL,
    user_id BIGINT NOT NULL,
    reward TEXT NOT NULL REFERENCES reward (code),
    zh TEXT NOT NULL, -- what the reward was called
    en TEXT NOT NULL,
    price BIGINT NOT NULL, -- and cost
    state TEXT NOT NULL, -- asked, ready, handed_out, refused, cancelled, lapsed
    code TEXT NOT NULL UNIQUE, -- by which it is picked up
    approvals_needed BIGINT NOT NULL,
    asked_at BIGINT NOT NULL,
    expires_at BIGINT NOT NULL,
    ended_at BIGINT,
    ended_by BIGINT
);
CREATE INDEX redemption_user ON redemption (user_id, asked_at);
CREATE INDEX redemption_asked ON redemption (asked_at);
CREATE INDEX redemption_open ON redemption (id) WHERE state IN ('asked', 'ready');

-- Who said yes to it.
CREATE TABLE redemption_approval (
    redemption BIGINT NOT NULL REFERENCES redemption (id),
    by_user BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (redemption, by_user)
);

-- People are named by their code where points are corrected.
CREATE INDEX member_code ON member (code);
-- Who wants to stand in the leaderboard.
CREATE TABLE ranked (
    user_id BIGINT PRIMARY KEY NOT NULL
);
