-- Rosters as they are filed: units, the people of four kinds of teams, suggested head-counts.

CREATE TABLE roster_unit (
    id INTEGER PRIMARY KEY NOT NULL, -- in the order filed
    code TEXT NOT NULL UNIQUE,
    name TEXT NOT NULL,
    kind TEXT NOT NULL, -- village, community, company, station …
    population INTEGER,
    larger INTEGER NOT NULL -- 1: a larger village
) STRICT;

CREATE TABLE roster_person (
    id INTEGER PRIMARY KEY NOT NULL, -- in the order filed
    unit TEXT NOT NULL,
    form TEXT NOT NULL, -- stationed, mobile, companies, citizens, village, neighbours, red_armband
    squad TEXT NOT NULL,
    name TEXT NOT NULL,
    phone TEXT NOT NULL,
    user_id INTEGER, -- the same person as this member
    class TEXT NOT NULL,
    leader INTEGER NOT NULL,
    area TEXT NOT NULL,
    gear TEXT NOT NULL,
    people INTEGER NOT NULL -- how many the row stands for
) STRICT;

CREATE TABLE roster_headcount (
    unit TEXT NOT NULL,
    team TEXT NOT NULL, -- emergency, area, village, watch
    id INTEGER NOT NULL, -- in the order filed
    suggested INTEGER NOT NULL,
    PRIMARY KEY (unit, team)
) STRICT, WITHOUT ROWID;

-- Counted up by each change, first: two changes at once follow each other.
INSERT INTO counter (name, value) VALUES ('roster', 0);
