-- Rosters as they are filed: units, the people of four kinds of teams, suggested head-counts.

CREATE TABLE roster_unit (
    id BIGINT PRIMARY KEY, -- in the order filed
    code TEXT COLLATE "C" NOT NULL UNIQUE,
    name TEXT COLLATE "C" NOT NULL,
    kind TEXT COLLATE "C" NOT NULL, -- village, community, company, station …
    population BIGINT,
    larger BIGINT NOT NULL -- 1: a larger village
);

CREATE TABLE roster_person (
    id BIGINT PRIMARY KEY, -- in the order filed
    unit TEXT COLLATE "C" NOT NULL,
    form TEXT COLLATE "C" NOT NULL, -- stationed, mobile, companies, citizens, village, neighbours, red_armband
    squad TEXT COLLATE "C" NOT NULL,
    name TEXT COLLATE "C" NOT NULL,
    phone TEXT COLLATE "C" NOT NULL,
    user_id BIGINT, -- the same person as this member
    class TEXT COLLATE "C" NOT NULL,
    leader BIGINT NOT NULL,
    area TEXT COLLATE "C" NOT NULL,
    gear TEXT COLLATE "C" NOT NULL,
    people BIGINT NOT NULL -- how many the row stands for
);

CREATE TABLE roster_headcount (
    unit TEXT COLLATE "C" NOT NULL,
    team TEXT COLLATE "C" NOT NULL, -- emergency, area, village, watch
    id BIGINT NOT NULL, -- in the order filed
    suggested BIGINT NOT NULL,
    PRIMARY KEY (unit, team)
);

-- Counted up by each change, first: two changes at once follow each other.
INSERT INTO counter (name, value) VALUES ('roster', 0);
