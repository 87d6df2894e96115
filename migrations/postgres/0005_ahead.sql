-- Alarms' timers, reports and presses go before other chats' messages.

ALTER TABLE inbox ADD COLUMN ahead BIGINT NOT NULL DEFAULT 0; -- 1: goes before other chats' messages
-- What goes ahead, and what it must not overtake: the earlier messages of its own chat.
CREATE INDEX inbox_ahead ON inbox (seq) WHERE state = 'waiting' AND ahead > 0;
CREATE INDEX inbox_behind ON inbox (chat, seq) WHERE state = 'waiting' AND ahead = 0;
