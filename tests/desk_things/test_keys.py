"""Keys at the desk: bound with a proof of control or on paper, revoked, each by whom it belongs to."""

from __future__ import annotations

import base64
import html
import re
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding
from django.conf import settings
from django.core.files.uploadedfile import SimpleUploadedFile

from register import commands
from register.desk.models import Draft
from register.payloads import KeyRevocationTerms
from register.queries.cuts import resolve_cut
from register.queries.single import find_record
from tests import factories, sealed
from tests.desk_things.conftest import Desk, words
from tests.desk_things.test_control import DID, ED, OTHER, document
from tests.outside import Web

HIDDEN = re.compile(r'<input type="hidden" name="([a-z_]+)"(?: value="([^"]*)")?')
NEW = {"kind": "did", "material": ED.did, "valid_from": "2026-01-01", "way": "signature"}


def challenge_on(page: str) -> tuple[dict[str, str], bytes]:
    """Return the hidden fields of a page with a challenge, and the challenge as its file has it."""
    form = page.rsplit('<form class="card', 1)[1]
    hidden = {name: html.unescape(value) for name, value in HIDDEN.findall(form)}
    (file,) = re.findall(r'href="data:text/plain;charset=utf-8;base64,([^"]+)"', page)
    return hidden, base64.b64decode(html.unescape(file))


def path_of(desk: Desk) -> str:
    return f"/desk/issuers/{desk.college}/keys/new"


@pytest.mark.parametrize("role", ["agency", "issuer"])
def test_a_key_is_bound_once_its_holder_signed_the_challenge(desk: Desk, role: str) -> None:
    desk.act_as(role, desk.agency if role == "agency" else desk.college)
    hidden, challenge = challenge_on(desk.send(path_of(desk), 200, **NEW))
    assert f"issuer: {settings.ASSAY_BASE_URL}/issuers/{desk.college}\n".encode() in challenge
    signed = base64.b64encode(ED.sign(challenge)).decode()
    draft = desk.draft(path_of(desk), **hidden, signature=signed)
    assert (draft.verb, draft.subject) == ("bind_key", desk.college)
    assert {name: draft.said[name] for name in ("kind", "value", "valid_from")} == {
        "kind": "did",
        "value": ED.did,
        "valid_from": "2026-01-01",
    }
    assert draft.said["proof"].startswith(f"challenge signed with {ED.method} (Ed25519), which the DID itself spells")


def test_a_signature_of_another_key_or_for_another_issuer_binds_nothing(desk: Desk) -> None:
    hidden, challenge = challenge_on(desk.send(path_of(desk), 200, **NEW))
    page = desk.send(path_of(desk), 422, **hidden, signature=base64.b64encode(OTHER.sign(challenge)).decode())
    assert "The signature does not fit" in words(page)
    assert challenge_on(page)[1] == challenge
    page = desk.send(path_of(desk), 422, **hidden, signature="")
    assert ("Fill it in." in page, challenge_on(page)[1]) == (True, challenge)
    right = base64.b64encode(ED.sign(challenge)).decode()
    elsewhere = f"/desk/issuers/{desk.academy}/keys/new"
    assert "for another issuer or another key" in words(desk.send(elsewhere, 422, **hidden, signature=right))
    other = hidden | {"carried": base64.b64encode(OTHER.did.encode()).decode()}
    assert "for another issuer or another key" in words(desk.send(path_of(desk), 422, **other, signature=right))
    assert "was lost on the way" not in words(
        desk.send(path_of(desk), 422, **hidden | {"carried": "!"}, signature=right)
    )
    assert not Draft.objects.exists()


