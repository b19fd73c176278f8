"""The addresses that give records: lists with cursors, single things, histories.

A list and the command that adds to it share an address, so the view of a list is made from that command's.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Final
from uuid import UUID

from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from rest_framework.request import Request

from register import vocabularies
from register.api import verbs
from register.api.address import Address, answer_current
from register.api.answer_schemas import HISTORY, listed
from register.api.known import PAGING, TIMES, Times, choice, describe_page
from register.api.parameters import Parameter, one_of, whole_number
from register.api.reading import describe_happening, describe_whole, find_issuer, read_heard
from register.api.resources import RESOURCES, describe
from register.errors import NotFound
from register.identifiers import parse_identifier
from register.queries import filters as stated
from register.queries import lists
from register.queries.belongings import list_keys, list_mandates
from register.queries.cuts import Cut
from register.queries.filters import Filters
from register.queries.hearing import find_placed, place_page
from register.queries.selecting import Page, is_uid
from register.queries.single import read_history
from register.receipts import with_register


def read_id(text: str) -> str:
    """Read an id; raises ValueError."""
    if not is_uid(text):
        raise ValueError(f"expected an id such as 01890a5d-ac96-774b-bcce-b302099a8057, got {text[:60]!r}")
    return text.lower()


def _country(text: str) -> str:
    return vocabularies.load("countries").get(text).code


_ID: Final = {"type": "string", "format": "uuid"}
_LEVEL: Final = {"type": "integer", "minimum": 1, "maximum": 8}
Q: Final = Parameter("q", "Words of a name, in any language; accents and small slips do not matter.")
COUNTRY: Final = Parameter("country", "Country (ISO 3166-1 alpha-2).", _country, example="NL")
ISSUER: Final = Parameter("issuer", "Id of an issuer.", read_id, _ID)
AGENCY: Final = Parameter("agency", "Id of an agency.", read_id, _ID)
LIMITS: Final = (
    Parameter("credential_type", "Code or URI of a credential type.", vocabularies.parse_credential_type),
    Parameter("eqf_level", "EQF level.", vocabularies.parse_eqf, _LEVEL),
    Parameter("isced_f", "ISCED-F 2013 code.", vocabularies.parse_isced_f, example="0613"),
)
SEARCHED: Final = (
    Parameter("type", "Credential type: it, a broader one, or a part of it.", vocabularies.parse_credential_type),
    Parameter("level", "EQF level.", vocabularies.parse_eqf, _LEVEL),
    Parameter("field", "ISCED-F 2013 code: it, a broader field, or a part of it.", vocabularies.parse_isced_f),
)
"""What people search by: unlike LIMITS also content with a part of what is asked."""
KIND: Final = Parameter(
    "kind",
    "Kind of accreditation.",
    lambda text: vocabularies.load("accreditation-kinds").get(text).code,
    {"type": "string", "enum": list(vocabularies.load("accreditation-kinds").codes())},
)
IDENTIFIER: Final = Parameter("identifier", "Any identifier, `ror:…` and so on.", parse_identifier)
PROVIDER: Final = Parameter(
    "provider_type", "1: formal education, 2: other.", whole_number(1, 2), {"type": "integer", "enum": [1, 2]}
)
_NOT_FILTERS: Final = {"known_at", "after", "limit", "at", "register"}
REGISTER: Final = Parameter(
    "register",
    "Only what one register records, by its origin: ours, or that of a recognised peer. Default: ours and theirs.",
    example="register.nl.example/ledger",
)
SET_ASIDE: Final = Parameter(
    "set_aside",
    "`true`: also what peers said beyond the countries they may speak for; it is kept without counting.",
    lambda text: one_of("true", "false")(text) == "true",
    {"type": "string", "enum": ["true", "false"]},
)
WHOSE: Final = (REGISTER, SET_ASIDE)
THIS: Final = (
    Parameter("register", "Origin of the register meant, where several use the id.", example=REGISTER.example),
    *TIMES,
)


def narrow(given: Mapping[str, Any], times: Times) -> Filters:
    """Return the filters of a list from its parameters."""
    return Filters(times.at, **{name: value for name, value in given.items() if name not in _NOT_FILTERS})


def answer_list(
    view: Address, request: Request, kind: str, select: Callable[..., Page[Any]], cut: Cut | None = None, **more: Any
) -> HttpResponse:
    """Answer a page of a list of one kind; `more` are filters that the address itself names, `cut` its register's."""
    given = view.query(request)
    times = read_heard(given) if cut is None else Times(given.get("at") or timezone.now(), cut)
    paging = {name: given[name] for name in ("after", "limit") if name in given}
    page = select(times.cut, narrow({**given, **more}, times), **paging)
    return answer_current(request, describe_records(request, kind, page, times))


