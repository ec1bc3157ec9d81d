"""What a superuser can do to the tables, and that `verify` says so."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from uuid import UUID

import psycopg
import pytest

from aggregates import ids
from ledger import anchor
from ledger import verify as verifying
from ledger.database import Database
from ledger.engine import Engine
from ledger.verify import Report, verify
from tests.ledger.desk import SetClock, account_with, call, spend

pytestmark = pytest.mark.anyio


@pytest.fixture
async def accounts(engine: Engine) -> list[str]:
    """Two accounts with three spends and a refusal each: 10 facts."""
    made = [await account_with(engine, 1_000, name) for name in ("Blue Kite Trading", "Grey Heron Cafe")]
    for account_id in made:
        for n in range(3):
            await engine.submit(spend(account_id, 10), call(f"{account_id}-{n:04}"))
        await engine.submit(spend(account_id, 9_999), call(f"{account_id}-refused"))
    return made


class Superuser:
    """Does to the tables what only a superuser can."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def run(self, *statements: str) -> None:
        with psycopg.connect(self._database.migrate) as connection:
            connection.execute(f"SET search_path = {self._database.schema}".encode())
            connection.execute(b"SET ledger.maintenance = on")
            for table in ("ledger_events", "ledger_blocks", "ledger_refusals"):
                connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER ALL".encode())
            for statement in statements:
                connection.execute(statement.encode())
            for table in ("ledger_events", "ledger_blocks", "ledger_refusals"):
                connection.execute(f"ALTER TABLE {table} ENABLE ALWAYS TRIGGER append_only_rows".encode())

    def verify(self, anchors: list[anchor.Anchor] | None = None) -> Report:
        with psycopg.connect(self._database.app) as connection:
            return verify(connection, self._database.schema, anchors or [])

    def head(self) -> tuple[UUID, int, int, bytes]:
        with psycopg.connect(self._database.app) as connection:
            schema = self._database.schema
            query = f"""SELECT i.ledger_id, b.number, b.last_position, b.hash FROM {schema}.ledger_blocks b,
                {schema}.ledger_identity i ORDER BY b.number DESC LIMIT 1"""
            row: Any = connection.execute(query.encode()).fetchone()
            return row[0], row[1], row[2], row[3]


@pytest.fixture
def superuser(ledger_database: Database) -> Superuser:
    """The one whom no right holds back."""
    return Superuser(ledger_database)


@pytest.mark.parametrize("fetch_rows", [1, 3, 10, 5_000])
async def test_an_untouched_ledger_has_no_findings(
    accounts: list[str], superuser: Superuser, monkeypatch: pytest.MonkeyPatch, fetch_rows: int
) -> None:
    monkeypatch.setattr(verifying, "FETCH_ROWS", fetch_rows)

    report = superuser.verify()

    assert (report.ok, report.facts, report.position, report.refusals) == (True, 10, 10, 2)


CHANGES = {
    "a changed byte": (
        ["UPDATE ledger_events SET state = set_byte(state, 30, get_byte(state, 30) # 1) WHERE notification_id = 4"],
        "changed_batch",
    ),
    "a changed amount": (
        [
            "UPDATE ledger_events SET state = convert_to(replace(convert_from(state, 'UTF8'),"
            " '\"balance_minor\":990', '\"balance_minor\":999'), 'UTF8') WHERE notification_id = 5"
        ],
        "changed_batch",
    ),
    "another topic": (
        ["UPDATE ledger_events SET topic = 'account.frozen' WHERE notification_id = 7"],
        "changed_batch",
    ),
    "two swapped rows": (
        [
            "UPDATE ledger_events SET notification_id = -notification_id WHERE notification_id IN (5, 6)",
            "UPDATE ledger_events SET notification_id = 11 + notification_id WHERE notification_id < 0",
        ],
        "changed_batch",
    ),
    "a deleted row in the middle": (["DELETE FROM ledger_events WHERE notification_id = 6"], "missing_fact"),
    "a row hidden before the first": (
        ["UPDATE ledger_events SET notification_id = -9223372036854775808 WHERE notification_id = 6"],
        "changed_batch",
    ),
    "a row hidden far behind the last": (
        ["UPDATE ledger_events SET notification_id = 9223372036854775807 WHERE notification_id = 10"],
        "unsealed_fact",
    ),
    "a deleted tail": (["DELETE FROM ledger_events WHERE notification_id >= 9"], "missing_fact"),
    "a stripped key": (["UPDATE ledger_events SET command_key = NULL WHERE notification_id = 5"], "changed_batch"),
    "a changed refusal": (
        [
            "UPDATE ledger_refusals SET record = set_byte(record, 3, 65)"
            " WHERE block = (SELECT max(block) FROM ledger_refusals)"
        ],
        "changed_batch",
    ),
    "a deleted refusal": (["DELETE FROM ledger_refusals"], "refusal_count"),
    "a changed block": (["UPDATE ledger_blocks SET digest = sha256('x') WHERE number = 3"], "forged_block"),
    "a deleted block": (["DELETE FROM ledger_blocks WHERE number = 3"], "missing_block"),
    "a fact past the door": (
        [
            "INSERT INTO ledger_events SELECT originator_id, 99, topic, state, 11, NULL FROM ledger_events"
            " WHERE notification_id = 5"
        ],
        "unsealed_fact",
    ),
}


@pytest.mark.parametrize("change", CHANGES)
async def test_verify_finds_what_a_superuser_did(accounts: list[str], superuser: Superuser, change: str) -> None:
    statements, code = CHANGES[change]
    # The positions' own check would refuse the swap's first step; a superuser can drop it as well.
    unchecked = "ALTER TABLE ledger_events DROP CONSTRAINT IF EXISTS ledger_events_notification_id_check"

    superuser.run(unchecked, *statements)
    report = superuser.verify()

    assert code in {finding.code for finding in report.findings}


async def test_verify_finds_a_deleted_account(accounts: list[str], superuser: Superuser) -> None:
    stream_id = ids.stream_id(accounts[0])

    superuser.run(f"DELETE FROM ledger_events WHERE originator_id = '{stream_id}'")

    codes = [finding.code for finding in superuser.verify().findings]
    assert "missing_fact" in codes


async def test_a_tail_cut_off_with_its_blocks_is_found_by_an_anchor_alone(
    accounts: list[str], superuser: Superuser, tmp_path: Path, clock: SetClock
) -> None:
    anchor.append(tmp_path, *superuser.head(), clock.now())
    cut = "(SELECT max(number) - 2 FROM ledger_blocks)"

    superuser.run(
        f"DELETE FROM ledger_events USING ledger_blocks WHERE notification_id > last_position AND number = {cut}",
        f"DELETE FROM ledger_refusals WHERE block > {cut}",
        f"DELETE FROM ledger_blocks WHERE number > {cut}",
    )

    assert superuser.verify().ok
    assert [finding.code for finding in superuser.verify(list(anchor.read(tmp_path))).findings] == ["anchor_missing"]


async def test_an_anchor_is_written_once_for_the_same_head(
    accounts: list[str], superuser: Superuser, tmp_path: Path, clock: SetClock
) -> None:
    first = anchor.append(tmp_path, *superuser.head(), clock.now())
    again = anchor.append(tmp_path, *superuser.head(), clock.now())

    assert (first, again) == (True, False)
    assert superuser.verify(list(anchor.read(tmp_path))).ok
