-- Who is on duty when. Minutes are those of the day by the clock, dates are written 2026-11-20.

CREATE TABLE duty_shift (
    id INTEGER PRIMARY KEY NOT NULL,
    user_id INTEGER NOT NULL,
    post TEXT NOT NULL, -- a liaison point's code; empty: wherever the person is called
    days INTEGER NOT NULL, -- bits, Monday the lowest
    from_minute INTEGER NOT NULL,
    to_minute INTEGER NOT NULL, -- not after from_minute: on the next day
    first_date TEXT,
    last_date TEXT,
    holidays TEXT NOT NULL -- also, not, only
) STRICT;
CREATE INDEX duty_shift_user ON duty_shift (user_id);

CREATE TABLE duty_holiday (
    date TEXT PRIMARY KEY NOT NULL,
    name TEXT NOT NULL
) STRICT, WITHOUT ROWID;

-- A shift's stretch of one date that another takes, or nobody.
CREATE TABLE duty_swap (
    owner INTEGER NOT NULL,
    date TEXT NOT NULL,
    post TEXT NOT NULL,
    from_minute INTEGER NOT NULL,
    taken_by INTEGER,
    PRIMARY KEY (owner, date, post, from_minute)
) STRICT, WITHOUT ROWID;
CREATE INDEX duty_swap_date ON duty_swap (date);

-- What people said of themselves last.
CREATE TABLE duty_word (
    user_id INTEGER PRIMARY KEY NOT NULL,
    turned_on INTEGER NOT NULL,
    since INTEGER NOT NULL,
    until INTEGER
) STRICT;