def describe_records(request: Request, kind: str, page: Page[Any], times: Times) -> dict[str, Any]:
    """Return a page of records, each with its register."""
    placed = Page(place_page(page, times.cut), page.next)
    return describe_page(request, placed, lambda one: describe(kind, one.record, times.at, one.cut.origin))


def find_thing(view: Address, request: Request, kind: str, record_id: str) -> tuple[Any, Times]:
    """Return one thing, ours or a peer's, and the times of the read with the cut of its register."""
    times = read_heard(view.query(request))
    placed = find_placed(kind, record_id, times.cut)
    return placed.record, Times(times.at, placed.cut)


def answer_one(view: Address, request: Request, kind: str, record_id: UUID) -> HttpResponse:
    """Answer one thing as it is or was known."""
    record, times = find_thing(view, request, kind, str(record_id))
    return answer_current(request, describe_whole(kind, record, times))


def answer_history(view: Address, request: Request, kind: str, record_id: str) -> HttpResponse:
    """Answer what happened to a thing, newest first; 404 when there is no such thing."""
    given = view.query(request)
    _, times = find_thing(view, request, kind, record_id)
    page = read_history(kind, record_id, times.cut, given.get("after"), given.get("limit", 50))
    return answer_current(request, describe_page(request, page, lambda item: describe_happening(kind, item, times.at)))


INDEX_AFTER: Final = Parameter(
    "after", "Index of the last entry already seen.", whole_number(0, 10**15), {"type": "integer", "minimum": 0}
)
HISTORY_PARAMETERS: Final = (*THIS, INDEX_AFTER, PAGING[1])
ANY_IDENTIFIER: Final = {"id": {"type": "string", "description": "Id, or any identifier such as `ror:04dkp9463`."}}


class Issuers(verbs.RegisterIssuer):
    """All issuers."""

    parameters = (
        *(Q, COUNTRY, IDENTIFIER, AGENCY, *SEARCHED, KIND, *LIMITS, PROVIDER, *WHOSE),
        choice("status", "How they stand at `at`.", stated.ISSUER_STATES),
        *(*TIMES, *PAGING),
    )
    answers: ClassVar = {**verbs.RegisterIssuer.answers, "GET": listed("issuer")}

    def get(self, request: Request) -> HttpResponse:
        """Find issuers by name, country, identifier, or what they are accredited for.

        With `q` the best matches come first, else they come in the order of their registration. Those that recognised
        peers record are among them; each says which `register` it is from.
        """
        return answer_list(self, request, "issuer", lists.list_issuers)


class Issuer(Address):
    """One issuer."""

    parameters = THIS
    answers: ClassVar = {"GET": RESOURCES["issuer"]}
    path_schemas = ANY_IDENTIFIER
    problems = (409,)

    def get(self, request: Request, id: str) -> HttpResponse:
        """Give one issuer with its keys and relations.

        Any identifier will do; `Content-Location` then tells its own address.
        """
        times = read_heard(self.query(request))
        placed = find_issuer(id, times)
        told = describe_whole("issuer", placed.record, Times(times.at, placed.cut))
        path = with_register(f"/api/v1/issuers/{placed.record.id}", placed.cut.origin)
        return answer_current(request, told, {"Content-Location": f"{settings.ASSAY_BASE_URL}{path}"})


class IssuerHistory(Address):
    """What happened to one issuer."""

    parameters = HISTORY_PARAMETERS
    answers: ClassVar = {"GET": HISTORY}

    def get(self, request: Request, id: UUID) -> HttpResponse:
        """List the entries that concern an issuer, newest first."""
        return answer_history(self, request, "issuer", str(id))


class IssuerAccreditations(Address):
    """The accreditations of one issuer."""

    parameters = (
        *(AGENCY, *SEARCHED, KIND, *LIMITS, THIS[0], SET_ASIDE),
        choice("status", "How they stand at `at`.", stated.ACCREDITATION_STATES),
        *(*TIMES, *PAGING),
    )
    answers: ClassVar = {"GET": listed("accreditation")}

    def get(self, request: Request, id: UUID) -> HttpResponse:
        """List the accreditations of an issuer."""
        _, times = find_thing(self, request, "issuer", str(id))
        return answer_list(self, request, "accreditation", lists.list_accreditations, times.cut, issuer=str(id))


class IssuerKeys(verbs.BindKey):
    """The keys of one issuer."""

    parameters = (*THIS, *PAGING)
    answers: ClassVar = {**verbs.BindKey.answers, "GET": listed("key")}

    def get(self, request: Request, id: UUID) -> HttpResponse:
        """List the keys of an issuer, revoked ones among them."""
        given = self.query(request)
        _, times = find_thing(self, request, "issuer", str(id))
        page = list_keys(times.cut, str(id), given.get("after"), given.get("limit", 50))
        return answer_current(request, describe_records(request, "key", page, times))