def test_a_did_web_is_read_where_its_owner_publishes_it(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    web = document(assertionMethod=["#k1"])
    monkeypatch.setattr("register.desk.keys.open_web", lambda: web)
    hidden, challenge = challenge_on(desk.send(path_of(desk), 200, **NEW | {"material": DID}))
    draft = desk.draft(path_of(desk), **hidden, signature=base64.b64encode(ED.sign(challenge)).decode())
    assert draft.said["value"] == DID
    assert "https://college.example/.well-known/did.json" in draft.said["proof"]
    monkeypatch.setattr("register.desk.keys.open_web", lambda: Web({}))
    page = desk.send(path_of(desk), 422, **NEW | {"material": DID})
    assert "does not answer" in words(page)


def test_a_certificate_is_handed_in_as_a_file_and_so_is_its_signature(desk: Desk) -> None:
    lasting = (sealed.FROM, sealed.UNTIL.replace(year=2036))
    holder = sealed.issue(sealed.make_root(), "Academy of Example", key=sealed.make_key("2048"), valid=lasting)
    file = SimpleUploadedFile("seal.der", holder.der)
    page = desk.send(path_of(desk), 200, **NEW | {"kind": "x5t", "material": "", "file": file})
    hidden, challenge = challenge_on(page)
    assert "openssl dgst -sha256" in page
    signature = SimpleUploadedFile("signature.bin", sealed.sign("RS256", holder.key, challenge))
    draft = desk.draft(path_of(desk), **hidden, signature_file=signature)
    assert (draft.said["kind"], draft.said["value"]) == ("x5t", holder.x5t)
    assert 'certificate of "Academy of Example" (' in draft.said["proof"]


def test_on_paper_says_so_on_record_and_to_whom_it_was_shown(desk: Desk) -> None:
    told = NEW | {"way": "paper", "material": "did:web:far.example", "last_day": "2026-12-31"}
    assert "Say what you have seen" in words(desk.send(path_of(desk), 422, **told))
    draft = desk.draft(path_of(desk), **told, paper="Letter of the rector, 3 March 2026")
    proof = "on paper, seen by the agency that says this: Letter of the rector, 3 March 2026"
    assert draft.said["proof"] == proof
    assert proof in desk.read(f"/desk/drafts/{draft.pk}")
    assert draft.said["valid_until"] == "2027-01-01"
    certificate = sealed.make_sealer().certificate.public_bytes(Encoding.PEM).decode()
    told = NEW | {"way": "paper", "kind": "x5t", "material": certificate, "paper": "Order 42"}
    assert desk.draft(path_of(desk), **told).said["value"] == sealed.make_sealer().x5t
    told = NEW | {"way": "paper", "kind": "eidas", "material": "VATNL-000099998B57", "paper": "Order 42"}
    assert desk.draft(path_of(desk), **told).said["value"] == "VATNL-000099998B57"


def test_a_long_key_is_shortened_in_the_sentence_and_whole_below_it(desk: Desk) -> None:
    draft = desk.draft(path_of(desk), **NEW | {"way": "paper", "kind": "did", "material": ED.did, "paper": "Order 42"})
    page = desk.read(f"/desk/drafts/{draft.pk}").partition('<pre class="bytes"')[0]
    assert f'title="{ED.did}">{ED.did[:14]}…{ED.did[-8:]}</span>' in page
    assert f'<dt>Key</dt><dd><span class="mono">{ED.did}</span></dd>' in page


def test_an_issuer_proves_by_signature_alone(desk: Desk) -> None:
    desk.act_as("issuer", desk.college)
    assert "On paper" not in desk.read(path_of(desk))
    page = desk.send(path_of(desk), 200, **NEW | {"way": "paper", "paper": "trust me"})
    assert "Sign the challenge" in page
    assert not Draft.objects.exists()


def test_an_issuer_touches_no_keys_but_its_own(desk: Desk) -> None:
    key = factories.make_key(desk.academy)
    client = desk.act_as("issuer", desk.college)
    theirs = f"/desk/issuers/{desk.academy}"
    for path in (f"{theirs}/keys", f"{theirs}/keys/new", f"{theirs}/keys/{key}/revoke", theirs):
        assert client.get(path).status_code == 404, path
    for path in (f"{theirs}/keys/new", f"{theirs}/keys/{key}/revoke"):
        assert client.post(path, NEW | {"reason": "superseded"}).status_code == 404, path
    assert client.post(f"/desk/issuers/{desk.college}/keys/{key}/revoke", {"reason": "superseded"}).status_code == 404
    assert not Draft.objects.exists()


@pytest.mark.parametrize(
    ("told", "said"),
    [
        ({"reason": "superseded"}, {"reason": "superseded"}),
        (
            {"reason": "superseded", "effective_from": "2026-03-01", "note": "New seal"},
            {"reason": "superseded", "effective_from": "2026-03-01", "note": "New seal"},
        ),
        ({"reason": "compromised", "since": "1.2.2026"}, {"reason": "compromised", "since": "2026-02-01"}),
    ],
)
def test_a_key_is_revoked(desk: Desk, told: dict[str, str], said: dict[str, Any]) -> None:
    key = factories.make_key(desk.college)
    path = f"/desk/issuers/{desk.college}/keys/{key}/revoke"
    draft = desk.draft(path, **told)
    assert (draft.verb, draft.subject, draft.said) == ("revoke_key", f"{desk.college}/{key}", said)
    assert "You are changing a draft" in desk.read(f"{path}?draft={draft.pk}")
    assert "Muziekcollege" in words(desk.read(f"/desk/drafts/{draft.pk}"))


@pytest.mark.parametrize(
    ("told", "words_shown"),
    [
        ({"reason": "compromised"}, "Say since when"),
        ({"reason": "superseded", "since": "2026-01-01"}, "Leave this empty"),
        ({"reason": ""}, "Choose a reason."),
    ],
)
def test_since_belongs_to_a_compromise(desk: Desk, told: dict[str, str], words_shown: str) -> None:
    path = f"/desk/issuers/{desk.college}/keys/{factories.make_key(desk.college)}/revoke"
    assert words_shown in words(desk.send(path, 422, **told))


def test_keys_are_listed_with_how_they_stand(desk: Desk) -> None:
    first, stolen = factories.make_key(desk.college), factories.make_key(desk.college)
    factories.make_key(desk.college, valid_from="2020-01-01", valid_until="2021-01-01", proof="seen")
    terms = KeyRevocationTerms.model_validate({"reason": "compromised", "since": "2022-01-01"})
    commands.revoke_key(desk.college, stolen, terms, actor=factories.OPERATOR)
    page = desk.read(f"/desk/issuers/{desk.college}/keys")
    shown = words(page)
    for told in ("in force", "expired", "compromised", "in other hands since", "proof: seen", "no proof of control"):
        assert told in shown
    assert f"/keys/{first}/revoke" in page
    assert f"/keys/{stolen}/revoke" not in page


def test_a_bound_key_reaches_the_ledger_through_its_draft(desk: Desk) -> None:
    hidden, challenge = challenge_on(desk.send(path_of(desk), 200, **NEW))
    draft = desk.draft(path_of(desk), **hidden, signature=base64.b64encode(ED.sign(challenge)).decode())
    page = desk.read(f"/desk/drafts/{draft.pk}")
    (digest,) = set(re.findall(r'name="digest" value="([0-9a-f]+)"', page))
    desk.send(f"/desk/drafts/{draft.pk}", 303, step="hand-over", digest=digest)
    desk.act_as("agency", desk.agency, approves=True, email="second@agency.example")
    page = desk.read(f"/desk/drafts/{draft.pk}")
    (digest,) = set(re.findall(r'name="digest" value="([0-9a-f]+)"', page))
    desk.send(f"/desk/drafts/{draft.pk}", 303, step="approve", digest=digest)
    draft.refresh_from_db()
    assert draft.state == "published"
    (key,) = [one for one in page_keys(desk) if one.value == ED.did]
    assert key.proof == draft.said["proof"]


def page_keys(desk: Desk) -> list[Any]:
    from register.queries.belongings import list_keys

    assert find_record("issuer", desk.college, resolve_cut())
    return list_keys(resolve_cut(), desk.college).items
