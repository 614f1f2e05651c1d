-- Whose an event of an owner's record is; of one that somebody has made unreadable nobody's, so that it stops the
-- claims of no other owner.

CREATE FUNCTION owner_of(state bytea) RETURNS text
LANGUAGE plpgsql IMMUTABLE STRICT
AS $$
BEGIN
    RETURN coalesce(convert_from(state, 'UTF8')::jsonb ->> 'owner', '');
EXCEPTION WHEN OTHERS THEN
    RETURN '';
END
$$;
