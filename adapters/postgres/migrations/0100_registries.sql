-- Local copies of the registers, as their feeds bring them, and what end users register with us.

CREATE TABLE krr_person (
    number             text PRIMARY KEY,
    is_deleted         boolean NOT NULL,
    is_reserved        boolean NOT NULL,
    can_be_notified    boolean NOT NULL,
    email              text,
    email_is_valid     boolean NOT NULL,
    email_confirmed_at timestamptz,
    mobile             text,
    mobile_is_valid    boolean NOT NULL,
    mobile_confirmed_at timestamptz
);

CREATE TABLE business_address (
    registry_id  text PRIMARY KEY,
    organisation text NOT NULL,
    channel      text NOT NULL CHECK (channel IN ('email', 'sms')),
    address      text NOT NULL,
    is_valid     boolean NOT NULL
);
CREATE INDEX business_address_organisation ON business_address (organisation);

CREATE TABLE business_unit (
    number    text PRIMARY KEY,
    main_unit text,
    name      text NOT NULL
);

-- What an end user wants to hear about on behalf of an organisation; no resources means all.
CREATE TABLE user_profile (
    user_id      text NOT NULL,
    organisation text NOT NULL,
    resources    text[] NOT NULL DEFAULT '{}',
    email        text,
    email_is_verified  boolean NOT NULL DEFAULT false,
    mobile       text,
    mobile_is_verified boolean NOT NULL DEFAULT false,
    PRIMARY KEY (organisation, user_id, resources)
);

CREATE TABLE user_grant (
    user_id      text NOT NULL,
    organisation text NOT NULL,
    resource     text NOT NULL,
    action       text NOT NULL,
    PRIMARY KEY (organisation, resource, action, user_id)
);

CREATE TABLE self_identified_user (
    username text PRIMARY KEY,
    email    text,
    mobile   text
);

CREATE TABLE party_name (
    number text PRIMARY KEY,
    name   text NOT NULL
);

-- How far each copy has come, and when it last moved.
CREATE TABLE registry_copy (
    registry text PRIMARY KEY,
    cursor   text,
    moved_at timestamptz NOT NULL DEFAULT now()
);

-- Entries that could not be read: where they stood and why; never what they said.
CREATE TABLE registry_quarantine (
    registry    text NOT NULL,
    page        text NOT NULL,
    entry       integer NOT NULL,
    reason      text NOT NULL,
    found_at    timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (registry, page, entry)
);
