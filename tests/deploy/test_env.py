"""Settings are read strictly: a wrong value is refused by name, never bent into something else."""

from pathlib import Path

import pytest

from deploy.database import parse_database_url
from deploy.env import Environment, SettingError, read_environment, read_node_file


def env(**values: str) -> Environment:
    return Environment(values)


def test_missing_value_is_refused_by_name() -> None:
    with pytest.raises(SettingError, match="SECRET_KEY is not set"):
        env().text("SECRET_KEY")


def test_empty_value_counts_as_missing() -> None:
    with pytest.raises(SettingError, match="SECRET_KEY is not set"):
        env(SECRET_KEY="  ").text("SECRET_KEY")
    assert env(A="").integer("A", 7) == 7


@pytest.mark.parametrize("value", ["-1", "1.0", "ten", "٣", "0x10", "1e3"])
def test_number_is_decimal_digits_only(value: str) -> None:
    with pytest.raises(SettingError, match="A must be a whole number"):
        env(A=value).integer("A", 1)


def test_number_below_the_minimum_is_refused() -> None:
    with pytest.raises(SettingError, match="at least 5"):
        env(A="4").integer("A", 9, at_least=5)
    assert env(A="5").integer("A", 9, at_least=5) == 5


@pytest.mark.parametrize("value", ["yes", "true", "on", "2"])
def test_flag_is_0_or_1(value: str) -> None:
    with pytest.raises(SettingError, match="A must be 0 or 1"):
        env(A=value).flag("A")
    assert env(A="1").flag("A")
    assert not env(A="0").flag("A", default=True)


@pytest.mark.parametrize("value", ["", "NL,be", "NLD", "N1", "NL;BE", "ΝL"])
def test_territory_is_a_list_of_country_codes(value: str) -> None:
    with pytest.raises(SettingError, match="ASSAY_TERRITORY must list"):
        env(ASSAY_TERRITORY=value).countries("ASSAY_TERRITORY")


def test_territory_keeps_its_order_and_drops_blanks() -> None:
    assert env(ASSAY_TERRITORY=" NL, BE,").countries("ASSAY_TERRITORY") == ["NL", "BE"]


@pytest.mark.parametrize("value", ["register.example", "http://register.example/", "ftp://register.example"])
def test_web_address_has_a_scheme_and_no_closing_slash(value: str) -> None:
    with pytest.raises(SettingError, match="ASSAY_BASE_URL"):
        env(ASSAY_BASE_URL=value).web_address("ASSAY_BASE_URL")


def test_choice_names_what_is_allowed() -> None:
    with pytest.raises(SettingError, match="one of app, owner; got 'root'"):
        env(ASSAY_DATABASE_ROLE="root").choice("ASSAY_DATABASE_ROLE", ("app", "owner"))


def test_environment_wins_over_the_node_file(tmp_path: Path) -> None:
    (tmp_path / "node.env").write_text("# a comment\n\nSECRET_KEY=stored=with=equals\nASSAY_NODE_NAME=nl\n")
    found = read_environment({"ASSAY_DATA_DIR": str(tmp_path), "ASSAY_NODE_NAME": "be", "SECRET_KEY": ""}, tmp_path)
    assert found.text("ASSAY_NODE_NAME") == "be"
    assert found.text("SECRET_KEY") == "stored=with=equals"


def test_malformed_line_of_the_node_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "node.env").write_text("A=1\nnonsense\n")
    with pytest.raises(SettingError, match="line 2"):
        read_node_file(tmp_path / "node.env")


@pytest.mark.parametrize("url", ["mysql://u:hunter2@h/d", "postgresql://u:hunter2@h", "host=h password=hunter2", "?"])
def test_refused_database_url_is_not_repeated(url: str) -> None:
    with pytest.raises(SettingError, match="DATABASE_URL must be like") as refusal:
        parse_database_url("DATABASE_URL", url)
    assert "hunter2" not in str(refusal.value)


def test_database_url_may_name_a_socket_and_a_password_of_any_bytes() -> None:
    parsed = parse_database_url("DATABASE_URL", "postgresql://u:p%40%2F@/d?host=%2Frun%2Fpg&port=5433")
    assert parsed == {"user": "u", "password": "p@/", "dbname": "d", "host": "/run/pg", "port": "5433"}


def test_networks_are_read_as_cidr_and_none_by_default() -> None:
    found = Environment({"PEERS": "10.1.0.0/16, fd00::/8"})
    assert [str(network) for network in found.networks("PEERS")] == ["10.1.0.0/16", "fd00::/8"]
    assert found.networks("ABSENT") == []


@pytest.mark.parametrize("value", ["10.1.0.0/33", "10.1.2.3/16", "localhost", "10.1"])
def test_what_is_no_network_is_refused(value: str) -> None:
    with pytest.raises(SettingError, match="PEERS must list networks"):
        Environment({"PEERS": value}).networks("PEERS")
