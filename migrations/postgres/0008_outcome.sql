-- How a lead that was dealt with ended: handled, stopped (in the act), solved.

ALTER TABLE lead ADD COLUMN outcome TEXT;
