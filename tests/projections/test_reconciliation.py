"""Files, the rules and the view together: what is matched, parked and proven, on a real ledger."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Awaitable, Callable
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any
from uuid import UUID

import orjson
import pytest
from psycopg import AsyncConnection, Connection

from ledger.command import Call, Command
from ledger.commands.charges import ChargeAccount
from ledger.commands.invoices import PaySettlement
from ledger.commands.matching import UnmatchLine
from ledger.commands.parked_money import ReturnParkedMoney
from ledger.commands.periods import ClosePeriod
from ledger.commands.spends import Spend
from ledger.commands.standing import OpenAccount
from ledger.database import Database, connect
from ledger.engine import Engine
from ledger.reconcile.profile import Source
from ledger.reconcile.taking import take_file
from ledger.settings import Settings
from ledger.store import Store
from ledger.vault import Reading, Vault, open_vault
from projections import proof, reconciliation_queries
from projections.matching import Worked, work_off
from projections.periods import page as periods_page
from projections.reconciliation import Reconciliation
from tests.ledger.desk import SetClock, body, call
from tests.ledger.reconcile.files import BANK, PROVIDER, bank_file, bank_row, provider_file, provider_row
from tests.projections.conftest import Feed, live_rows, rows_by_batches

pytestmark = pytest.mark.anyio

NOBODY = UUID(int=0)
TODAY = "2026-03-02"
YESTERDAY = "2026-03-01"
"""The clock of these tests stands on 2 March, 12:00 in Seoul."""


class Desk:
    """An accountant's desk: an engine, views fed by hand, and a vault."""

    def __init__(self, engine: Engine, vault: Vault, feed: Feed, conn: AsyncConnection[Any], clock: SetClock) -> None:
        self.engine, self.vault, self.feed, self.conn, self.clock = engine, vault, feed, conn, clock
        self.keys = 0

    def call(self, at: datetime | None = None) -> Call:
        """Return a call under a key that nobody has used."""
        self.keys += 1
        return call(f"desk-key-{self.keys:04d}")._replace(occurred_at=at)

    async def do(self, command: Command, at: datetime | None = None) -> dict[str, Any]:
        """Do a command; return its answer."""
        return body(await self.engine.submit(command, self.call(at)))

    async def take(self, content: bytes, source: Source) -> dict[str, Any]:
        """Take a file."""
        return body(await take_file(self.engine, self.vault, source, content, self.call()))

    async def work(self) -> Worked:
        """Match and park what can be, with the views fed before and after."""
        self.feed()
        worked = Worked(0, 0, 0, 0)
        # The real worker feeds while `work_off` waits; here each look is fed by hand.
        while True:
            try:
                done = await work_off(self.engine, self.conn)
            finally:
                self.feed()
            worked = Worked(*(a + b for a, b in zip(worked, done, strict=True)))
            if not done.matched + done.parked:
                return worked

    async def lines(self, **asked: Any) -> list[dict[str, Any]]:
        """Return lines, the last first."""
        return (await reconciliation_queries.lines(self.conn, **asked)).items

    async def proof(self, day: str) -> dict[str, Any]:
        """Return the proof of a day."""
        return await proof.proof(self.conn, date.fromisoformat(day))

    async def open(self, mode: str = "prepaid") -> str:
        """Open an account."""
        limit = None if mode == "prepaid" else 500_000
        opened = await self.do(OpenAccount(f"Account {self.keys}", mode, "KRW", limit, 0))
        account_id: str = opened["id"]
        return account_id


