"""Addresses: by what they are counted and what of them is kept, however a proxy writes them."""

from __future__ import annotations

import pytest
from django.test import RequestFactory
from pytest_django import Settings

from register.access.addresses import is_of_this_machine, name_subject, read_network


@pytest.mark.parametrize(
    ("address", "subject"),
    [
        ("192.0.2.1", "192.0.2.1"),
        ("192.0.2.1:4711", "192.0.2.1"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::1]:443", "2001:db8:1:2::/64"),
        ("[2001:db8:1:2::1]", "2001:db8:1:2::/64"),
        ("::ffff:192.0.2.1", "192.0.2.1"),
    ],
)
def test_an_address_is_counted_without_its_port_and_a_network_of_ipv6_as_one(address: str, subject: str) -> None:
    assert name_subject(address) == subject


def test_what_is_no_address_is_counted_by_its_hash() -> None:
    first, second = name_subject("a" * 10_000), name_subject("unknown")
    assert first != second
    assert len(first) == len(second) == 32


@pytest.mark.parametrize(
    ("address", "ours"),
    [
        ("127.0.0.1", True),
        ("127.8.8.8:1", True),
        ("::1", True),
        ("::ffff:127.0.0.1", True),
        ("[::1]:2", True),
        ("192.0.2.1", False),
        ("", False),
    ],
)
def test_programs_of_this_machine_are_told_by_loopback(address: str, ours: bool) -> None:
    assert is_of_this_machine(address) is ours


def test_of_an_address_with_a_port_the_network_is_kept(settings: Settings) -> None:
    settings.REST_FRAMEWORK = {**settings.REST_FRAMEWORK, "NUM_PROXIES": 1}
    request = RequestFactory().get("/", headers={"X-Forwarded-For": "203.0.113.1, 192.0.2.77:4711"})
    assert read_network(request) == "192.0.2.0/24"
