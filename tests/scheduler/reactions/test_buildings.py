"""A building over HTTP with its jobs and the sandbox's gateway: split, charged, told, paid, late, put right."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import pytest
from structlog.testing import capture_logs

from api.app import create_app
from api.views import Views
from ledger.database import Database
from ledger.engine import Engine
from ledger.ports.sandbox.scenarios import set_rates
from ledger.ports.sandbox.state import SandboxState
from ledger.store import Store
from projections import tellings
from scheduler.jobs import CHARGE_LATE_FEES, CHARGE_UNITS, REMIND_DEBTORS, Fired, fire
from scheduler.reactions import collections, payments, residents
from scheduler.reactions import tellings as telling_reaction
from scheduler.reactions.bench import Bench
from tests.api.counter import Counter
from tests.ledger.desk import SetClock
from tests.scheduler.reactions.conftest import Feed

pytestmark = pytest.mark.anyio


class Court:
    """A building behind the application, its manager's key, and time that is put forward by hand."""

    def __init__(self, counter: Counter, bench: Bench, feed: Feed, clock: SetClock) -> None:
        self.counter, self.bench, self.feed, self.clock = counter, bench, feed, clock
        self.account_id = self.id = self.key = ""
        self.units: dict[str, str] = {}

    def on(self, day: date, hour: int = 12) -> None:
        self.clock.at = datetime.combine(day, time(hour), UTC) - timedelta(hours=9)

    async def post(self, path: str, body: Any, status: int = 201, **more: Any) -> dict[str, Any]:
        answer = await self.counter.post(f"/v1/buildings/{self.id}{path}", body, key=self.key, **more)
        assert answer.status_code == status, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def get(self, path: str) -> Any:
        self.feed()
        answer = await self.counter.get(f"/v1/buildings/{self.id}{path}", key=self.key)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def open(self, currency: str = "KRW", **policy: Any) -> None:
        self.account_id = await self.counter.account(currency=currency)
        self.key = await self.counter.key("master", account_id=self.account_id)
        body = {"account_id": self.account_id, "name": "Kite Court", "address": "1 Harbour Street", **policy}
        opened = await self.counter.post("/v1/buildings", body, key=self.key)
        self.id = opened.json()["id"]
        areas = {"101": 8_490, "102": 5_980, "103": 5_980}
        added = await self.post("/units", {"units": [{"number": each, "area": areas[each]} for each in areas]})
        self.units = {each["number"]: each["id"] for each in added["items"]}

    async def enter(self, number: str, name: str, since: str, role: str = "resident") -> None:
        phone = f"010-0000-{len(name):04d}"
        body = {"role": role, "name": name, "phone": phone, "since": since}
        await self.post(f"/units/{self.units[number]}/people", body)

    async def run(self, month: str, due_on: str, **amounts: int) -> Fired:
        costs = [{"code": code, "amount": amount} for code, amount in amounts.items()]
        await self.post("/runs", {"month": month, "due_on": due_on, "costs": costs})
        return await self.fire(CHARGE_UNITS)

    async def fire(self, job: Any) -> Fired:
        self.feed()
        return await fire(job, self.bench.database, self.clock)

    async def react(self) -> None:
        """Let the gateway and the message provider answer until nothing is left."""
        for _ in range(4):
            self.feed()
            done = await payments.react(self.bench) + await collections.react(self.bench)
            self.feed()
            done += await telling_reaction.react(self.bench)
            if not done:
                self.clock.advance(seconds=30)

    async def pay(self, number: str, amount: int, method: str = "card") -> dict[str, Any]:
        unit = await self.get(f"/units/{self.units[number]}")
        [tab] = unit["tabs"]
        path = f"/v1/obligations/{tab['obligation_id']}/payments"
        answer = await self.counter.post(path, {"amount": amount, "method": method}, key=self.key)
        assert answer.status_code == 201, answer.text
        found: dict[str, Any] = answer.json()
        return found

    async def tabs(self) -> dict[str, tuple[int, int, int]]:
        """Return what each unit was charged with, owes and has as credit."""
        listed = (await self.get("/units"))["items"]
        return {each["number"]: (each["charged"], each["outstanding"], each["credit"]) for each in listed}

    async def debtors(self) -> dict[str, int]:
        return {each["unit_number"]: each["overdue"] for each in (await self.get("/debtors"))["items"]}

    async def balanced(self) -> None:
        """Hold the journal, and the account's figures against what the units paid."""
        self.feed()
        trial = (await self.counter.get("/v1/trial-balance")).json()
        assert all(total["debit"] == total["credit"] for total in trial["totals"])


