-- What persons register stands in the log of the orders, and is found there without reading the log.
CREATE INDEX orders_events_of_profiles ON orders_events (notification_id) WHERE topic LIKE 'profile.%';

-- Who wants to be told what concerns an organisation, by what the log says. No word of theirs lies here: `version`
-- says which event of the profile holds them, sealed, and when they are erased there, they are erased here.
CREATE TABLE profile_registration (
    generation   integer NOT NULL,
    profile_id   uuid    NOT NULL,
    organisation text    NOT NULL,
    version      bigint  NOT NULL,
    resources    text[]  NOT NULL,
    -- NULL where there is no such address.
    email_is_verified  boolean,
    mobile_is_verified boolean,
    PRIMARY KEY (generation, profile_id, organisation)
);
CREATE INDEX profile_registration_organisation ON profile_registration (organisation, generation);
