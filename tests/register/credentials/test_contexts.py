"""Contexts: carried with their hashes, licences and origin; unknown ones and such as rename terms are refused."""

from __future__ import annotations

import hashlib
import json
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from register.credentials.errors import CredentialError, NotGenuine, Unsupported
from register.credentials.proofs import contexts
from register.credentials.proofs.contexts import (
    MOST_CONTEXTS,
    DamagedContext,
    check_contexts,
    list_contexts,
    list_second_names,
    list_single_terms,
    read_context,
)

FILES = Path(contexts.__file__).parent / "context_files"
V2 = "https://www.w3.org/ns/credentials/v2"
ED25519 = "https://w3id.org/security/suites/ed25519-2020/v1"
HASHES = {
    "https://www.w3.org/2018/credentials/v1": "00d7dd6d3ad8b920e3e550dd3a3d9090bffcac84cdbf943da6924b3e0a5c8bb8",
    V2: "8a9f494a89ecc51db093e90e84713e07e84d6d9204364a9b3c7868b21751236f",
    "https://w3id.org/security/data-integrity/v2": "0f77743daf5b4e8fc067fc5ba5b21044283053aa717fc6b0219843bed3b00363",
    ED25519: "b9e1ab971fd8bf2c7553e0c4a9438e0b9450afde1ea1ca5b2492368b9f549588",
}
"""Hashes of the files as their packages have them, written down a second time."""

WANTED = """
https://www.w3.org/2018/credentials/v1 https://www.w3.org/ns/credentials/v2
https://www.w3.org/2018/credentials/examples/v1 https://www.w3.org/ns/credentials/examples/v2
https://w3id.org/security/data-integrity/v1 https://w3id.org/security/data-integrity/v2
https://w3id.org/security/suites/ed25519-2020/v1 https://w3id.org/security/suites/jws-2020/v1
https://w3id.org/security/multikey/v1 https://www.w3.org/ns/did/v1
https://www.w3.org/ns/credentials/status/v1 https://w3id.org/vc/status-list/2021/v1
https://purl.imsglobal.org/spec/ob/v3p0/context.json https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.1.json
https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.2.json https://purl.imsglobal.org/spec/ob/v3p0/context-3.0.3.json
https://purl.imsglobal.org/spec/ob/v3p0/extensions.json https://purl.imsglobal.org/spec/clr/v2p0/context-2.0.1.json
https://w3id.org/blockcerts/v2 https://w3id.org/blockcerts/v3 https://w3id.org/blockcerts/v3.1
https://w3id.org/blockcerts/v3.2 https://w3id.org/openbadges/v2 https://w3id.org/security/suites/merkle-2019/v1
""".split()


def inline(**terms: Any) -> list[Any]:
    return [V2, terms]


def test_every_context_is_there_with_exactly_the_bytes_of_the_table() -> None:
    assert {hashlib.sha256((FILES / one.file).read_bytes()).hexdigest() for one in list_contexts()} == {
        one.sha256 for one in list_contexts()
    }
    assert {one.file for one in list_contexts()} == {path.name for path in FILES.glob("*.json")} - {"table.json"}


def test_the_hashes_of_the_contexts_that_matter_most_are_pinned_twice() -> None:
    found = {url: one.sha256 for one in list_contexts() for url in one.urls}
    assert {url: found[url] for url in HASHES} == HASHES


def test_the_contexts_of_the_formats_are_carried() -> None:
    for url in WANTED:
        assert "@context" in read_context(url)


def test_the_readme_names_each_file_with_package_version_licence_and_hash() -> None:
    readme = (FILES / "README.md").read_text()
    for one in list_contexts():
        row = f"| {one.file} | {one.package} {one.version} | {one.licence} | `{one.sha256[:16]}` |"
        assert row in readme


def test_no_address_has_two_contexts_and_none_points_outside() -> None:
    urls = [url for one in list_contexts() for url in one.urls]
    assert len(urls) == len(set(urls))
    for one in list_contexts():
        read = read_context(one.urls[0])["@context"]
        for item in read if isinstance(read, list) else [read]:
            assert isinstance(item, dict) or item in urls


def test_every_package_has_its_licence_beside_it() -> None:
    texts = "\n".join(path.read_text() for path in (FILES / "licences").iterdir())
    assert all(phrase in texts for phrase in ("MIT License", "BSD 3-Clause", "W3C Software and Document License"))


