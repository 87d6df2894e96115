-- The kind of team that stands at a point, what it brings, and another way to reach it.

ALTER TABLE liaison_point
    ADD COLUMN team TEXT,
    ADD COLUMN gear TEXT NOT NULL DEFAULT '',
    ADD COLUMN phone TEXT NOT NULL DEFAULT '';
