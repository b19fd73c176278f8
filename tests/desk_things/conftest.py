"""A small register with an agency, two colleges, and people who sign in at its desk."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Any

import pytest
from django.core.cache import cache
from django.test import Client

from register.desk.models import Draft
from tests import factories
from tests.people import sign_in


@dataclass
class Desk:
    """Ids of what there is, and an officer of the agency who is signed in."""

    client: Client
    agency: str
    college: str
    academy: str
    programme: str = ""
    key: str = ""
    mandate: str = ""

    def read(self, path: str, status: int = 200) -> str:
        """Return a page in plain words and markup."""
        response = self.client.get(path)
        assert response.status_code == status, (path, response.status_code)
        return response.content.decode()

    def send(self, path: str, status: int = 303, **fields: Any) -> str:
        """Send a form; return the page, or where it leads."""
        response = self.client.post(path, fields)
        page = response.content.decode()
        assert response.status_code == status, (response.status_code, words(page)[:1500])
        return response["Location"] if status == 303 else page

    def draft(self, path: str, **fields: Any) -> Draft:
        """Send a form that is right; return the draft it makes."""
        place = self.send(path, 303, **fields)
        return Draft.objects.get(pk=place.rsplit("/", 1)[1])

    def step(self, draft: Draft, name: str) -> None:
        """Take a step with a draft on its page, and insist that rebuilt rows are the same."""
        digest = re.search(r'name="digest" value="([^"]+)"', self.read(f"/desk/drafts/{draft.pk}"))
        assert digest
        seen, path = digest[1], f"/desk/drafts/{draft.pk}"
        factories.verify_command(lambda: self.send(path, step=name, digest=seen))
        draft.refresh_from_db()

    def act_as(self, role: str, organisation: str = "", **options: Any) -> Client:
        """Let somebody else sign in."""
        self.client = Client()
        sign_in(self.client, role, organisation, **options)
        return self.client


def words(page: str) -> str:
    """Return the text of a page."""
    return " ".join(re.sub(r"<[^>]+>", " ", page).split())


@pytest.fixture
def desk(db: None) -> Desk:
    """The register and an officer of its agency; nothing is signed, as nothing commits."""
    return open_desk()


@pytest.fixture
def signed_desk(transactional_db: None) -> Desk:
    """The same in a database whose transactions commit, as answers need, which go by the newest checkpoint."""
    return open_desk()


def open_desk() -> Desk:
    """Open the register and sign the officer in."""
    cache.clear()
    factories.open_register()
    agency = factories.make_agency(names={"en": "Agency of tests"})
    schac = [{"scheme": "schac", "value": "college.example"}]
    names = {"en": "College of Music", "nl": "Muziekcollege"}
    college = factories.make_issuer(names=names, identifiers=schac, website="https://www.college.nl")
    academy = factories.make_issuer(names={"en": "Academy of Song"}, acronym="AOS")
    desk = Desk(Client(), agency, college, academy)
    desk.act_as("agency", agency)
    return desk
