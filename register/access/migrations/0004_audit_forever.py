"""What the database itself insists on: the audit record is added to, never changed or shortened."""

from django.db import migrations

KEEP = """
CREATE FUNCTION access_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: what was noted stays noted', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation', HINT = 'Note what is right now as a further line.';
END $$;

CREATE TRIGGER access_auditrecord_forever BEFORE UPDATE OR DELETE OR TRUNCATE ON access_auditrecord
    FOR EACH STATEMENT EXECUTE FUNCTION access_refuse_change();
"""


class Migration(migrations.Migration):
    """Not reversible on purpose, like the ledger's own."""

    dependencies = [("access", "0003_audit")]

    operations = [migrations.RunSQL(KEEP)]
