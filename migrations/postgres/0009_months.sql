-- Who was on file when a month was closed: its tables are the same whenever they are made.

CREATE TABLE month_person (
    month TEXT NOT NULL,
    user_id BIGINT NOT NULL,
    code TEXT NOT NULL,
    name TEXT NOT NULL,
    occupation TEXT NOT NULL,
    group_name TEXT NOT NULL,
    team TEXT NOT NULL,
    staff BIGINT NOT NULL,
    PRIMARY KEY (month, user_id)
);
CREATE TRIGGER month_person_stays BEFORE UPDATE OR DELETE ON month_person
FOR EACH ROW EXECUTE FUNCTION month_close_refuse();
CREATE TRIGGER month_person_remains BEFORE TRUNCATE ON month_person
FOR EACH STATEMENT EXECUTE FUNCTION month_close_refuse();

-- A period's table asks whether it is a closed month, and for what was handed out in it.
CREATE UNIQUE INDEX month_close_begins ON month_close (begins);
CREATE INDEX redemption_ended ON redemption (ended_at) WHERE ended_at IS NOT NULL;
