"""News of an upload for who handed it in: it ended without a publication, and who closed the browser would not know."""

from __future__ import annotations

from register.outbox.notices import tell_members
from register.sentences import to_text
from register.uploads.models import Upload


def tell_ended(upload: Upload, key: str, sentence: str, how: str = "") -> None:
    """Tell on the desk's list, and by mail who handed it in, why nothing was published; joins the transaction.

    `how` is `returned` or `discarded` where a colleague did it. A second call with the same `key` does nothing.
    """
    facts = {"file": upload.name, "failed": to_text(sentence), "how": how, "address": f"/desk/imports/{upload.pk}"}
    users = [upload.author_id] if upload.author_id is not None else []
    tell_members(upload.role, upload.organisation, "import_done", key, facts, users)