@pytest.fixture
async def court(
    sandbox_database: Database, state: SandboxState, bench: Bench, feed: Feed, clock: SetClock
) -> AsyncIterator[Court]:
    engine = Engine(Store(sandbox_database.app, sandbox_database.schema), clock)
    views = Views(sandbox_database.app, sandbox_database.schema)
    app = create_app(engine, views, bench.vault, environment="test", sandbox=state)
    async with app.router.lifespan_context(app):
        counter = Counter(app)
        yield Court(counter, bench, feed, clock)
        await counter.close()


async def test_a_building_is_split_charged_told_paid_and_reported(court: Court) -> None:
    await court.open()
    await court.post("/cost-types", {"code": "heat", "name": "Heating", "charge": "variable", "basis": "area"}, 200)
    for number, name in (("101", "Haneul"), ("102", "Nari")):
        await court.enter(number, name, "2025-01-01")

    fired = await court.run("2026-02", "2026-03-10", heat=1_000_000)
    again = await court.fire(CHARGE_UNITS)
    await court.react()

    # SPEC 11.3, R-140: exact, and once however often the job fires.
    assert (fired.done, again.done) == (3, 0)
    assert await court.tabs() == {"101": (415_159, 415_159, 0), "102": (292_421, 292_421, 0),
                                  "103": (292_420, 292_420, 0)}  # fmt: skip
    async with court.bench.see("tellings") as conn:
        told = await tellings.of_thing(conn, court.units["101"])
    assert [(each["kind"], each["status"]) for each in told] == [("unit.charged", "told")]

    # A part, then the rest and more: the rest of that is credit.
    await court.pay("101", 400_000)
    assert (await court.tabs())["101"] == (415_159, 415_159, 0)  # started is not paid
    await court.react()
    assert (await court.tabs())["101"] == (415_159, 15_159, 0)
    await court.pay("101", 15_159)
    await court.react()
    async with court.bench.see("tellings") as conn:
        told = await tellings.of_thing(conn, court.units["101"])
    kinds = ["unit.charged", "unit.paid", "unit.receipt", "unit.paid", "unit.receipt"]
    assert sorted(each["kind"] for each in told) == sorted(kinds)
    report = await court.get("/report?month=2026-02")
    assert (report["charged"], report["paid"], report["outstanding"]) == (1_000_000, 415_159, 584_841)
    own = await court.get(f"/units/{court.units['101']}/report")
    assert [each["amount"] for each in own["payments"]] == [400_000, 15_159]
    assert own["tabs"][0]["person"] == {"name": "Haneul", "phone": "01000000006", "email": ""}
    account = (await court.counter.get(f"/v1/accounts/{court.account_id}")).json()
    assert (account["balance"], account["collections"]) == (0, 415_159)

    # The same month again is refused, by another key; by the same key it is the same answer.
    body = {"month": "2026-02", "due_on": "2026-03-10", "costs": [{"code": "heat", "amount": 5}]}
    assert (await court.post("/runs", body, 409))["code"] == "month_already_run"
    await court.balanced()


