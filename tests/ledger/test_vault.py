"""Personal data opens only in its own place, under its own key, and is gone when it is erased."""

from __future__ import annotations

import asyncio
import hmac
from collections.abc import Coroutine, Iterator
from datetime import date
from hashlib import sha256
from pathlib import Path
from typing import Any, TypeVar
from uuid import UUID

import psycopg
import pytest
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF
from hypothesis import given
from hypothesis.strategies import binary, text
from psycopg.conninfo import conninfo_to_dict, make_conninfo

from ledger.database import Database, connect
from ledger.kek import Kek, KekUnusable, SealBroken, load_kek, seal
from ledger.recall import KeyReused
from ledger.settings import Settings
from ledger.vault import PAYOUT_BASIS, SubjectHeld, SubjectNotFound, Vault, VaultUnavailable, mask, open_vault

T = TypeVar("T")

LEDGER_ID = UUID(int=11)
NUMBER, HOLDER = "110-2233-446789", "Haneul Jeong"
KEK = Kek(bytes(range(32)))


def run(work: Coroutine[Any, Any, T]) -> T:
    return asyncio.run(work)


def kept(vault: Vault, key: str = "refund-0001", number: str = NUMBER, holder: str = HOLDER) -> str:
    """Keep a destination; return its token."""
    return run(vault.put_destination("key_service", key, account_number=number, holder=holder))


@pytest.fixture
def vault(vault_database: Database) -> Vault:
    return Vault(vault_database.vault, vault_database.schema, LEDGER_ID, KEK)


@pytest.fixture
def superuser(vault_database: Database) -> Iterator[psycopg.Connection]:
    with connect(vault_database.vault_migrate) as connection:
        yield connection


def test_what_is_put_can_be_got(vault: Vault) -> None:
    token = kept(vault)

    assert token.startswith("dst_")
    assert run(vault.get(token)) == {"account_number": NUMBER, "holder": HOLDER}


def test_the_same_request_again_keeps_nothing_new_and_has_the_same_token(
    vault: Vault, superuser: psycopg.Connection
) -> None:
    first = kept(vault)
    before = superuser.execute("SELECT * FROM ledger.item ORDER BY field").fetchall()

    again = kept(vault)

    assert again == first
    assert superuser.execute("SELECT * FROM ledger.item ORDER BY field").fetchall() == before


def test_the_same_key_with_another_account_number_is_refused_and_the_first_one_stays(vault: Vault) -> None:
    token = kept(vault)

    with pytest.raises(KeyReused):
        kept(vault, number="110-9999-000000")

    assert run(vault.get(token))["account_number"] == NUMBER


def test_two_requests_for_one_account_number_have_tokens_that_share_nothing(vault: Vault) -> None:
    assert kept(vault, "refund-0001") != kept(vault, "refund-0002")


def test_no_plaintext_lies_in_the_tables(vault: Vault, superuser: psycopg.Connection) -> None:
    kept(vault)

    for table in ("subject", "item"):
        for row in superuser.execute(f"SELECT * FROM ledger.{table}".encode()).fetchall():
            for value in row:
                stored = value if isinstance(value, bytes) else str(value).encode()
                assert NUMBER.encode() not in stored
                assert HOLDER.encode() not in stored


def test_an_item_is_kept_for_five_years_by_the_law_it_names(vault: Vault, superuser: psycopg.Connection) -> None:
    kept(vault)

    basis, until, years = (
        superuser.execute("SELECT legal_basis, retain_until, retain_until - current_date FROM ledger.item").fetchone()
        or ()
    )

    assert basis == PAYOUT_BASIS
    assert isinstance(until, date)
    assert 5 * 365 - 1 <= years <= 5 * 366


SWAPS = {
    "between fields": (
        "UPDATE ledger.item a SET (ciphertext, nonce) = (SELECT ciphertext, nonce FROM ledger.item b"
        " WHERE b.token = a.token AND b.field <> a.field)"
    ),
    "between subjects": (
        "UPDATE ledger.item a SET (ciphertext, nonce) = (SELECT ciphertext, nonce FROM ledger.item b"
        " WHERE b.field = a.field AND b.token <> a.token)"
    ),
    "of keys between subjects": (
        "UPDATE ledger.subject a SET (dek_wrapped, nonce) = (SELECT dek_wrapped, nonce FROM ledger.subject b"
        " WHERE b.token <> a.token)"
    ),
    "of keys and fields between subjects": (
        "UPDATE ledger.subject a SET (dek_wrapped, nonce) = (SELECT dek_wrapped, nonce FROM ledger.subject b"
        " WHERE b.token <> a.token);"
        "UPDATE ledger.item a SET (ciphertext, nonce) = (SELECT ciphertext, nonce FROM ledger.item b"
        " WHERE b.field = a.field AND b.token <> a.token)"
    ),
    "of a byte": "UPDATE ledger.item SET ciphertext = set_byte(ciphertext, 0, get_byte(ciphertext, 0) # 1)",
    "of a nonce": "UPDATE ledger.item SET nonce = set_byte(nonce, 0, get_byte(nonce, 0) # 1)",
    "of a name": "UPDATE ledger.item SET field = 'name' WHERE field = 'holder'",
    "of the key's name": "UPDATE ledger.subject SET kek_id = 'another'",
}


@pytest.mark.parametrize("swap", SWAPS)
def test_a_swap_does_not_open(vault: Vault, superuser: psycopg.Connection, swap: str) -> None:
    tokens = [kept(vault, "refund-0001"), kept(vault, "refund-0002", "220-1111-222233", "Nari Seo")]

    superuser.execute(SWAPS[swap].encode())

    for token in tokens:
        with pytest.raises(SealBroken):
            run(vault.get(token))


