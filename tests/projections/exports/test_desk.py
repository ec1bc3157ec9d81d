"""The desk of exports: each is made once, by whoever comes, and survives who began it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from hashlib import sha256
from typing import Any

import pytest
from psycopg import AsyncConnection, sql

from ledger.database import connect_async
from projections.exports import desk
from projections.exports.asked import Asked
from projections.exports.export import Manifest
from scheduler.exports import make_exports
from tests.projections.exports.conftest import Library
from tests.projections.town import Town, busy_town

pytestmark = pytest.mark.anyio


@pytest.fixture
def anyio_backend() -> str:
    """Run asynchronous tests on asyncio alone."""
    return "asyncio"


@pytest.fixture(scope="module")
def library(new_library: Callable[[Town], Library]) -> Library:
    """A busy town, shared; each test names its exports by itself and takes them away."""
    made = new_library(busy_town())
    made.store()
    return made


@pytest.fixture
async def conn(library: Library) -> Any:
    """A connection as the service has; the desk is empty before and after."""
    async with await connect_async(library.database.app) as connection:
        schema = sql.Identifier(library.database.schema)
        await connection.execute(sql.SQL("SET search_path = {}, pg_catalog").format(schema))
        await connection.execute("DELETE FROM ledger_exports")
        yield connection


def asked(library: Library, **more: Any) -> Asked:
    return Asked(**{"what": "journal", "format": "csv", "position": len(library.town.facts), **more})


async def put(conn: AsyncConnection[Any], library: Library, name: str, **more: Any) -> dict[str, Any]:
    return await desk.put(conn, name, asked(library, **more), "key_a")


def make(library: Library, *, stopping: bool = False) -> bool:
    return desk.make_next(library.connect, lambda: stopping)


async def whole(conn: AsyncConnection[Any], export_id: str) -> bytes:
    file = await desk.file(conn, export_id)
    parts = [await desk.chunk(conn, export_id, file.attempt, number) for number in range(file.chunks)]
    assert sum(map(len, parts)) == file.bytes
    return b"".join(parts)


async def test_an_export_is_made_in_chunks_and_told_by_its_manifest(
    library: Library, conn: AsyncConnection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(desk, "CHUNK_BYTES", 1_000)
    waiting = await put(conn, library, "exp_a", format="ndjson")
    assert (waiting["state"], waiting["progress"], waiting["file"]) == ("queued", 0, None)

    assert make(library)

    found = await desk.one(conn, "exp_a")
    assert (found["state"], found["progress"], found["file"]) == ("done", 100, "/v1/exports/exp_a/file")
    direct, manifest = library.export("journal", "ndjson")
    assert await whole(conn, "exp_a") == direct
    assert found["manifest"] == _as_stored(manifest)
    assert found["manifest"]["sha256"] == sha256(direct).hexdigest()
    assert not make(library), "nothing is left to make"


def _as_stored(manifest: Manifest) -> dict[str, Any]:
    return {**manifest.body(), "columns": list(manifest.columns)}


async def test_what_was_asked_for_is_kept_with_all_its_filters(library: Library, conn: AsyncConnection[Any]) -> None:
    account_id = library.town.accounts()[0].account_id
    await put(conn, library, "exp_a", account_id=account_id, as_of=library.town.now, bom=True)
    make(library)

    direct, _ = library.export("journal", "csv", account_id=account_id, as_of=library.town.now, bom=True)
    assert await whole(conn, "exp_a") == direct


async def test_the_same_request_again_is_the_same_export(library: Library, conn: AsyncConnection[Any]) -> None:
    await put(conn, library, "exp_a")
    await put(conn, library, "exp_a")

    assert make(library)
    assert not make(library)
    assert [item["id"] for item in (await desk.page(conn)).items] == ["exp_a"]


async def test_exports_are_made_oldest_first_and_listed_newest_first(
    library: Library, conn: AsyncConnection[Any]
) -> None:
    for name in ("exp_a", "exp_b", "exp_c"):
        await put(conn, library, name)
    make(library)

    first = await desk.page(conn, limit=2)
    rest = await desk.page(conn, cursor=first.next_cursor, limit=2)
    states = [(item["id"], item["state"]) for item in first.items + rest.items]
    assert states == [("exp_c", "queued"), ("exp_b", "queued"), ("exp_a", "done")]


async def test_an_export_that_is_told_to_stop_is_made_by_whoever_comes_next(
    library: Library, conn: AsyncConnection[Any]
) -> None:
    await put(conn, library, "exp_a")

    assert make(library, stopping=True)
    assert (await desk.one(conn, "exp_a"))["state"] == "queued"
    make(library)
    assert (await desk.one(conn, "exp_a"))["state"] == "done"


async def test_an_attempt_that_has_gone_quiet_is_taken_over(library: Library, conn: AsyncConnection[Any]) -> None:
    await put(conn, library, "exp_a")
    gone = "UPDATE ledger_exports SET state = 'running', attempt = 1, beat_at = now() - make_interval(secs => {})"
    await conn.execute(sql.SQL(gone).format(sql.Literal(desk.QUIET_S - 5)))
    await conn.execute("INSERT INTO ledger_export_chunks VALUES ('exp_a', 1, 0, 'half')")
    assert not make(library), "it may still be at work"

    await conn.execute(sql.SQL(gone).format(sql.Literal(desk.QUIET_S + 5)))
    assert make(library)

    assert await whole(conn, "exp_a") == library.export("journal", "csv")[0]


async def test_a_late_attempt_cannot_disturb_its_successor(library: Library, conn: AsyncConnection[Any]) -> None:
    await put(conn, library, "exp_a")
    with library.connect() as late:
        claimed = desk._claim(late)
        assert claimed is not None
        await conn.execute("UPDATE ledger_exports SET beat_at = now() - interval '1 hour'")
        make(library)

        assert not desk._update(late, claimed, "state = 'failed', failure = %s", ["late"])
    assert (await desk.one(conn, "exp_a"))["state"] == "done"


async def test_an_export_can_be_taken_away_while_it_is_made(
    library: Library, conn: AsyncConnection[Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    await put(conn, library, "exp_a")
    monkeypatch.setattr(desk, "BEAT_S", 0.0)
    with library.connect() as other:

        def stopping() -> bool:
            other.execute("DELETE FROM ledger_exports")
            return False

        assert desk.make_next(library.connect, stopping)

    assert (await desk.page(conn)).items == []
    assert await _count(conn, "ledger_export_chunks") == 0


async def _count(conn: AsyncConnection[Any], table: str) -> int:
    cursor = await conn.execute(sql.SQL("SELECT count(*) FROM {}").format(sql.Identifier(table)))
    row = await cursor.fetchone()
    assert row is not None
    return int(row[0])


async def test_an_export_that_cannot_be_made_says_so(library: Library, conn: AsyncConnection[Any]) -> None:
    await put(conn, library, "exp_a", account_id="acc_00000000000000zzzz")
    make(library)

    found = await desk.one(conn, "exp_a")
    assert (found["state"], found["failure"]) == ("failed", "there is no account with this id")
    with pytest.raises(desk.ExportNotReady):
        await desk.file(conn, "exp_a")


async def test_an_export_whose_view_is_behind_waits_for_it(new_library: Callable[[Town], Library]) -> None:
    other = new_library(busy_town())
    other.store(10)
    with other.connect() as app:
        other.town.store(app)
    async with await connect_async(other.database.app) as connection:
        schema = sql.Identifier(other.database.schema)
        await connection.execute(sql.SQL("SET search_path = {}, pg_catalog").format(schema))
        await put(connection, other, "exp_a")

        make(other)
        assert (await desk.one(connection, "exp_a"))["state"] == "queued"
        other.feed()
        make(other)
        assert (await desk.one(connection, "exp_a"))["manifest"]["position"] == len(other.town.facts)


async def test_no_more_exports_are_taken_than_can_be_made(library: Library, conn: AsyncConnection[Any]) -> None:
    for number in range(desk.OPEN_MAX):
        await put(conn, library, f"exp_{number}")

    with pytest.raises(desk.TooManyExports):
        await put(conn, library, "exp_one_more")
    await put(conn, library, "exp_0")
    await desk.remove(conn, "exp_0")
    await put(conn, library, "exp_one_more")


async def test_an_export_expires_with_its_file(library: Library, conn: AsyncConnection[Any]) -> None:
    await put(conn, library, "exp_a")
    make(library)
    await conn.execute("UPDATE ledger_exports SET expires_at = now()")

    for look in (desk.one, desk.file, desk.remove):
        with pytest.raises(desk.ExportNotFound):
            await look(conn, "exp_a")
    assert (await desk.page(conn)).items == []
    make(library)
    assert await _count(conn, "ledger_exports") == await _count(conn, "ledger_export_chunks") == 0


async def test_a_file_that_a_crash_of_the_database_took_is_asked_for_again(
    library: Library, conn: AsyncConnection[Any]
) -> None:
    await put(conn, library, "exp_a")
    make(library)
    await conn.execute("DELETE FROM ledger_export_chunks")

    with pytest.raises(desk.ExportNotReady, match="lost"):
        await desk.file(conn, "exp_a")


async def test_the_scheduler_makes_one_export_a_firing(library: Library, conn: AsyncConnection[Any]) -> None:
    await put(conn, library, "exp_a")
    await put(conn, library, "exp_b")

    fired = [await asyncio.to_thread(asyncio.run, make_exports(library.database, lambda: False)) for _ in range(3)]

    assert [one.done for one in fired] == [1, 1, 0]