def test_a_damaged_context_is_not_used(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (pinned,) = (one for one in list_contexts() if V2 in one.urls)
    altered = (FILES / pinned.file).read_bytes().replace(b"validUntil", b"validFrom2")
    monkeypatch.setattr(contexts, "_read_bytes", lambda name: altered)
    contexts._read_pinned.cache_clear()
    with pytest.raises(DamagedContext):
        read_context(V2)
    monkeypatch.undo()
    assert "validUntil" in json.dumps(read_context(V2))


@pytest.mark.parametrize(
    "url",
    ["https://www.w3.org/ns/credentials/v3", V2 + "/", V2.replace("https", "http"), V2 + "#x", "", "credentials/v2"],
)
def test_an_unknown_context_is_named_and_refused(url: str) -> None:
    with pytest.raises(Unsupported) as caught:
        check_contexts([V2, url])
    assert (caught.value.code, url in caught.value.message) == ("unknown_context", True)


@pytest.mark.parametrize("value", [None, 7, [None], [[V2]], [V2] * (MOST_CONTEXTS + 1), True])
def test_what_is_no_context_is_malformed(value: Any) -> None:
    with pytest.raises(NotGenuine) as caught:
        check_contexts(value)
    assert caught.value.code == "malformed_context"


@pytest.mark.parametrize(
    "terms",
    [
        {"studyMode": "https://college.example/terms#studyMode"},
        {"studyMode": {"@id": "https://college.example/terms#studyMode", "@type": "@id", "@container": "@set"}},
        {"ct": "https://college.example/terms#", "studyMode": {"@id": "ct:studyMode"}},
        {"@version": 1.1, "@protected": True, "studyMode": {"@id": "urn:college:studyMode", "@protected": True}},
        {"@vocab": "https://college.example/terms#"},
    ],
)
def test_terms_of_ones_own_that_stay_out_of_the_way_are_followed(terms: dict[str, Any]) -> None:
    check_contexts(inline(**terms))


@pytest.mark.parametrize(
    "terms",
    [
        {"validUntil": "https://college.example/terms#validUntil"},
        {"name": None},
        {"until": "https://www.w3.org/2018/credentials#validUntil"},
        {"until": {"@id": "https://www.w3.org/2018/credentials#validUntil"}},
        {"c2": "https://www.w3.org/2018/credentials#", "until": "c2:validUntil"},
        {"ob2": "https://purl.imsglobal.org/spec/vc/ob/vocab.html#", "award": {"@id": "ob2:achievement"}},
        {"@vocab": "https://www.w3.org/2018/credentials#"},
        {"@vocab": "https://www.w3.org/"},
        {"@vocab": "relative"},
        {"@base": "https://college.example/"},
        {"@language": "en"},
        {"@import": "https://college.example/context"},
        {"identity": "@id"},
        {"kind": "@type"},
        {"all": "@graph"},
        {"studyMode": "cred:validUntil"},
        {"studyMode": {"@id": "https://college.example/s", "@context": {"name": "https://college.example/n"}}},
        {"studyMode": {"@reverse": "https://college.example/s"}},
        {"studyMode": {"@id": "https://college.example/s", "@container": "@index"}},
        {"studyMode": {"@id": "https://college.example/s", "@type": "@json"}},
        {"a:b": "https://college.example/s"},
        {"": "https://college.example/s"},
        {f"t{number}": f"https://college.example/{number}" for number in range(300)},
    ],
)
def test_terms_that_could_give_another_name_to_a_carried_one_are_not_followed(terms: dict[str, Any]) -> None:
    with pytest.raises(Unsupported) as caught:
        check_contexts(inline(**terms))
    assert caught.value.code == "inline_context"


def test_second_names_of_what_has_a_usual_term_are_known() -> None:
    assert {"Achievement", "Profile", "Image", "Criteria", "uid"} <= list_second_names()
    assert (
        not {"id", "type", "achievement", "image", "OpenBadgeCredential", "VerifiableCredential"} & list_second_names()
    )


def test_terms_with_one_value_are_told_from_those_with_several() -> None:
    assert {"name", "validUntil", "targetUrl", "achievementType"} <= list_single_terms()
    assert not {"type", "alignment", "tag", "statusPurpose", "unheardOf"} & list_single_terms()


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=30) | st.sampled_from([V2, "@vocab", "@id"]),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=12) | st.just("@id"), inner, max_size=4)
    ),
    max_leaves=12,
)


@given(JSON)
def test_whatever_stands_as_a_context_is_followed_or_refused(value: Any) -> None:
    with suppress(CredentialError):
        check_contexts(value)
