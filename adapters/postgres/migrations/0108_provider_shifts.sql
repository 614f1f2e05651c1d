-- Each shift of a provider's weight, in the order in which its process noted it; and which processes
-- have been there. Nothing is chosen by these tables: rows that nobody asks for any more may be deleted.

CREATE TABLE provider_shift (
    shift_no bigint           GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    shift_id uuid             NOT NULL UNIQUE,
    provider text COLLATE "C" NOT NULL,
    process  text COLLATE "C" NOT NULL,
    weight   double precision NOT NULL CHECK (weight BETWEEN 0 AND 1),
    reason   text             NOT NULL,
    at       timestamptz      NOT NULL
);
CREATE INDEX provider_shift_latest ON provider_shift (at DESC, shift_no DESC);
CREATE INDEX provider_shift_standing ON provider_shift (process, provider, shift_no DESC);

CREATE TABLE provider_process (
    process text COLLATE "C" PRIMARY KEY,
    seen_at timestamptz      NOT NULL
);
