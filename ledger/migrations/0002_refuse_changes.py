"""What the database itself insists on: lengths, dense indexes, and that nothing written is ever changed."""

from django.db import migrations

LENGTHS = """
ALTER TABLE ledger_entry
    ADD CONSTRAINT ledger_entry_data_length CHECK (octet_length(data) <= 65535),
    ADD CONSTRAINT ledger_entry_leaf_hash_length CHECK (octet_length(leaf_hash) = 32),
    ADD CONSTRAINT ledger_entry_identity_length CHECK (octet_length(identity) = 32);
ALTER TABLE ledger_tile
    ADD CONSTRAINT ledger_tile_level_range CHECK (level <= 7),
    ADD CONSTRAINT ledger_tile_nodes_length CHECK (octet_length(nodes) = 16320),
    ADD CONSTRAINT ledger_tile_root_length CHECK (octet_length(root) = 32),
    ALTER COLUMN nodes SET STORAGE EXTERNAL;
ALTER TABLE ledger_checkpoint
    ADD CONSTRAINT ledger_checkpoint_root_length CHECK (octet_length(root) = 32);
ALTER TABLE ledger_cosignature
    ADD CONSTRAINT ledger_cosignature_root_length CHECK (octet_length(root) = 32);
CREATE UNIQUE INDEX ledger_entry_identity ON ledger_entry (log_id, identity) WHERE identity IS NOT NULL;
"""

# The reason is raised as one sentence that names the right door, because whoever meets it is about to "fix" a row.
REFUSE = """
CREATE FUNCTION ledger_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: the ledger only grows', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation',
              HINT = 'To correct an entry, append one that corrects it (the register''s amend commands); '
                     'to restore a damaged ledger, use manage.py restore with a backup.';
END $$;

CREATE FUNCTION ledger_refuse_shrinking() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.id <> OLD.id OR NEW.origin <> OLD.origin OR NEW.own <> OLD.own
       OR NEW.size < OLD.size OR NEW.last_time < OLD.last_time THEN
        RAISE EXCEPTION 'log % may only grow: its origin stays, its size and time never decrease', OLD.origin
            USING ERRCODE = 'restrict_violation',
                  HINT = 'Append through ledger.writer; to restore an older state, use manage.py restore.';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION ledger_insist_on_density() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    run record;
BEGIN
    FOR run IN SELECT added.log_id, min(added.index) AS first, max(added.index) AS last, count(*) AS number
               FROM added GROUP BY added.log_id LOOP
        IF run.last - run.first + 1 <> run.number OR NOT EXISTS (
            SELECT FROM ledger_log WHERE id = run.log_id AND size = run.first
        ) THEN
            RAISE EXCEPTION 'entries % to % of log % leave a gap: a log grows without holes, from its size on',
                run.first, run.last, run.log_id
                USING ERRCODE = 'restrict_violation', HINT = 'Append through ledger.writer, which holds the lock.';
        END IF;
    END LOOP;
    RETURN NULL;
END $$;

CREATE TRIGGER ledger_log_grows BEFORE UPDATE ON ledger_log
    FOR EACH ROW EXECUTE FUNCTION ledger_refuse_shrinking();
CREATE TRIGGER ledger_entry_dense AFTER INSERT ON ledger_entry
    REFERENCING NEW TABLE AS added FOR EACH STATEMENT EXECUTE FUNCTION ledger_insist_on_density();
"""

FOREVER = "".join(
    f"CREATE TRIGGER ledger_{table}_forever BEFORE {what} ON ledger_{table}\n"
    "    FOR EACH STATEMENT EXECUTE FUNCTION ledger_refuse_change();\n"
    for table, what in (
        ("log", "DELETE OR TRUNCATE"),
        ("entry", "UPDATE OR DELETE OR TRUNCATE"),
        ("tile", "UPDATE OR DELETE OR TRUNCATE"),
        ("checkpoint", "UPDATE OR DELETE OR TRUNCATE"),
        ("cosignature", "UPDATE OR DELETE OR TRUNCATE"),
    )
)


class Migration(migrations.Migration):
    """Not reversible on purpose: there is no way back to a ledger that can be edited."""

    dependencies = [("ledger", "0001_initial")]

    operations = [migrations.RunSQL(LENGTHS), migrations.RunSQL(REFUSE), migrations.RunSQL(FOREVER)]