def test_a_subject_does_not_open_in_another_ledgers_name_or_under_another_key(
    vault: Vault, vault_database: Database
) -> None:
    token = kept(vault)

    for ledger_id, kek in ((UUID(int=12), KEK), (LEDGER_ID, Kek(bytes(32)))):
        other = Vault(vault_database.vault, vault_database.schema, ledger_id, kek)
        with pytest.raises(SealBroken):
            run(other.get(token))


def test_an_erased_subject_is_gone_and_the_others_stay(vault: Vault, superuser: psycopg.Connection) -> None:
    token, other = kept(vault, "refund-0001"), kept(vault, "refund-0002")

    assert run(vault.erase(token))

    with pytest.raises(SubjectNotFound):
        run(vault.get(token))
    assert run(vault.masked(token)) == "***"
    assert run(vault.masked(other)) == "***-***-6789"
    assert superuser.execute("SELECT count(*) FROM ledger.item").fetchone() == (2,)
    assert not run(vault.erase(token))


def test_a_subject_under_a_legal_hold_is_not_erased(vault: Vault, superuser: psycopg.Connection) -> None:
    token = kept(vault)
    superuser.execute("UPDATE ledger.item SET hold = true WHERE field = 'holder'")

    with pytest.raises(SubjectHeld):
        run(vault.erase(token))

    assert run(vault.get(token))["holder"] == HOLDER


def test_many_tokens_are_masked_at_once(vault: Vault) -> None:
    tokens = [kept(vault, f"refund-000{number}", f"1102233{number}000{number}") for number in range(3)]

    masked = run(vault.masked_all([*tokens, "dst_unknown"]))

    assert masked == dict(zip(tokens, ["***-***-0000", "***-***-0001", "***-***-0002"], strict=True)) | {
        "dst_unknown": "***"
    }


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("110-2233-446789", "***-***-6789"),
        ("12345678", "***-***-5678"),
        ("1234567", "***"),
        ("12-34-567", "***"),
        ("", "***"),
    ],
)
def test_a_mask_shows_four_digits_of_eight_or_more(number: str, shown: str) -> None:
    assert mask(number) == shown


def test_a_vault_that_is_away_is_said_to_be(vault_database: Database) -> None:
    gone = Vault("host=/nowhere dbname=vault user=nobody", vault_database.schema, LEDGER_ID, KEK)

    with pytest.raises(VaultUnavailable):
        kept(gone)


def test_the_vaults_role_reaches_the_vault_alone_and_no_other_role_reaches_it(
    vault_database: Database, ledger_database: Database
) -> None:
    vault, app = vault_database.vault, ledger_database.app

    for role, database in ((vault, app), (app, vault)):
        mixed = make_conninfo(role, dbname=conninfo_to_dict(database)["dbname"])
        with pytest.raises(psycopg.OperationalError, match="permission denied"):
            connect(mixed)


@given(path=text(max_size=200), body=binary(max_size=300))
def test_a_request_hash_is_hmac_sha256_of_the_framed_request_under_a_derived_key(path: str, body: bytes) -> None:
    kek = bytes(range(32))
    salt = sha256(b"payments-ledger").digest()
    key = HKDF(SHA256(), 32, salt, b"request hash").derive(kek)
    framed = b"".join(len(part).to_bytes(4, "big") + part for part in (b"POST", path.encode(), body))

    assert Kek(kek).request_hash("POST", path, body) == hmac.digest(key, framed, "sha256").hex()[:32]


def test_a_request_hash_is_keyed_and_tells_requests_apart() -> None:
    first = KEK.request_hash("POST", "/v1/accounts", b"{}")

    assert first == KEK.request_hash("POST", "/v1/accounts", b"{}")
    assert len(first) == 32
    assert (
        len({first, KEK.request_hash("PUT", "/v1/accounts", b"{}"), KEK.request_hash("POST", "/v1/account", b"s{}")})
        == 3
    )
    assert Kek(bytes(32)).request_hash("POST", "/v1/accounts", b"{}") != first


def test_a_key_is_made_once_with_a_warning_and_for_its_owners_eyes(tmp_path: Path) -> None:
    settings, warnings = Settings(data_dir=tmp_path), list[str]()

    first = load_kek(settings, warnings.append)
    second = load_kek(settings, warnings.append)

    assert first.id == second.id
    assert len(warnings) == 1
    assert (tmp_path / "secrets" / "kek").stat().st_mode & 0o777 == 0o600


@pytest.mark.parametrize(
    ("text", "mode", "says"),
    [
        (None, 0o600, "cannot be read"),
        ("AAAA", 0o600, "32 bytes"),
        ("?", 0o600, "32 bytes"),
        ("A" * 43, 0o640, "chmod 600"),
    ],
)
def test_a_key_file_that_is_missing_short_or_open_is_refused(
    tmp_path: Path, text: str | None, mode: int, says: str
) -> None:
    file = tmp_path / "kek"
    if text is not None:
        file.write_text(text)
        file.chmod(mode)

    with pytest.raises(KekUnusable, match=says):
        load_kek(Settings(kek_file=file))


def test_a_key_never_shows_itself() -> None:
    assert repr(KEK) == f"Kek({KEK.id})"


def test_every_seal_has_a_nonce_of_its_own() -> None:
    nonces = {seal(bytes(32), b"value", b"place")[0] for _ in range(10_000)}

    assert len(nonces) == 10_000


def test_a_vault_opens_for_the_ledger_it_belongs_to(ledger_database: Database, tmp_path: Path) -> None:
    vault = open_vault(Settings(data_dir=tmp_path), ledger_database)

    token = kept(vault)

    assert run(vault.masked(token)) == "***-***-6789"
    assert run(vault.erase(token))