async def test_late_payers_are_debtors_reminded_and_charged_a_fee_once(court: Court) -> None:
    await court.open(late_fee="percent", late_fee_bps=200, grace_days=5, reminders_per_month=3)
    await court.post("/cost-types", {"code": "clean", "name": "Cleaning", "charge": "fixed", "basis": "equal",
                                     "amount": 300_000}, 200)  # fmt: skip
    await court.enter("101", "Haneul", "2025-01-01")
    await court.run("2026-02", "2026-03-10")
    await court.pay("101", 40_050)
    await court.react()

    court.on(date(2026, 3, 10), hour=23)
    assert await court.debtors() == {}
    court.on(date(2026, 3, 11), hour=0)
    assert await court.debtors() == {"101": 59_950, "102": 100_000, "103": 100_000}
    # Of 102 and 103 nobody is known, so nobody is reminded; the first reminder goes out at 10:00.
    assert (await court.fire(REMIND_DEBTORS)).done == 0
    reminders = {}
    for day in (11, 15, 16, 17, 18, 24, 25, 31):
        court.on(date(2026, 3, day), hour=10)
        reminders[day] = (await court.fire(REMIND_DEBTORS)).done
        if day in (15, 16, 17):
            assert (await court.fire(CHARGE_LATE_FEES)).done == (3 if day == 16 else 0)
    assert [day for day, done in reminders.items() if done] == [11, 18, 25]

    # 2 % of 59,950 is 1,199; of 100,000 it is 2,000.
    assert {number: tab[1] for number, tab in (await court.tabs()).items()} == {
        "101": 61_149, "102": 102_000, "103": 102_000,
    }  # fmt: skip
    lines = (await court.get(f"/charges?unit_id={court.units['101']}"))["items"]
    assert [(each["kind"], each["amount"], each["paid"]) for each in lines] == [
        ("late_fee", 1_199, 0), ("cost", 100_000, 40_050),
    ]  # fmt: skip
    await court.balanced()


async def test_money_that_is_taken_back_after_30_days_makes_a_debtor_again(court: Court) -> None:
    await court.open()
    await court.post("/cost-types", {"code": "clean", "name": "Cleaning", "charge": "fixed", "basis": "equal",
                                     "amount": 300_000}, 200)  # fmt: skip
    await court.run("2026-02", "2026-03-10")
    paid = await court.pay("102", 100_000)
    await court.react()
    assert (await court.tabs())["102"] == (100_000, 0, 0)

    court.on(date(2026, 4, 15))
    back = await court.counter.post(
        "/v1/sandbox/scenarios/chargeback", {"payment_id": paid["id"], "amount": 100_000}, role="service"
    )
    assert back.status_code in (200, 201), back.text
    await court.react()

    assert (await court.debtors())["102"] == 100_000
    own = await court.get(f"/units/{court.units['102']}/report")
    assert [(each["kind"], each["amount"], each["outstanding"]) for each in own["payments"]] == [
        ("paid", 100_000, 0), ("reversed", 100_000, 100_000),
    ]  # fmt: skip
    await court.balanced()


async def test_a_building_in_rials_shows_jalali_dates_and_keeps_strangers_out(court: Court) -> None:
    await court.open(currency="IRR")
    await court.post("/cost-types", {"code": "clean", "name": "نظافت", "charge": "fixed", "basis": "each",
                                     "amount": 5_000_000}, 200)  # fmt: skip
    await court.run("2026-02", "2026-03-20")

    run = (await court.get("/runs"))["items"][0]
    assert (run["due_on"], run["due_on_jalali"], run["total"]) == ("2026-03-20", "1404-12-29", 15_000_000)
    court.on(date(2026, 3, 22))
    debtor = (await court.get("/debtors"))["items"][0]
    assert (debtor["overdue_since_jalali"], debtor["person"], debtor["currency"]) == ("1404-12-29", None, "IRR")
    stranger = await court.counter.key("master", account_id=await court.counter.account())
    assert (await court.counter.get(f"/v1/buildings/{court.id}", key=stranger)).status_code == 404


async def test_the_same_key_gives_the_same_bytes_and_never_another_person_or_month(court: Court) -> None:
    await court.open()
    await court.post("/cost-types", {"code": "clean", "name": "Cleaning", "charge": "fixed", "basis": "equal",
                                     "amount": 300_000}, 200)  # fmt: skip
    person = {"role": "resident", "name": "Haneul", "phone": "010-0000-0007", "since": "2025-01-01"}
    people, runs = f"/v1/buildings/{court.id}/units/{court.units['101']}/people", f"/v1/buildings/{court.id}/runs"
    run = {"month": "2026-02", "due_on": "2026-03-10", "costs": []}

    for path, body, other in (
        (people, person, person | {"name": "Nari"}),
        (runs, run, run | {"due_on": "2026-03-11"}),
    ):
        first, again, changed = [
            await court.counter.post(path, each, key=court.key, idempotency_key=f"key-of-{path[-4:]}")
            for each in (body, body, other)
        ]
        assert (first.status_code, again.status_code) == (201, 201)
        assert first.content == again.content
        assert again.headers["idempotent-replayed"] == "true"
        assert changed.json()["code"] == "idempotency_key_reused"
    shown = await court.get(f"/units/{court.units['101']}")
    assert [each["person"]["name"] for each in shown["people"]] == ["Haneul"]


