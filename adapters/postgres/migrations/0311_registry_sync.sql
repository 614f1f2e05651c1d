-- The following of each register's feed: when it is due, whose it is now, and how the last went; and what
-- operators were last told of the copy, so that of many processes one tells them, once.

CREATE TABLE registry_sync (
    registry      text PRIMARY KEY,
    due_at        timestamptz NOT NULL,
    -- Who is at it, and until when it is nobody else's.
    holder        text,
    leased_until  timestamptz,
    failures      integer NOT NULL DEFAULT 0,
    failing_since timestamptz,
    -- In one line, without anything of anybody.
    failure       text,
    alarm         text NOT NULL DEFAULT 'none'
);