class IssuerKey(Address):
    """One key."""

    parameters = THIS
    answers: ClassVar = {"GET": RESOURCES["key"]}

    def get(self, request: Request, id: UUID, key: UUID) -> HttpResponse:
        """Give one key of an issuer."""
        record, times = find_thing(self, request, "key", str(key))
        if record.issuer != str(id):
            raise NotFound("key_unknown", "", "this issuer has no such key")
        return answer_current(request, describe("key", record, times.at, times.cut.origin))


class Agencies(verbs.RecogniseAgency):
    """All agencies."""

    parameters = (
        *(Q, COUNTRY, REGISTER),
        choice("status", "How they stand at `at`.", stated.AGENCY_STATES),
        *(*TIMES, *PAGING),
    )
    answers: ClassVar = {**verbs.RecogniseAgency.answers, "GET": listed("agency")}

    def get(self, request: Request) -> HttpResponse:
        """Find quality assurance agencies by name, country or status."""
        return answer_list(self, request, "agency", lists.list_agencies)


class Agency(Address):
    """One agency."""

    parameters = THIS
    answers: ClassVar = {"GET": RESOURCES["agency"]}

    def get(self, request: Request, id: UUID) -> HttpResponse:
        """Give one agency."""
        return answer_one(self, request, "agency", id)


class AgencyHistory(Address):
    """What happened to one agency."""

    parameters = HISTORY_PARAMETERS
    answers: ClassVar = {"GET": HISTORY}

    def get(self, request: Request, id: UUID) -> HttpResponse:
        """List the entries about an agency, newest first."""
        return answer_history(self, request, "agency", str(id))


class Programmes(verbs.RegisterProgramme):
    """All programmes."""

    parameters = (
        *(Q, ISSUER, *SEARCHED, *LIMITS, REGISTER),
        choice("status", "How they stand at `at`.", stated.PROGRAMME_STATES),
        *(*TIMES, *PAGING),
    )
    answers: ClassVar = {**verbs.RegisterProgramme.answers, "GET": listed("programme")}

    def get(self, request: Request) -> HttpResponse:
        """Find programmes by title, issuer, type, level or field."""
        return answer_list(self, request, "programme", lists.list_programmes)


class Programme(Address):
    """One programme."""

    parameters = THIS
    answers: ClassVar = {"GET": RESOURCES["programme"]}

    def get(self, request: Request, id: UUID) -> HttpResponse:
        """Give one programme."""
        return answer_one(self, request, "programme", id)


class Accreditations(verbs.GrantAccreditation):
    """All accreditations."""

    parameters = (
        *(ISSUER, AGENCY, COUNTRY, *SEARCHED, KIND, *LIMITS, *WHOSE),
        choice("status", "How they stand at `at`.", stated.ACCREDITATION_STATES),
        *(*TIMES, *PAGING),
    )
    answers: ClassVar = {**verbs.GrantAccreditation.answers, "GET": listed("accreditation")}

    def get(self, request: Request) -> HttpResponse:
        """Find accreditations by issuer, agency, country, scope or status."""
        return answer_list(self, request, "accreditation", lists.list_accreditations)


class Accreditation(Address):
    """One accreditation."""

    parameters = THIS
    answers: ClassVar = {"GET": RESOURCES["accreditation"]}

    def get(self, request: Request, id: UUID) -> HttpResponse:
        """Give one accreditation."""
        return answer_one(self, request, "accreditation", id)


class AccreditationHistory(Address):
    """What happened to one accreditation."""

    parameters = HISTORY_PARAMETERS
    answers: ClassVar = {"GET": HISTORY}

    def get(self, request: Request, id: UUID) -> HttpResponse:
        """List the entries about an accreditation, newest first."""
        return answer_history(self, request, "accreditation", str(id))


class Mandates(verbs.GrantMandate):
    """All mandates."""

    parameters = (ISSUER, REGISTER, *TIMES, *PAGING)
    answers: ClassVar = {**verbs.GrantMandate.answers, "GET": listed("mandate")}

    def get(self, request: Request) -> HttpResponse:
        """List mandates, those given by or to one issuer when it is named."""
        given = self.query(request)
        times = read_heard(given)
        page = list_mandates(times.cut, given.get("issuer"), given.get("after"), given.get("limit", 50))
        return answer_current(request, describe_records(request, "mandate", page, times))


class Mandate(Address):
    """One mandate."""

    parameters = THIS
    answers: ClassVar = {"GET": RESOURCES["mandate"]}

    def get(self, request: Request, id: UUID) -> HttpResponse:
        """Give one mandate."""
        return answer_one(self, request, "mandate", id)