@pytest.fixture
async def desk(
    ledger_database: Database,
    feed: Feed,
    conn: AsyncConnection[Any],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> AsyncIterator[Desk]:
    clock = SetClock()
    engine = Engine(Store(ledger_database.app, ledger_database.schema), clock)
    await engine.start()
    vault = open_vault(Settings(data_dir=tmp_path), ledger_database, clock)
    await conn.set_autocommit(True)
    monkeypatch.setattr("projections.matching.wait_for", _fed(feed))
    yield Desk(engine, vault, feed, conn, clock)
    await engine.stop()


def _fed(feed: Feed) -> Callable[..., Awaitable[None]]:
    async def wait(*_: Any, **__: Any) -> None:
        feed()

    return wait


def at(day: str, hour: int = 3) -> datetime:
    return datetime.fromisoformat(f"{day}T{hour:02d}:00:00+00:00").astimezone(UTC)


async def test_a_day_is_proven_when_ledger_provider_and_bank_say_the_same(desk: Desk) -> None:
    account_id = await desk.open()
    for number, amount in ((1, 30_000), (2, 12_222)):
        await desk.do(ChargeAccount(account_id, amount, "card", f"order-{number}"), at(YESTERDAY))
    await desk.take(
        provider_file(
            provider_row(YESTERDAY, "T1", 30_000, "order-1", fee=900, remittance="RMT20260302"),
            provider_row(YESTERDAY, "T2", 12_222, "order-2", fee=322, remittance="RMT20260302"),
        ),
        PROVIDER,
    )
    await desk.take(bank_file(bank_row(TODAY, "B1", 41_000, "RMT20260302 정산", "결제대행")), BANK)

    worked = await desk.work()

    assert (worked.matched, worked.parked, worked.refused) == (3, 0, 0)
    yesterday, today = await desk.proof(YESTERDAY), await desk.proof(TODAY)
    assert (yesterday["proven"], today["proven"]) == (True, True)
    (card,) = yesterday["providers"]
    assert (card["method"], card["ledger"], card["provider"], card["difference"]) == (
        "card", {"count": 2, "amount": 42_222}, {"count": 2, "amount": 42_222}, 0,
    )  # fmt: skip
    assert card["at_bank"] == {"gross": 42_222, "fee": 1_222, "in_transit": 0}
    (bank,) = today["bank"]
    assert (bank["bank"]["amount"], bank["booked"], bank["difference"]) == (41_000, 41_000, 0)
    assert [line["rule"] for line in await desk.lines()] == ["reference"] * 3


async def test_every_difference_of_a_day_is_listed(desk: Desk) -> None:
    account_id = await desk.open()
    await desk.do(ChargeAccount(account_id, 30_000, "card", "order-1"), at(YESTERDAY))
    await desk.do(ChargeAccount(account_id, 9_900, "card", "order-2"), at(YESTERDAY))
    await desk.do(ChargeAccount(account_id, 5_000, "card", "order-3"), at("2026-02-28"))
    await desk.take(
        provider_file(
            provider_row(YESTERDAY, "T1", 30_000, "order-1", remittance="RMT20260303"),
            provider_row(YESTERDAY, "T2", 9_901, "order-2"),
            provider_row(YESTERDAY, "T3", 5_000, "order-3"),
        ),
        PROVIDER,
    )
    await desk.take(
        bank_file(bank_row(YESTERDAY, "B1", 777, "=1+1", "이름 모름"), bank_row(YESTERDAY, "B2", -50)), BANK
    )

    worked = await desk.work()
    made = await desk.proof(YESTERDAY)

    assert (worked.matched, worked.parked, made["proven"]) == (2, 1, False)
    (card,) = made["providers"]
    assert card["difference"] == 30_000 + 9_901 + 5_000 - 30_000 - 9_900
    assert card["at_bank"]["in_transit"] == 44_901
    assert [(row["amount"], row["references"][0]) for row in made["only_in_ledger"]] == [(9_900, "order-2")]
    assert [(row["amount"], row["status"]) for row in made["only_outside"]] == [
        (9_901, "open"), (777, "parked"), (-50, "open"),
    ]  # fmt: skip
    assert [(row["line_day"], row["item_day"], row["amount"]) for row in made["other_day"]] == [
        (YESTERDAY, "2026-02-28", 5_000)
    ]
    assert [(row["reference"], row["status"]) for row in made["remittances"]] == [("RMT20260303", "expected")]
    rows = list(csv.DictReader(io.StringIO(proof.to_csv(made).decode())))
    assert {row["kind"] for row in rows} >= {
        "sum_ledger", "sum_provider", "difference", "in_transit", "only_in_ledger", "only_outside", "parked",
        "other_day", "remittance_expected", "booked",
    }  # fmt: skip
    told = next(row for row in rows if row["kind"] == "only_in_ledger")
    assert (told["amount"], told["method"]) == ("9900", "card")
    assert not any(cell.startswith(("=", "+", "@")) for row in rows for cell in row.values())


async def test_a_line_without_a_number_is_matched_where_it_and_a_thing_are_each_others_only_choice(desk: Desk) -> None:
    account_id = await desk.open()
    for amount in (7_000, 9_900, 9_900):
        await desk.do(ChargeAccount(account_id, amount, "card"), at(YESTERDAY))
    await desk.take(
        provider_file(provider_row(TODAY, "T1", 7_000), provider_row(TODAY, "T2", 9_900)),
        PROVIDER,
    )

    await desk.work()

    by_amount = {line["amount"]: line for line in await desk.lines()}
    assert (by_amount[7_000]["status"], by_amount[7_000]["rule"]) == ("matched", "amount_date")
    assert by_amount[9_900]["status"] == "open"
    suggested = await reconciliation_queries.suggested(desk.conn, by_amount[9_900]["id"])
    assert [(each["amount"], each["why"], each["days"]) for each in suggested] == [(9_900, "amount", 1)] * 2


async def test_parked_money_is_matched_when_its_payment_is_recorded_later(desk: Desk) -> None:
    account_id = await desk.open("postpaid")
    await desk.do(Spend(account_id, 59_100, None, None, True, None, 0))
    await desk.take(bank_file(bank_row(YESTERDAY, "B1", 59_100, "입금", "한별상사")), BANK)
    await desk.work()
    (parked,) = await desk.lines(status="parked")

    await desk.do(PaySettlement(account_id, 59_100, "transfer-9"))
    await desk.work()

    assert parked["has_notes"]
    (line,) = await desk.lines()
    assert (line["status"], line["rule"], len(line["items"])) == ("matched", "amount_date", 1)
    booked = await desk.conn.execute(
        "SELECT account, sum(amount_minor)::bigint FROM view_journal GROUP BY account HAVING sum(amount_minor) <> 0"
    )
    assert dict(await booked.fetchall()) == {
        "asset.bank": 59_100, "asset.trade_receivable": -59_100, "asset.unbilled_receivable": 59_100,
        "liability.coupon_payable": -59_100,
    }  # fmt: skip


async def test_what_a_person_has_taken_back_no_rule_matches_again(desk: Desk) -> None:
    account_id = await desk.open()
    await desk.do(ChargeAccount(account_id, 30_000, "card", "order-1"), at(YESTERDAY))
    await desk.take(provider_file(provider_row(YESTERDAY, "T1", 30_000, "order-1")), PROVIDER)
    await desk.work()
    (line,) = await desk.lines()

    await desk.do(UnmatchLine(line["id"], "It is another shop's"))
    worked = await desk.work()

    assert (worked.matched, [line["status"] for line in await desk.lines()]) == (0, ["open"])
    assert (await reconciliation_queries.suggested(desk.conn, line["id"]))[0]["why"] == "reference"


async def test_money_is_booked_on_the_day_of_its_line_or_now_when_that_day_is_closed(desk: Desk) -> None:
    await desk.do(ClosePeriod(date(2026, 2, 28), "February is reconciled"))
    await desk.take(bank_file(bank_row("2026-02-28", "B1", 100), bank_row(YESTERDAY, "B2", 200)), BANK)

    worked = await desk.work()

    assert worked.parked == 2
    found = await desk.conn.execute(
        "SELECT amount_minor, business_date::text FROM view_journal WHERE account = 'asset.bank' ORDER BY 1"
    )
    assert await found.fetchall() == [(100, TODAY), (200, YESTERDAY)]
    ((close,), _) = await periods_page(desk.conn)
    assert (close["closed_through"], close["first_open_day"]) == ("2026-02-28", "2026-03-01")


async def test_money_that_was_sent_back_is_matched_with_the_banks_line_of_it(desk: Desk) -> None:
    await desk.take(bank_file(bank_row(YESTERDAY, "B1", 30_000)), BANK)
    await desk.work()
    (line,) = await desk.lines()
    await desk.do(ReturnParkedMoney(line["id"], "Nobody knows the sender"))
    await desk.take(bank_file(bank_row(TODAY, "B2", -30_000)), BANK)

    await desk.work()

    assert {line["status"] for line in await desk.lines()} == {"returned", "matched"}
    assert (await desk.proof(TODAY))["proven"]


async def test_the_same_file_twice_adds_no_fact_and_no_note(desk: Desk) -> None:
    content = bank_file(bank_row(YESTERDAY, "B1", 30_000, "입금", "한별상사"))
    taken = await desk.take(content, BANK)
    position, _ = await desk.engine.store.heads(NOBODY)

    again = await desk.take(content, BANK)

    after, _ = await desk.engine.store.heads(NOBODY)
    assert (again["code"], again["file_id"], after) == ("file_known", taken["id"], position)


async def test_who_paid_lies_in_the_vault_and_nowhere_in_the_ledger(desk: Desk, ledger_database: Database) -> None:
    await desk.take(bank_file(bank_row(YESTERDAY, "B1", 30_000, "용돈입금", "김한별")), BANK)
    await desk.work()
    (line,) = await desk.lines()
    row = await reconciliation_queries.line(desk.conn, line["id"])

    clear = await desk.vault.notes.get(row["note"], Reading("key_operator", "read a bank's line"))
    masked = await desk.vault.notes.get(row["note"], None)

    assert clear == {"적요": "용돈입금", "의뢰인": "김한별"}
    assert set(masked.values()) == {"***"}
    with connect(ledger_database.app) as connection:
        stored = connection.execute("SELECT convert_from(state, 'UTF8') FROM ledger.ledger_events").fetchall()
    assert stored
    assert not [state for (state,) in stored if "김한별" in state or "용돈입금" in state]


async def test_a_refused_file_leaves_no_note_behind(desk: Desk) -> None:
    await desk.take(bank_file(bank_row(YESTERDAY, "B1", 30_000, "입금", "한별상사")), BANK)
    changed = bank_file(bank_row(YESTERDAY, "B1", 30_001), bank_row(YESTERDAY, "B2", 5, "입금", "김한별"))

    refused = await desk.take(changed, BANK)

    assert (refused["code"], refused["rows"]) == ("lines_changed", ["2"])
    kept = set()
    put = desk.vault.notes.put

    async def watched(notes: Any) -> set[str]:
        made = await put(notes)
        kept.update(made)
        return made

    desk.vault.notes.put = watched  # type: ignore[method-assign]
    await desk.take(bank_file(bank_row(YESTERDAY, "B2", 5, "입금", "김한별")), BANK)
    assert len(kept) == 1


async def test_the_view_is_the_same_however_its_facts_arrive(desk: Desk, project: Connection[Any]) -> None:
    account_id = await desk.open()
    await desk.do(ChargeAccount(account_id, 30_000, "card", "order-1"), at(YESTERDAY))
    await desk.take(provider_file(provider_row(YESTERDAY, "T1", 30_000, "order-1", remittance="RMT20260302")), PROVIDER)
    await desk.take(bank_file(bank_row(TODAY, "B1", 30_000, "RMT20260302"), bank_row(TODAY, "B2", 5)), BANK)
    await desk.work()
    for line in await desk.lines(status="matched"):
        await desk.do(UnmatchLine(line["id"], "Look again"))
    await desk.work()

    live = live_rows(project, [Reconciliation()])

    assert all(live.values())
    for size in (1, 7, 1_000):
        assert rows_by_batches(project, Reconciliation(), size) == live


async def test_pages_of_lines_and_files_show_each_once(desk: Desk) -> None:
    rows = [bank_row(YESTERDAY, f"B{number}", -number) for number in range(1, 8)]
    await desk.take(bank_file(*rows), BANK)
    await desk.take(bank_file(*rows, bank_row(YESTERDAY, "B9", -9)), BANK)
    desk.feed()
    seen: list[int] = []
    cursor = None
    while True:
        page = await reconciliation_queries.lines(desk.conn, cursor=cursor, limit=3)
        seen += [line["amount"] for line in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break

    assert seen == [-9, -7, -6, -5, -4, -3, -2, -1]
    files = await reconciliation_queries.files(desk.conn, source=None, cursor=None, limit=None)
    assert [(file["rows"], file["new"]) for file in files.items] == [(8, 1), (7, 7)]
    assert orjson.dumps(files.items)
