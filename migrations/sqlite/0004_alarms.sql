-- Alarms that stand by themselves (a drill has no lead); each person who is called has a row; timelines.


DROP INDEX alarm_lead;
DROP INDEX alarm_raised;
ALTER TABLE alarm RENAME TO alarm_before;
ALTER TABLE call RENAME TO call_before;

CREATE TABLE alarm (
    id INTEGER PRIMARY KEY NOT NULL,
    version INTEGER NOT NULL,
    lead INTEGER REFERENCES lead (id),
    drill INTEGER NOT NULL,
    origin TEXT NOT NULL, -- desk, tip, drill
    chat INTEGER, -- the group in which the tip was written
    category TEXT,
    scene_lat REAL,
    scene_lon REAL,
    scene_accuracy_m REAL,
    scene_source TEXT,
    scene_datum TEXT,
    scene_text TEXT,
    ring INTEGER NOT NULL,
    raised_by INTEGER,
    raised_at INTEGER NOT NULL,
    taken_at INTEGER,
    taken_by INTEGER,
    controlled_at INTEGER,
    controlled_by INTEGER,
    stood_down_at INTEGER,
    stood_down_by INTEGER,
    outcome TEXT
) STRICT;
INSERT INTO alarm (id, version, lead, drill, origin, chat, category, scene_lat, scene_lon, scene_accuracy_m,
    scene_source, scene_datum, scene_text, ring, raised_by, raised_at, stood_down_at, stood_down_by, outcome)
SELECT alarm_before.id, alarm_before.version, lead, drill, 'desk', lead.chat, category, scene_lat, scene_lon,
    scene_accuracy_m, scene_source, scene_datum, scene_text, ring, raised_by, raised_at, stood_down_at, stood_down_by,
    CASE WHEN stood_down_at IS NULL THEN NULL ELSE 'handled' END
FROM alarm_before JOIN lead ON lead.id = alarm_before.lead;
CREATE INDEX alarm_lead ON alarm (lead) WHERE lead IS NOT NULL;
CREATE INDEX alarm_raised ON alarm (raised_at);
CREATE INDEX alarm_running ON alarm (id) WHERE stood_down_at IS NULL;

-- A callee is a liaison point by its code, or a person as @ and the user id.
CREATE TABLE call (
    alarm INTEGER NOT NULL REFERENCES alarm (id),
    callee TEXT NOT NULL,
    kind TEXT NOT NULL, -- point, patrol, response, duty_officer, call_list
    team TEXT,
    ring INTEGER NOT NULL,
    distance_m REAL,
    called_at INTEGER NOT NULL,
    failure TEXT,
    PRIMARY KEY (alarm, callee)
) STRICT, WITHOUT ROWID;
INSERT INTO call (alarm, callee, kind, ring, distance_m, called_at, failure)
SELECT alarm, point, 'point', ring, distance_m, called_at, failure FROM call_before;

-- What each person who was called for a callee did.
CREATE TABLE summons (
    alarm INTEGER NOT NULL,
    callee TEXT NOT NULL,
    user_id INTEGER NOT NULL,
    called_at INTEGER NOT NULL,
    delivered_at INTEGER,
    failure TEXT,
    acknowledged_at INTEGER,
    under_way_at INTEGER,
    minutes INTEGER, -- how long the way takes, as told at under_way_at
    offered_at INTEGER, -- when they seemed to be at the scene
    on_scene_at INTEGER,
    on_scene_lat REAL,
    on_scene_lon REAL,
    declined_at INTEGER,
    answered_at INTEGER, -- when they last said that they come
    lapsed_at INTEGER, -- when the answer ran out
    PRIMARY KEY (alarm, callee, user_id),
    FOREIGN KEY (alarm, callee) REFERENCES call (alarm, callee)
) STRICT, WITHOUT ROWID;
INSERT INTO summons (alarm, callee, user_id, called_at, delivered_at, acknowledged_at, under_way_at, on_scene_at, declined_at)
SELECT alarm, point, COALESCE(answered_by, 0), called_at, delivered_at, acknowledged_at, under_way_at, on_scene_at,
    declined_at
FROM call_before WHERE COALESCE(delivered_at, answered_by) IS NOT NULL;

DROP TABLE call_before;
DROP TABLE alarm_before;
ALTER TABLE outbox RENAME COLUMN point TO callee;

-- An alarm's timeline: nothing in it is changed or taken away while the alarm is kept.
CREATE TABLE alarm_event (
    id INTEGER PRIMARY KEY NOT NULL,
    alarm INTEGER NOT NULL REFERENCES alarm (id),
    at INTEGER NOT NULL,
    by_user INTEGER,
    what TEXT NOT NULL -- JSON
) STRICT;
CREATE INDEX alarm_event_alarm ON alarm_event (alarm);

-- The last place that somebody who answers alarms has shared.
CREATE TABLE whereabouts (
    user_id INTEGER PRIMARY KEY NOT NULL,
    lat REAL NOT NULL,
    lon REAL NOT NULL,
    at INTEGER NOT NULL
) STRICT;
