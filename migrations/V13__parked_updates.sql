-- When a parked status is looked at again. Many are of messages that are not ours, such as those that a business writes in
-- its app, and wait until they are stored as unhandled.
ALTER TABLE parked_updates ADD COLUMN next_look_at timestamptz NOT NULL DEFAULT now();
CREATE INDEX parked_updates_next_look ON parked_updates (next_look_at, tenant_id);
CREATE INDEX parked_updates_next_look_of_tenant ON parked_updates (tenant_id, next_look_at, wamid, status);
GRANT UPDATE ON parked_updates TO tidings_app, tidings_system;
