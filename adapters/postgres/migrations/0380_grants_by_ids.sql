-- Nobody is named by a national number where that would stand in clear: who was is known by an id, or not at all.
DELETE FROM user_grant WHERE user_id ~ '^[0-9]{11}$';
UPDATE registry_quarantine SET item = NULL
 WHERE part IN ('profiles', 'grants') AND item ~ '^[0-9]{11}$';
