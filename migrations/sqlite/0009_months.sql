-- Who was on file when a month was closed: its tables are the same whenever they are made.

CREATE TABLE month_person (
    month TEXT NOT NULL,
    user_id INTEGER NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    occupation TEXT NOT NULL,
    group_name TEXT NOT NULL,
    team TEXT NOT NULL,
    staff INTEGER NOT NULL,
    PRIMARY KEY (month, user_id)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER month_person_stays BEFORE DELETE ON month_person
BEGIN SELECT RAISE(ABORT, 'a closed month stays closed'); END;
CREATE TRIGGER month_person_stands BEFORE UPDATE ON month_person
BEGIN SELECT RAISE(ABORT, 'a closed month stays closed'); END;

-- A period's table asks whether it is a closed month, and for what was handed out in it.
CREATE UNIQUE INDEX month_close_begins ON month_close (begins);
CREATE INDEX redemption_ended ON redemption (ended_at) WHERE ended_at IS NOT NULL;
