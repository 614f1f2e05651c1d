-- Each webhook has a secret of its own, which is derived by the key file from its name here, and an address
-- that was proved. Those that were told before have shown that they want to be.

ALTER TABLE webhook
    ADD COLUMN secret_id         uuid    NOT NULL DEFAULT gen_random_uuid(),
    ADD COLUMN earlier_secret_id uuid,
    ADD COLUMN rotated_at        timestamptz,
    ADD COLUMN is_proved         boolean NOT NULL DEFAULT true;
ALTER TABLE webhook ALTER COLUMN secret_id DROP DEFAULT, ALTER COLUMN is_proved DROP DEFAULT;
