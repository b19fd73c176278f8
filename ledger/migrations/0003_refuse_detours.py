"""What 0002 insists on, closed to three detours of a role that may write but owns nothing.

A temporary table named `ledger_log` hid the real one from the trigger that looks for gaps: PostgreSQL searches a
session's temporary tables first, so the name now carries its schema. A log's time could be emptied and then set back,
as NULL compares with nothing. A log's size could grow without entries, which leaves a gap for ever: it now follows the
entries stored, one look-up by primary key a write.
"""

from django.db import migrations

REFUSE = """
CREATE OR REPLACE FUNCTION ledger_refuse_shrinking() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id <> OLD.id OR NEW.origin <> OLD.origin OR NEW.own <> OLD.own OR NEW.size < OLD.size
       OR NEW.last_time < OLD.last_time OR (NEW.last_time IS NULL AND OLD.last_time IS NOT NULL)
       OR (NEW.size > OLD.size AND NOT EXISTS (
            SELECT FROM public.ledger_entry WHERE log_id = NEW.id AND index = NEW.size - 1
       )) THEN
        RAISE EXCEPTION 'log % may only grow, by entries: its origin stays, its size and time never decrease', OLD.origin
            USING ERRCODE = 'restrict_violation',
                  HINT = 'Append through ledger.writer; to restore an older state, use manage.py restore.';
    END IF;
    RETURN NEW;
END $$;

CREATE OR REPLACE FUNCTION ledger_insist_on_density() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    run record;
BEGIN
    FOR run IN SELECT added.log_id, min(added.index) AS first, max(added.index) AS last, count(*) AS number
               FROM added GROUP BY added.log_id LOOP
        IF run.last - run.first + 1 <> run.number OR NOT EXISTS (
            SELECT FROM public.ledger_log WHERE id = run.log_id AND size = run.first
        ) THEN
            RAISE EXCEPTION 'entries % to % of log % leave a gap: a log grows without holes, from its size on',
                run.first, run.last, run.log_id
                USING ERRCODE = 'restrict_violation', HINT = 'Append through ledger.writer, which holds the lock.';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;
"""


class Migration(migrations.Migration):
    """Not reversible on purpose, as 0002."""

    dependencies = [("ledger", "0002_refuse_changes")]

    operations = [migrations.RunSQL(REFUSE)]
