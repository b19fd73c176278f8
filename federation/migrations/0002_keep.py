"""What the database itself insists on: a witness never goes back, and evidence of a fork stays."""

from django.db import migrations

KEEP = """
CREATE FUNCTION federation_refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION '% on % is refused: what was signed and what was proven stays', TG_OP, TG_TABLE_NAME
        USING ERRCODE = 'restrict_violation',
              HINT = 'A witness that went back could sign two histories; see federation/README.md.';
END $$;

CREATE FUNCTION federation_refuse_going_back() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NEW.origin <> OLD.origin OR NEW.size < OLD.size OR NEW.time < OLD.time
       OR (NEW.size = OLD.size AND NEW.root <> OLD.root AND OLD.size > 0) THEN
        RAISE EXCEPTION 'the witness cosigned % at size % and does not go back', OLD.origin, OLD.size
            USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE FUNCTION federation_keep_evidence() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF (NEW.id, NEW.origin, NEW.kind, NEW.older, NEW.newer, NEW.proof, NEW.shown_by, NEW.fingerprint, NEW.found_at)
       IS DISTINCT FROM
       (OLD.id, OLD.origin, OLD.kind, OLD.older, OLD.newer, OLD.proof, OLD.shown_by, OLD.fingerprint, OLD.found_at)
       OR (OLD.entry IS NOT NULL AND NEW.entry IS DISTINCT FROM OLD.entry) THEN
        RAISE EXCEPTION 'evidence % is kept as it was found', OLD.id USING ERRCODE = 'restrict_violation';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER federation_cosigned_grows BEFORE UPDATE ON federation_cosigned
    FOR EACH ROW EXECUTE FUNCTION federation_refuse_going_back();
CREATE TRIGGER federation_cosigned_forever BEFORE DELETE OR TRUNCATE ON federation_cosigned
    FOR EACH STATEMENT EXECUTE FUNCTION federation_refuse_change();
CREATE TRIGGER federation_evidence_kept BEFORE UPDATE ON federation_evidence
    FOR EACH ROW EXECUTE FUNCTION federation_keep_evidence();
CREATE TRIGGER federation_evidence_forever BEFORE DELETE OR TRUNCATE ON federation_evidence
    FOR EACH STATEMENT EXECUTE FUNCTION federation_refuse_change();
"""


class Migration(migrations.Migration):
    """Not reversible on purpose, like the ledger's own."""

    dependencies = [("federation", "0001_initial")]

    operations = [migrations.RunSQL(KEEP)]
