"""Settings are read from the environment, typed, and never show a secret."""

from __future__ import annotations

from pathlib import Path

import pytest
from pydantic import ValidationError

from ledger.settings import Settings


def test_without_any_setting_the_ledger_runs_on_the_embedded_server_with_its_sandbox(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)

    settings = Settings()

    assert settings.embedded
    assert settings.sandbox_on
    assert settings.schema_name == "ledger"
    assert settings.data_folder == tmp_path / ".ledger"


def test_every_name_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    values = {
        "LEDGER_DATABASE_URL": "postgresql://app:pw@db.example/ledger",
        "LEDGER_MIGRATE_URL": "postgresql://root:pw@db.example/ledger",
        "LEDGER_VAULT_DATABASE_URL": "postgresql://vault:pw@db.example/vault",
        "LEDGER_DATA_DIR": "/srv/ledger",
        "LEDGER_SCHEMA": "seoul_1",
        "LEDGER_SANDBOX": "1",
        "LEDGER_BOOTSTRAP_KEY": "k" * 32,
        "LEDGER_KEK_FILE": "/run/kek",
        "LEDGER_SIGNING_KEY_FILE": "/run/signing",
        "LEDGER_LOG_FORMAT": "json",
    }
    for name, value in values.items():
        monkeypatch.setenv(name, value)

    settings = Settings()

    assert not settings.embedded
    assert settings.sandbox_on
    assert settings.schema_name == "seoul_1"
    assert settings.bootstrap_key is not None
    assert settings.bootstrap_key.get_secret_value() == "k" * 32
    assert (settings.kek_file, settings.signing_key_file) == (Path("/run/kek"), Path("/run/signing"))
    assert (settings.data_folder, settings.log_format) == (Path("/srv/ledger"), "json")
    assert "pw" not in repr(settings)


def test_an_empty_variable_counts_as_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEDGER_DATABASE_URL", "")

    assert Settings().embedded


def test_the_sandbox_is_off_with_a_database_of_ones_own_unless_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEDGER_DATABASE_URL", "postgresql://app:pw@db.example/ledger")

    assert not Settings().sandbox_on


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LEDGER_DATABASE_URL", "mysql://app:topsecret@db.example/ledger"),
        ("LEDGER_DATABASE_URL", "postgresql://app:topsecret@db.example/ledger?nonsense=topsecret"),
        ("LEDGER_SCHEMA", "Ledger"),
        ("LEDGER_SCHEMA", "1ledger"),
        ("LEDGER_SCHEMA", "pg_ledger"),
        ("LEDGER_SCHEMA", "public"),
        ("LEDGER_SCHEMA", "a" * 41),
        ("LEDGER_SCHEMA", 'x"; DROP'),
        ("LEDGER_SANDBOX", "perhaps"),
        ("LEDGER_BOOTSTRAP_KEY", "topsecret" * 3 + "1234"),
        ("LEDGER_BOOTSTRAP_KEY", "topsecret" * 4 + " "),
        ("LEDGER_LOG_FORMAT", "xml"),
        ("LEDGER_PUBLIC_URL", "gifts.example"),
        ("LEDGER_PUBLIC_URL", "ftp://gifts.example"),
        ("LEDGER_PUBLIC_URL", "https://gifts.example/coupons"),
        ("LEDGER_PUBLIC_URL", "https://gifts.example?topsecret"),
        ("LEDGER_PUBLIC_URL", "https://user:topsecret@gifts.example"),
        ("LEDGER_FALLBACK_NUMBER", "02-1234-5678"),
        ("LEDGER_FALLBACK_NUMBER", "1234567"),
        ("LEDGER_FALLBACK_NUMBER", "1234567890123"),
    ],
)
def test_a_value_that_cannot_be_meant_is_refused_without_being_repeated(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)

    with pytest.raises(ValidationError) as refused:
        Settings()

    assert "topsecret" not in str(refused.value)


def test_a_schema_name_of_40_characters_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEDGER_SCHEMA", "a" * 40)

    assert Settings().schema_name == "a" * 40


def test_charge_methods_and_maxima_are_read_as_json(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEDGER_CHARGE_METHODS", '["card"]')
    monkeypatch.setenv("LEDGER_CHARGE_MAXIMUM", '{"card": 5000000}')

    settings = Settings()

    assert (settings.charge_methods, settings.charge_maximum) == (("card",), {"card": 5_000_000})


@pytest.mark.parametrize(("given", "rate"), [(None, 0), ("0", 0), ("90", 90), ("100", 100)])
def test_the_share_of_expired_coupons_is_0_to_100_percent(
    monkeypatch: pytest.MonkeyPatch, given: str | None, rate: int
) -> None:
    """SPEC R-035: no money back by default."""
    if given is not None:
        monkeypatch.setenv("LEDGER_EXPIRED_REFUND_RATE", given)

    assert Settings().expired_refund_rate == rate


@pytest.mark.parametrize("given", ["-1", "101", "0.5", "all"])
def test_any_other_share_of_expired_coupons_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("LEDGER_EXPIRED_REFUND_RATE", given)

    with pytest.raises(ValidationError):
        Settings()


def test_an_unknown_charge_method_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LEDGER_CHARGE_METHODS", '["cheque"]')

    with pytest.raises(ValidationError):
        Settings()


def test_links_and_mms_have_an_address_and_a_number_of_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """SPEC 3.1, D1: the fallback number is the service's own."""
    plain = Settings()
    monkeypatch.setenv("LEDGER_PUBLIC_URL", "https://gifts.example:8443/")
    monkeypatch.setenv("LEDGER_FALLBACK_NUMBER", "15990000")
    settings = Settings()

    assert (plain.public_url, plain.fallback_number) == ("", "0200000000")
    assert (settings.public_url, settings.fallback_number) == ("https://gifts.example:8443", "15990000")


@pytest.mark.parametrize(("given", "days"), [(None, 30), ("0", 0), ("365", 365)])
def test_an_unanswered_payment_request_waits_for_as_many_days_as_are_set(
    monkeypatch: pytest.MonkeyPatch, given: str | None, days: int
) -> None:
    """SPEC R-103: thirty days by default."""
    if given is not None:
        monkeypatch.setenv("LEDGER_REQUEST_EXPIRY_DAYS", given)

    assert Settings().request_expiry_days == days


@pytest.mark.parametrize("given", ["-1", "366", "7.5", "never"])
def test_any_other_number_of_days_is_refused(monkeypatch: pytest.MonkeyPatch, given: str) -> None:
    monkeypatch.setenv("LEDGER_REQUEST_EXPIRY_DAYS", given)

    with pytest.raises(ValidationError):
        Settings()
