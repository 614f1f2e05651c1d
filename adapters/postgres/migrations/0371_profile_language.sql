-- In which language each person who registered something has chosen to be spoken to, made with what they registered.

CREATE TABLE profile_language (
    generation integer NOT NULL,
    profile_id uuid    NOT NULL,
    language   text    NOT NULL,
    PRIMARY KEY (generation, profile_id)
);
