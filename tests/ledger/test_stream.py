"""Rows in bulk: they come in the order of their positions, as the bytes that were sealed, and break off loudly."""

from __future__ import annotations

from contextlib import aclosing

import psycopg
import pytest

from ledger import stream
from ledger.database import Database, connect_async
from ledger.engine import Engine
from ledger.replay import frozen
from ledger.seal import Row, packed
from tests.ledger.desk import account_with, call, spend

pytestmark = pytest.mark.anyio


@pytest.fixture
async def ten_facts(engine: Engine) -> None:
    """An account with money and eight spends."""
    account_id = await account_with(engine, 1_000)
    for n in range(8):
        await engine.submit(spend(account_id, 10), call(f"spend-{n:04}"))


async def read_all(database: Database, first: int, last: int) -> list[bytes]:
    async with (
        await connect_async(database.app) as connection,
        frozen(connection, database.schema),
        aclosing(stream.row_blocks(connection, first, last)) as blocks,
    ):
        return [row async for block in blocks for row in block]


def positions(rows: list[bytes]) -> list[int]:
    return [stream.HEAD(row)[0] for row in rows]


def read_some(database: Database, first: int, limit: int) -> list[bytes]:
    with psycopg.connect(database.app) as connection:
        connection.execute(f"SET search_path = {database.schema}".encode())
        return stream.sealed_rows(connection, first, limit)


async def test_from_the_streams_id_on_a_row_is_the_bytes_that_are_sealed(
    ten_facts: None, ledger_database: Database
) -> None:
    query = f"""SELECT originator_id, originator_version, topic, state, command_key
        FROM {ledger_database.schema}.ledger_events ORDER BY notification_id"""
    with psycopg.connect(ledger_database.app) as connection:
        stored = connection.execute(query.encode()).fetchall()

    rows = read_some(ledger_database, 1, 10)

    assert [row[stream.PACKED_AT :] for row in rows] == [
        packed(Row(id.bytes, version, topic.encode(), state, key.bytes)) for id, version, topic, state, key in stored
    ]


async def test_the_state_ends_a_row_without_its_key(ten_facts: None, ledger_database: Database) -> None:
    query = f"SELECT state FROM {ledger_database.schema}.ledger_events ORDER BY notification_id"
    with psycopg.connect(ledger_database.app) as connection:
        stored = connection.execute(query.encode()).fetchall()

    rows = await read_all(ledger_database, 1, 10)

    assert [row[stream.TOPIC_AT + stream.HEAD(row)[3] + 4 :] for row in rows] == [state for (state,) in stored]


@pytest.mark.parametrize("block_rows", [1, 3, 10, 500])
async def test_blocks_of_any_size_give_the_rows_asked_for(
    ten_facts: None, ledger_database: Database, monkeypatch: pytest.MonkeyPatch, block_rows: int
) -> None:
    monkeypatch.setattr(stream, "BLOCK_ROWS", block_rows)

    assert positions(await read_all(ledger_database, 1, 10)) == list(range(1, 11))
    assert positions(await read_all(ledger_database, 4, 7)) == [4, 5, 6, 7]
    assert positions(await read_all(ledger_database, 11, 99)) == []
    assert positions(read_some(ledger_database, stream.MIN, 99)) == list(range(1, 11))
    assert positions(read_some(ledger_database, 9, 1)) == [9]
    assert positions(read_some(ledger_database, 11, 5)) == []


async def test_what_the_server_breaks_off_with_is_raised(
    ten_facts: None, ledger_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaking = stream._COPY.replace(b"SELECT notification_id", b"SELECT notification_id / (7 - notification_id)")
    monkeypatch.setattr(stream, "_COPY", breaking)

    with pytest.raises(psycopg.errors.DivisionByZero):
        await read_all(ledger_database, 1, 10)
    with pytest.raises(psycopg.errors.DivisionByZero):
        read_some(ledger_database, 1, 10)


async def test_a_connection_is_free_again_when_reading_was_given_up(
    ten_facts: None, ledger_database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(stream, "BLOCK_ROWS", 2)

    async def give_up(connection: psycopg.AsyncConnection) -> None:
        async with (
            frozen(connection, ledger_database.schema),
            aclosing(stream.row_blocks(connection, 1, 10)) as blocks,
        ):
            async for _ in blocks:
                raise ZeroDivisionError

    async with await connect_async(ledger_database.app) as connection:
        with pytest.raises(ZeroDivisionError):
            await give_up(connection)

        cursor = await connection.execute(b"SELECT 1")

        assert await cursor.fetchone() == (1,)
