"""What was erased stays erased, also when an older copy of the vault is brought back."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from uuid import UUID

import psycopg
import pytest

from ledger import erasures
from ledger.database import Database, connect
from ledger.erasures import FILE_NAME, Erasure, carry_out, read, reapply
from ledger.kek import Kek
from ledger.vault import Vault

KEK = Kek(bytes(range(32)))
SCHEMA = "ledger"
NUMBER = "110-2233-446789"


@pytest.fixture
def vault(vault_database: Database) -> Vault:
    return Vault(vault_database.vault, vault_database.schema, UUID(int=11), KEK)


@pytest.fixture
def own(vault_database: Database) -> Iterator[psycopg.Connection]:
    """Give a connection under the role that uses the vault."""
    with connect(vault_database.vault) as connection:
        yield connection


def kept(vault: Vault, key: str) -> str:
    return asyncio.run(vault.put_destination("key_service", key, account_number=NUMBER, holder="Haneul Jeong"))


def erased(vault: Vault, *keys: str) -> list[str]:
    """Keep destinations and erase them; return their tokens."""
    tokens = [kept(vault, key) for key in keys]
    for token in tokens:
        assert asyncio.run(vault.erase(token))
    return tokens


def subjects(connection: psycopg.Connection) -> list[str]:
    return [token for (token,) in connection.execute("SELECT token FROM ledger.subject ORDER BY created_at")]


def put_aside(connection: psycopg.Connection) -> None:
    """Remember all subjects, as a backup does."""
    connection.execute("CREATE TEMPORARY TABLE aside AS SELECT * FROM ledger.subject")


def bring_back(connection: psycopg.Connection, admin: psycopg.Connection) -> None:
    """Make the vault what it was when its subjects were put aside."""
    connection.execute("DELETE FROM ledger.subject")
    admin.execute("DELETE FROM ledger.erased")
    connection.execute("INSERT INTO ledger.subject SELECT * FROM aside")


def test_every_way_of_erasing_is_noted_and_no_value_with_it(vault: Vault, own: psycopg.Connection) -> None:
    by_hand = erased(vault, "refund-0001")
    late = kept(vault, "refund-0002")

    asyncio.run(vault.purge(date(9999, 1, 1)))

    noted = own.execute("SELECT token FROM ledger.erased ORDER BY number").fetchall()
    assert noted == [(by_hand[0],), (late,)]


def test_a_file_carries_each_erasure_out_once(vault: Vault, own: psycopg.Connection, tmp_path: Path) -> None:
    first = erased(vault, "refund-0001", "refund-0002")
    assert carry_out(own, SCHEMA, tmp_path) == 2
    assert carry_out(own, SCHEMA, tmp_path) == 0
    second = erased(vault, "refund-0003")

    assert carry_out(own, SCHEMA, tmp_path) == 1

    lines = list(read(tmp_path / FILE_NAME))
    assert [line.token for line in lines] == first + second
    assert (tmp_path / FILE_NAME).stat().st_mode & 0o777 == 0o600
    assert NUMBER not in (tmp_path / FILE_NAME).read_text()


def test_a_line_that_a_crash_has_cut_off_is_passed_over_and_written_again(
    vault: Vault, own: psycopg.Connection, tmp_path: Path
) -> None:
    tokens = erased(vault, "refund-0001", "refund-0002")
    carry_out(own, SCHEMA, tmp_path)
    file = tmp_path / FILE_NAME
    file.write_bytes(file.read_bytes()[:-20])
    assert [line.token for line in read(file)] == tokens[:1]

    assert carry_out(own, SCHEMA, tmp_path) == 1

    assert [line.token for line in read(file)] == tokens


def test_whoever_a_backup_brings_back_is_erased_again(
    vault: Vault, vault_database: Database, own: psycopg.Connection, tmp_path: Path
) -> None:
    stays = kept(vault, "refund-0001")
    gone = kept(vault, "refund-0002")
    put_aside(own)
    asyncio.run(vault.erase(gone))
    carry_out(own, SCHEMA, tmp_path)
    with connect(vault_database.vault_migrate) as admin:
        bring_back(own, admin)
    assert subjects(own) == [stays, gone]

    assert reapply(own, SCHEMA, read(tmp_path / FILE_NAME)).erased == 1

    assert subjects(own) == [stays]
    assert reapply(own, SCHEMA, read(tmp_path / FILE_NAME)).erased == 0


def test_who_was_put_again_after_an_erasure_stays(vault: Vault, own: psycopg.Connection, tmp_path: Path) -> None:
    erased(vault, "refund-0001")
    carry_out(own, SCHEMA, tmp_path)
    again = kept(vault, "refund-0001")

    assert reapply(own, SCHEMA, read(tmp_path / FILE_NAME)) == erasures.Reapplied(1, 0, 0)

    assert subjects(own) == [again]


def test_a_list_from_elsewhere_is_known_to_the_vault_afterwards(own: psycopg.Connection, tmp_path: Path) -> None:
    at = datetime(2026, 3, 2, tzinfo=UTC).isoformat()

    assert reapply(own, SCHEMA, [Erasure(number, f"dst_{number}", at, at) for number in (7, 8, 7)]).listed == 2

    assert carry_out(own, SCHEMA, tmp_path) == 2
    assert [line.token for line in read(tmp_path / FILE_NAME)] == ["dst_7", "dst_8"]


def test_a_shelf_that_still_holds_something_stays_and_is_counted(vault: Vault, own: psycopg.Connection) -> None:
    shelves = asyncio.run(vault.book.folders("acc_1"))
    (group,) = asyncio.run(vault.book.groups("acc_1"))
    at = own.execute("SELECT token, created_at::text FROM ledger.subject").fetchall()
    listed = [Erasure(1, token, made, made) for token, made in at if token == shelves[0].id]

    assert reapply(own, SCHEMA, listed) == erasures.Reapplied(1, 0, 1)

    both = [Erasure(1, token, made, made) for token, made in at]
    assert {token for token, _ in at} == {shelves[0].id, group.id}
    assert reapply(own, SCHEMA, both) == erasures.Reapplied(2, 2, 0)
    assert subjects(own) == []