async def test_who_left_is_forgotten_five_years_after_their_last_day(court: Court) -> None:
    await court.open()
    await court.enter("101", "Haneul", "2020-01-01")
    await court.enter("101", "Nari", "2026-02-01")
    court.feed()

    assert await residents.react(court.bench) == 1
    assert await residents.react(court.bench) == 0
    kept = []
    for day in (date(2031, 1, 31), date(2031, 2, 1)):
        await court.bench.vault.purge(day)
        people = (await court.get(f"/units/{court.units['101']}"))["people"]
        kept.append([each["person"]["name"] for each in people])

    assert kept == [["Nari", "Haneul"], ["Nari", "***"]]


async def test_a_tab_that_another_process_has_opened_is_paid_at_the_first_try(court: Court) -> None:
    """The unit in the worker's memory is from before the owner's tab: it is read again, and nothing breaks half way."""
    await court.open()
    await court.enter("101", "Haneul", "2025-01-01")
    await court.post("/cost-types", {"code": "heat", "name": "Heating", "charge": "variable", "basis": "equal"}, 200)
    lift = {"code": "lift", "name": "Lift", "charge": "variable", "basis": "equal", "liable": "owner"}
    await court.post("/cost-types", lift, 200)
    await court.run("2026-01", "2026-03-10", heat=30_000)
    await court.pay("101", 10_000)
    await court.react()
    await court.run("2026-02", "2026-03-11", lift=60_000)
    unit = await court.get(f"/units/{court.units['101']}")
    [owners] = [tab["obligation_id"] for tab in unit["tabs"] if tab["charged"] == 20_000]

    with capture_logs() as logs:
        body = {"amount": 20_000, "method": "card"}
        await court.counter.post(f"/v1/obligations/{owners}/payments", body, key=court.key)
        await court.react()

    assert (await court.tabs())["101"] == (30_000, 0, 0)
    assert [entry["event"] for entry in logs if entry["log_level"] in ("warning", "error")] == []
    await court.balanced()


async def test_whatever_the_gateway_does_a_unit_s_money_moves_once(court: Court, state: SandboxState) -> None:
    await court.open()
    await court.post("/cost-types", {"code": "clean", "name": "Cleaning", "charge": "fixed", "basis": "equal",
                                     "amount": 300_000}, 200)  # fmt: skip
    await court.run("2026-01", "2026-03-10")
    await set_rates(state, {"callback_copies": 3, "callbacks_reversed": True})

    # Declined; an answer that never came of a payment that was taken; told three times, the newest first.
    await court.pay("101", 10_001)
    await court.react()
    assert (await court.tabs())["101"] == (100_000, 100_000, 0)
    await court.pay("101", 10_002)
    await court.pay("103", 100_000)
    await court.react()
    court.clock.advance(hours=2)
    await court.react()
    # A deposit of another amount than asked for is credit, which the next run takes.
    await court.pay("102", 10_004, "virtual_account")
    for _ in range(3):
        await court.react()
        court.clock.advance(hours=1)

    shown = await court.tabs()
    assert (shown["101"], shown["103"]) == ((100_000, 89_998, 0), (100_000, 0, 0))
    credit = shown["102"][2]
    assert shown["102"] == (100_000, 100_000, credit)
    assert 0 < credit < 10_004
    await court.run("2026-02", "2026-04-10")
    assert (await court.tabs())["102"] == (200_000, 200_000 - credit, 0)
    account = (await court.counter.get(f"/v1/accounts/{court.account_id}")).json()
    assert (account["collections"], account["payer_credit"]) == (110_002 + credit, 0)
    await court.balanced()
