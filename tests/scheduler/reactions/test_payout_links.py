"""Pay-out links at the sandbox: paid once or given back, whatever gateway and bank do (SPEC R-135, R-137, 13)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import UTC, datetime, time, timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest

from aggregates import ids
from aggregates.dates import KST, business_date
from api.app import create_app
from api.views import Views
from ledger.command import Call
from ledger.commands.collecting.obligations import ConfirmOutside, RefundCollection, StartCollection
from ledger.commands.collecting.payout_links import (
    ApprovePayout,
    CancelPayoutLink,
    IssuePayoutLink,
    PayPayoutLink,
    RefundPayoutLink,
    RejectPayout,
    SubmitPayoutDetails,
)
from ledger.commands.collecting.payout_money import FinishPayout
from ledger.database import Database, embedded_database
from ledger.embedded import EmbeddedServer
from ledger.engine import Engine
from ledger.ports.errors import PortUnavailable
from ledger.ports.sandbox import sandbox_ports
from ledger.ports.sandbox.gateway import SandboxGateway
from ledger.ports.sandbox.scenarios import counted, set_rates
from ledger.ports.sandbox.state import SandboxState
from ledger.settings import Settings
from ledger.store import Store
from ledger.vault import LinkNotFound, open_vault
from ledger.vault.payouts import Payee, read_destination
from projections import obligations, payout_links, transactions
from projections.connections import connect_to
from projections.registry import chosen
from projections.runner import Runner
from projections.tellings import of_thing
from scheduler.jobs import EXPIRE_PAYOUT_LINKS, fire
from scheduler.reactions import collections, payments
from scheduler.reactions import payout_links as reaction
from scheduler.reactions.bench import Bench
from scheduler.reactions.payments import NET_CANCEL_S
from tests.api.counter import Counter
from tests.conftest import SCHEMA, TEMPLATE, copied
from tests.ledger.desk import SetClock, account_with, call, do
from tests.scheduler.reactions.conftest import Feed

pytestmark = pytest.mark.anyio

GOOD = "110-220-330440"

VIEWS = ("accounts", "transactions", "journal", "payments", "obligations", "tellings", "payout_links")


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    return "asyncio"


@pytest.fixture(scope="module")
def database(postgres: EmbeddedServer, ledger_template: Database, shared_vault: Database) -> Iterator[Database]:
    """Give one ledger with one sandbox to all tests of this file: each looks at its own account and link."""
    name = "payout_links"
    with copied(postgres, TEMPLATE, name), copied(postgres, f"{TEMPLATE}_sandbox", f"{name}_sandbox"):
        own = embedded_database(postgres, SCHEMA, name=name)
        yield replace(own, vault=shared_vault.vault, vault_migrate=shared_vault.vault_migrate)


@pytest.fixture(scope="module")
def clock() -> SetClock:
    """The clock of all tests of this file; it is only ever put forward."""
    return SetClock()


@pytest.fixture(scope="module")
async def state(database: Database, clock: SetClock) -> AsyncIterator[SandboxState]:
    assert database.sandbox is not None
    async with SandboxState(database.sandbox, database.schema, clock) as opened:
        yield opened


@pytest.fixture(scope="module")
async def bench(
    database: Database, state: SandboxState, clock: SetClock, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Bench]:
    engine = Engine(Store(database.app, database.schema), clock)
    await engine.start()
    vault = open_vault(Settings(data_dir=tmp_path_factory.mktemp("vault")), database, clock)
    made = Bench(engine, sandbox_ports(state), vault, database, clock)
    yield made
    await made.close()
    await engine.stop()


@pytest.fixture(scope="module")
def feed(database: Database) -> Iterator[Feed]:
    """Bring the views that are looked at to the head."""
    connecting = connect_to(database)
    with connecting() as project:
        made = Runner(connecting, chosen(VIEWS))
        made.prepare(project)

        def feed_all() -> None:
            while made.feed(project, project):
                pass

        yield feed_all


class Desk:
    """One account, one pay-out link, and what the books, the gateway and the bank say of it."""

    def __init__(self, bench: Bench, feed: Feed, state: SandboxState, clock: SetClock) -> None:
        self.bench, self.feed, self.state, self.clock = bench, feed, state, clock
        self.gateway = SandboxGateway(state)
        self.account_id = self.link_id = ""
        self.number = 0

    async def do(self, command: Any) -> dict[str, Any]:
        self.number += 1
        return await do(self.bench.engine, command, f"{self.account_id}:{self.number}")

    async def issue(self, amount_minor: int = 30_000, *, approval: bool = False) -> None:
        self.account_id = self.account_id or await account_with(self.bench.engine, 0, f"Blue Kite {uuid4()}")
        payee, _ = await self.bench.vault.payouts.put_payee(
            "key_test", str(uuid4()), Payee("Haneul", "01000000007"), self.clock.at.date()
        )
        issued = await self.do(IssuePayoutLink(self.account_id, amount_minor, payee, approval=approval))
        self.link_id = issued["id"]

    async def as_other(self, command: Any) -> dict[str, Any]:
        """Do something as another person than who issued the link."""
        self.number += 1
        outcome = await self.bench.engine.submit(
            command, Call("key_other", "Joon", f"{self.account_id}:{self.number}", "same", "req_other")
        )
        answered: dict[str, Any] = orjson.loads(outcome.body)
        return answered

    async def submit(self, number: str = GOOD, kind: str = "account") -> dict[str, Any]:
        destination = read_destination(kind, number=number, holder="Haneul", bank="Harbour Bank")
        token, _ = await self.bench.vault.payouts.put_destination("key_test", str(uuid4()), destination)
        return await self.do(SubmitPayoutDetails(self.link_id, kind, token))

    async def pay(self, version: int = 1, method: Any = "card") -> dict[str, Any]:
        return await self.do(PayPayoutLink(self.link_id, version, method))

    async def react(self, rounds: int = 5) -> None:
        for _ in range(rounds):
            self.feed()
            await payments.react(self.bench)
            await reaction.react(self.bench)
            await collections.react(self.bench)
        self.feed()

    async def paid_out(self, number: str = GOOD, amount_minor: int = 30_000) -> None:
        """Take a link all the way to the bank."""
        await self.issue(amount_minor)
        await self.submit(number)
        await self.react(2)
        assert (await self.pay())["status"] == "funding"
        await self.react()

    async def shown(self) -> dict[str, Any]:
        async with self.bench.see() as connection:
            return await payout_links.one(connection, self.link_id)

    async def status(self) -> str:
        return str((await self.shown())["status"])

    async def held(self) -> int:
        return (await self.bench.engine.account(self.account_id)).account.payout_hold_minor

    async def owing(self) -> int:
        return (await self.bench.engine.account(self.account_id)).account.member_receivable_minor

    async def journal(self) -> dict[str, int]:
        """Return ledger account -> balance of this account's entries; the sum of all is zero."""
        async with self.bench.see() as connection:
            cursor = await connection.execute(
                "SELECT account, sum(amount_minor)::bigint FROM view_journal WHERE stream = %s GROUP BY 1",
                [ids.stream_id(self.account_id)],
            )
            sums = {row[0]: row[1] for row in await cursor.fetchall()}
        assert sum(sums.values()) == 0
        return {name: minor for name, minor in sums.items() if minor}

    async def movements(self) -> list[tuple[str, int, int]]:
        """Return type, amount and balance of what moved in the book of pay-outs, oldest first."""
        async with self.bench.see() as connection:
            page = await transactions.page(connection, self.account_id, book="payout_hold")
        return [(row["type"], row["amount"], row["balance"]) for row in reversed(page.items)]

    async def told(self) -> list[str]:
        async with self.bench.see() as connection:
            return [row["kind"] for row in await of_thing(connection, self.link_id)]

    async def transfers(self) -> list[tuple[int, int, str]]:
        """Return amount, how often it was told, and outcome of every transfer at the bank."""
        rows = await counted(self.state, "payouts", self.link_id, "", 100)
        return [(row["amount"], row["asked"], row["outcome"]) for row in rows]


@pytest.fixture(scope="module")
async def counter(database: Database, state: SandboxState, bench: Bench, clock: SetClock) -> AsyncIterator[Counter]:
    """Give the application in front of the same ledger."""
    engine = Engine(Store(database.app, database.schema), clock)
    views = Views(database.app, database.schema)
    app = create_app(engine, views, bench.vault, environment="test", sandbox=state)
    async with app.router.lifespan_context(app):
        made = Counter(app)
        yield made
        await made.close()


@pytest.fixture
def desk(bench: Bench, feed: Feed, state: SandboxState, clock: SetClock) -> Desk:
    return Desk(bench, feed, state, clock)


async def test_a_payout_of_30_000_is_funded_held_and_paid_out_once(desk: Desk) -> None:
    """SPEC 14: pay-out link funded, then paid 30,000."""
    await desk.issue()
    await desk.submit()
    await desk.react(2)
    checked = await desk.shown()
    await desk.pay()
    desk.feed()
    funding = await desk.status()

    await desk.react()

    assert (checked["status"], checked["holder_check"], funding) == ("details_submitted", "full", "funding")
    shown = await desk.shown()
    assert (shown["status"], shown["held_minor"], shown["attempt"]) == ("paid_out", 0, 1)
    assert await desk.held() == 0
    assert await desk.movements() == [("payout_funding", 30_000, 30_000), ("payout", -30_000, 0)]
    assert await desk.journal() == {"asset.gateway_receivable.card": 30_000, "asset.bank": -30_000}
    assert await desk.transfers() == [(30_000, 1, "done")]
    assert sorted(await desk.told()) == ["payout.confirm", "payout.enter_details", "payout.paid", "payout.paid"]


async def test_z1_to_z3_somebody_is_paid_by_two_clicks_over_http(desk: Desk, counter: Counter) -> None:
    """Issue, code, details that fail, other details by card, and the held money paid to them; each answer twice."""
    desk.account_id = await counter.account()
    key = await counter.key("service")

    async def post(path: str, body: Any, status: int = 200) -> dict[str, Any]:
        desk.feed()
        headers = {"idempotency_key": f"two-clicks-{uuid4()}"}
        answers = [await counter.post(f"/v1/payout-links{path}", body, key=key, **headers) for _ in range(2)]
        assert [answer.status_code for answer in answers] == [status] * 2, answers[0].text
        assert answers[0].content == answers[1].content
        answered: dict[str, Any] = answers[0].json()
        return answered

    async def shown() -> dict[str, Any]:
        desk.feed()
        found: dict[str, Any] = (await counter.get(f"/v1/payout-links/{desk.link_id}", key=key)).json()
        return found

    async def enter(body: dict[str, str]) -> dict[str, Any]:
        code = await post(f"/{desk.link_id}/codes", None, 201)
        wrong = {"code_id": code["code_id"], "code": "111111", **body}
        assert (await post(f"/{desk.link_id}/details", wrong, 422))["code"] == "payout_code_wrong"
        taken = await post(f"/{desk.link_id}/details", {**wrong, "code": "000000"}, 201)
        await desk.react(2)
        return taken

    wanted = {"account_id": desk.account_id, "amount": 30_000, "payee": {"name": "Haneul", "phone": "010-0000-0007"}}
    desk.link_id = (await post("", wanted, 201))["id"]
    first = await enter({"holder": "Haneul", "bank": "Harbour Bank", "account_number": "110-220-339999"})
    seen = await shown()
    paying = await post(f"/{desk.link_id}/pay", {"version": 1, "method": "card"})
    await desk.react()
    failed = await shown()
    typo = {"code_id": "pyc_" + "a" * 32, "code": "000000", "holder": "Haneul", "card_number": "4242424242424241"}
    mistyped = await counter.post(f"/v1/payout-links/{desk.link_id}/details", typo, key=key)
    assert (mistyped.status_code, mistyped.json()["code"]) == (422, "card_number_invalid")
    second = await enter({"holder": "Haneul", "card_number": "4242 4242 4242 4242"})
    old = await post(f"/{desk.link_id}/pay", {"version": 1}, 409)
    again = await post(f"/{desk.link_id}/pay", {"version": 2})
    await desk.react()

    assert (first["version"], second["version"]) == (1, 2)
    assert (seen["details"]["account_number"], seen["details"]["holder_check"]) == ("***-***-9999", "none")
    assert seen["link"].startswith("/p/")
    assert seen["pay_link"].startswith("/p/")
    assert paying["status"] == "funding"
    assert (failed["status"], failed["held"], failed["code"]) == ("payout_failed", 30_000, "account_closed")
    assert (old["code"], again["status"]) == ("pay_link_replaced", "paying")
    done = await shown()
    assert (done["status"], done["held"], done["attempts"]) == ("paid_out", 0, 2)
    assert done["details"]["account_number"] == "***-***-4242"
    account = (await counter.get(f"/v1/accounts/{desk.account_id}", key=key)).json()
    assert (account["payout_hold"], account["collections"], account["balance"]) == (0, 0, 0)
    period = "from=2026-01-01&to=2030-12-31"
    statement = await counter.get(f"/v1/accounts/{desk.account_id}/statement?{period}&book=payout_hold")
    rows = [(row["type"], row["amount"], row["balance"]) for row in statement.json()["rows"]]
    assert rows == [("payout_funding", 30_000, 30_000), ("payout", -30_000, 0)]
    assert (await counter.get(f"/v1/accounts/{desk.account_id}/statement?{period}")).json()["rows"] == []
    sheet = await counter.get(f"/v1/accounts/{desk.account_id}/statement?{period}&book=payout_hold&format=csv")
    assert '"book","payout_hold"' in sheet.text
    assert await desk.journal() == {"asset.gateway_receivable.card": 30_000, "asset.bank": -30_000}
    facts = (
        await counter.get(f"/v1/events?account_id={desk.account_id}&limit=200", key=await counter.key("auditor"))
    ).text
    assert not [word for word in ("Haneul", "01000000007", "339999", "4242424242424242") if word in facts]


async def test_reacting_again_and_again_pays_nothing_twice(desk: Desk) -> None:
    await desk.paid_out()
    head = (await desk.bench.engine.account(desk.account_id)).position

    await desk.react(3)

    assert (await desk.bench.engine.account(desk.account_id)).position == head
    assert await desk.transfers() == [(30_000, 1, "done")]


async def test_a_refund_that_another_process_has_started_is_recorded_at_once(desk: Desk, other: Bench) -> None:
    """The worker remembers the link from before its refund: it looks again before it records anything."""
    await desk.paid_out("110-220-339999")
    failed = await desk.status()
    await do(other.engine, RefundPayoutLink(desk.link_id, "not wanted"), f"{desk.link_id}:refund")
    await desk.bench.engine.freshen((await desk.shown())["obligation_id"])
    desk.feed()

    assert await collections.react(desk.bench) == 1

    desk.feed()
    assert (failed, await desk.status(), await desk.held()) == ("payout_failed", "refunded", 0)


@pytest.mark.parametrize("process", ["killed before the answer was recorded", "two at once"])
async def test_a_killed_or_second_process_pays_nothing_twice(desk: Desk, other: Bench, process: str) -> None:
    await desk.issue()
    await desk.submit()
    await desk.react(2)
    await desk.pay()
    desk.feed()
    await payments.react(desk.bench)
    desk.feed()
    await reaction.react(desk.bench)
    desk.feed()
    paying = await desk.shown()
    if process == "two at once":
        await reaction.react(other)
    else:
        await reaction._pay(desk.bench, {**paying, "payout_link_id": desk.link_id})

    await reaction.react(desk.bench)
    await desk.react()

    assert paying["status"] == "paying"
    assert await desk.status() == "paid_out"
    assert [(amount, outcome) for amount, _, outcome in await desk.transfers()] == [(30_000, "done")]
    assert await desk.held() == 0


async def test_a_timeout_is_queried_first_and_what_was_done_is_not_done_again(desk: Desk) -> None:
    await desk.issue(30_002)
    await desk.submit()
    await desk.react(2)
    await desk.pay()
    for _ in range(4):
        desk.feed()
        await payments.react(desk.bench)
    desk.feed()
    await reaction.react(desk.bench)
    desk.feed()
    lost = await desk.status()

    await desk.react()

    assert lost == "paying"
    assert await desk.status() == "paid_out"
    assert await desk.transfers() == [(30_002, 1, "done")]


@pytest.mark.parametrize(
    ("last", "match", "code"), [("9999", "none", "account_closed"), ("9998", "none", "holder_mismatch")]
)
async def test_accounts_9999_and_9998_fail_and_the_money_stays_held_for_other_details(
    desk: Desk, last: str, match: str, code: str
) -> None:
    await desk.paid_out(f"11022033{last}")
    failed = await desk.shown()
    held = await desk.held()
    refused = await desk.pay(1, None)

    await desk.submit(GOOD)
    await desk.react(2)
    again = await desk.pay(2, None)
    await desk.react()

    assert (failed["status"], failed["code"], failed["holder_check"], held) == ("payout_failed", code, match, 30_000)
    assert refused["code"] == "payout_details_needed"
    assert (again["status"], again["payment_id"]) == ("paying", None)
    assert await desk.status() == "paid_out"
    assert await desk.transfers() == [(30_000, 1, "failed"), (30_000, 1, "done")]
    assert await desk.journal() == {"asset.gateway_receivable.card": 30_000, "asset.bank": -30_000}
    assert (await desk.told()).count("payout.enter_details") == 2


async def test_account_9997_comes_back_the_next_day_and_the_money_is_held_again(desk: Desk) -> None:
    await desk.paid_out("110220339997")
    paid = await desk.status()
    desk.clock.advance(days=1)

    await desk.react()

    assert (paid, await desk.status(), await desk.held()) == ("paid_out", "payout_failed", 30_000)
    assert [movement[0] for movement in await desk.movements()] == ["payout_funding", "payout", "payout_return"]
    assert await desk.journal() == {"asset.gateway_receivable.card": 30_000, "liability.payout_hold": -30_000}


async def test_a_failed_payout_is_given_back_to_its_creator_once(desk: Desk) -> None:
    await desk.paid_out("110220339999")

    refund = await desk.do(RefundPayoutLink(desk.link_id, "not wanted any more"))
    twice = await desk.do(RefundPayoutLink(desk.link_id, "not wanted any more"))
    paid = await desk.pay(1, None)
    await desk.react()

    assert (refund["status"], refund["amount"]) == ("refunding", 30_000)
    assert (twice["code"], paid["code"]) == ("wrong_payout_status", "wrong_payout_status")
    assert (await desk.status(), await desk.held(), await desk.journal()) == ("refunded", 0, {})
    cancels = await counted(desk.state, "cancels", "", "", 100)
    payment_id = (await desk.shown())["payment_id"]
    assert [row["amount"] for row in cancels if row["payment_key"] == payment_id] == [30_000]


async def test_a_process_that_has_nothing_in_memory_yet_gives_back_and_pays_as_well(desk: Desk, other: Bench) -> None:
    await desk.paid_out("110220339999")
    refund = RefundPayoutLink(desk.link_id, "not wanted any more")
    fresh = await other.engine.submit(refund, call(f"{desk.link_id}:fresh"))
    await desk.react()

    assert (fresh.status, await desk.status(), await desk.held()) == (200, "refunded", 0)


async def test_a_refund_that_the_gateway_refuses_leaves_the_money_held(desk: Desk) -> None:
    await desk.paid_out("110220339999")
    payment_id = (await desk.shown())["payment_id"]
    await desk.do(RefundPayoutLink(desk.link_id, "not wanted"))
    await desk.gateway.take_back(payment_id, 10_000, "chargeback")

    await desk.react(6)

    shown = await desk.shown()
    assert (shown["status"], shown["held_minor"], await desk.held()) == ("payout_failed", 20_000, 20_000)
    assert sum((await desk.journal()).values()) == 0
    await desk.do(RefundPayoutLink(desk.link_id, "the rest"))
    await desk.react()
    assert (await desk.status(), await desk.held(), await desk.journal()) == ("refunded", 0, {})


async def test_a_declined_funding_can_be_paid_again(desk: Desk) -> None:
    await desk.issue(30_001)
    await desk.submit()
    await desk.react(2)
    first = await desk.pay()
    await desk.react()
    declined = await desk.shown()

    second = await desk.pay()
    await desk.react(1)

    assert (declined["status"], declined["code"], await desk.held()) == ("details_submitted", "declined", 0)
    assert first["obligation_id"] == second["obligation_id"]
    assert first["payment_id"] != second["payment_id"]


async def test_a_funding_without_an_answer_for_an_hour_is_undone(desk: Desk) -> None:
    await desk.issue()
    await desk.submit()
    await desk.react(2)
    started = await desk.pay()
    await desk.gateway.authorize(started["payment_id"], 30_000, "KRW", "card")
    desk.clock.at += timedelta(seconds=NET_CANCEL_S)

    await desk.react()

    assert (await desk.status(), await desk.held(), await desk.journal()) == ("details_submitted", 0, {})
    await desk.pay()
    await desk.react()
    assert await desk.status() == "paid_out"


async def test_a_funding_that_timed_out_and_was_done_with_late_and_doubled_callbacks_is_held_once(desk: Desk) -> None:
    await set_rates(desk.state, {"callback_copies": 3, "callbacks_reversed": True})
    await desk.paid_out(GOOD, 20_002)
    await desk.react(3)
    await set_rates(desk.state, {"callback_copies": 1, "callbacks_reversed": False})

    assert await desk.status() == "paid_out"
    assert await desk.movements() == [("payout_funding", 20_002, 20_002), ("payout", -20_002, 0)]
    assert await desk.transfers() == [(20_002, 1, "done")]


@pytest.mark.parametrize(
    ("at", "paid_at_once"),
    [
        (time(23, 29, 59), True),
        (time(23, 30), False),
        (time(0, 29, 59), False),
        (time(0, 30), True),
    ],
)
async def test_the_bank_sleeps_from_2330_to_0030_and_pays_once_afterwards(
    desk: Desk, at: time, paid_at_once: bool
) -> None:
    tomorrow = business_date(desk.clock.at) + timedelta(days=1)
    desk.clock.at = datetime.combine(tomorrow, at, KST).astimezone(UTC)
    await desk.paid_out()
    at_night = await desk.status()
    desk.clock.at = datetime.combine(tomorrow + timedelta(days=1), time(0, 30), KST).astimezone(UTC)

    await desk.react()

    assert at_night == ("paid_out" if paid_at_once else "paying")
    assert await desk.status() == "paid_out"
    assert await desk.transfers() == [(30_000, 1, "done")]


async def test_a_reversal_30_days_after_the_payout_is_owed_by_the_account(desk: Desk) -> None:
    await desk.paid_out()
    payment_id = (await desk.shown())["payment_id"]
    desk.clock.advance(days=30)
    await desk.gateway.take_back(payment_id, 30_000, "chargeback")

    await desk.react()

    shown = await desk.shown()
    assert (shown["status"], shown["owing_minor"], await desk.held(), await desk.owing()) == (
        "paid_out",
        30_000,
        0,
        30_000,
    )
    assert await desk.journal() == {"asset.member_receivable": 30_000, "asset.bank": -30_000}


async def test_a_payout_that_comes_back_after_its_funding_was_reversed_pays_what_is_owed(desk: Desk) -> None:
    await desk.paid_out("110220339997")
    await desk.gateway.take_back((await desk.shown())["payment_id"], 30_000, "chargeback")
    await desk.react(2)
    desk.clock.advance(days=1)

    await desk.react()

    assert (await desk.status(), await desk.held(), await desk.owing()) == ("reversed", 0, 0)
    assert await desk.journal() == {}


async def test_a_reversal_while_the_money_is_held_takes_it_from_there(desk: Desk) -> None:
    await desk.paid_out("110220339999")
    await desk.gateway.take_back((await desk.shown())["payment_id"], 30_000, "chargeback")

    await desk.react()
    refused = await desk.do(RefundPayoutLink(desk.link_id, "not wanted"))

    assert (await desk.status(), await desk.held(), await desk.owing()) == ("reversed", 0, 0)
    assert refused["code"] == "wrong_payout_status"
    assert await desk.journal() == {}


async def test_what_funds_a_link_is_paid_confirmed_and_given_back_by_the_link_alone(desk: Desk) -> None:
    await desk.paid_out("110220339999")
    shown = await desk.shown()
    due, payment = shown["obligation_id"], shown["payment_id"]

    refund = await desk.do(RefundCollection(due, payment, 30_000, "by_hand"))
    await desk.issue(50_000)
    await desk.submit()
    await desk.react(2)
    started = await desk.pay()
    confirmed = await desk.do(ConfirmOutside(started["obligation_id"], 50_000, desk.clock.at.date()))
    paid = await desk.do(StartCollection(started["obligation_id"], 50_000, "card", "api"))

    assert (refund["code"], confirmed["code"]) == ("payout_funded_by_its_link", "payout_funded_by_its_link")
    assert paid["code"] == "payment_in_flight"
    assert await desk.held() == 30_000


async def test_a_link_past_its_last_day_expires_unless_its_payment_is_under_way(desk: Desk) -> None:
    await desk.issue(30_001)
    await desk.submit()
    await desk.react(2)
    await desk.pay()
    desk.clock.advance(days=8)
    desk.feed()
    await fire(EXPIRE_PAYOUT_LINKS, desk.bench.database, desk.clock)
    desk.feed()
    under_way = await desk.status()
    await desk.react()

    fired = await fire(EXPIRE_PAYOUT_LINKS, desk.bench.database, desk.clock)
    desk.feed()

    assert (under_way, fired.done) == ("funding", 1)
    assert await desk.status() == "expired"
    assert "payout.expired" in await desk.told()
    assert (await desk.submit())["code"] == "wrong_payout_status"
    assert (await desk.pay())["code"] == "wrong_payout_status"
    assert (await fire(EXPIRE_PAYOUT_LINKS, desk.bench.database, desk.clock)).done == 0


async def test_a_withdrawn_link_takes_no_details_and_no_money(desk: Desk) -> None:
    await desk.issue()
    await desk.submit()
    await desk.react(2)

    ended = await desk.do(CancelPayoutLink(desk.link_id, "paid in cash"))
    paid = await desk.pay()

    assert (ended["status"], paid["code"]) == ("cancelled", "wrong_payout_status")


async def test_other_details_kill_the_link_that_the_creator_had(desk: Desk) -> None:
    await desk.issue()
    await desk.submit()
    await desk.react(2)
    links = desk.bench.vault.public_links
    old = await links.make(desk.link_id, None, generation=1)
    assert (await links.open(old)).thing_id == desk.link_id

    await desk.submit("4242 4242 4242 4242", "card")
    await desk.react(2)
    paid = await desk.pay(1)

    new = await links.make(desk.link_id, None, generation=2)
    assert (await links.open(new)).thing_id == desk.link_id
    with pytest.raises(LinkNotFound):
        await links.open(old)
    assert (paid["code"], paid["version"]) == ("pay_link_replaced", 2)


async def test_with_an_approver_money_moves_only_after_another_person_has_approved(desk: Desk) -> None:
    await desk.issue(approval=True)
    await desk.submit()
    await desk.react(2)
    early = await desk.pay()
    own = await desk.do(ApprovePayout(desk.link_id, 1))

    approved = await desk.as_other(ApprovePayout(desk.link_id, 1))
    await desk.pay()
    await desk.react()

    assert (early["code"], own["code"]) == ("payout_approval_required", "approver_is_creator")
    assert approved["approved_by"] == "Joon"
    assert await desk.status() == "paid_out"


async def test_what_is_rejected_is_over_and_both_sides_are_told(desk: Desk) -> None:
    await desk.issue(approval=True)
    await desk.submit()
    await desk.react(2)
    own = await desk.do(RejectPayout(desk.link_id, 1, "unknown holder"))

    rejected = await desk.as_other(RejectPayout(desk.link_id, 1, "unknown holder"))
    paid, again = await desk.pay(), await desk.submit()
    await desk.react()

    assert own["code"] == "approver_is_creator"
    assert rejected == {"id": desk.link_id, "status": "rejected", "version": 1, "rejected_by": "Joon"}
    assert (paid["code"], again["code"]) == ("wrong_payout_status", "wrong_payout_status")
    told = ["payout.confirm", "payout.enter_details", "payout.rejected", "payout.rejected"]
    assert (await desk.status(), sorted(await desk.told())) == ("rejected", told)
    assert await desk.journal() == {}


async def test_what_was_asked_of_the_creator_is_asked_for_no_more_after_a_rejection(desk: Desk) -> None:
    await desk.issue(30_001, approval=True)
    await desk.submit()
    await desk.react(2)
    await desk.as_other(ApprovePayout(desk.link_id, 1))
    due = (await desk.pay())["obligation_id"]
    await desk.react()
    await desk.submit("110220334712")
    await desk.react(2)

    rejected = await desk.as_other(RejectPayout(desk.link_id, 2, "unknown holder"))
    desk.feed()
    async with desk.bench.see() as connection:
        asked = await obligations.find(connection, due)

    assert (rejected["status"], rejected["version"]) == ("rejected", 2)
    assert asked is not None
    assert (asked["closed"], asked["paid_minor"]) == ("rejected", 0)


async def test_money_held_for_rejected_details_goes_back_to_the_creator(desk: Desk) -> None:
    await desk.issue(approval=True)
    await desk.submit("110220339999")
    await desk.react(2)
    await desk.as_other(ApprovePayout(desk.link_id, 1))
    await desk.pay()
    await desk.react()
    await desk.submit("110220334712")
    await desk.react(2)
    held = await desk.held()

    rejected = await desk.as_other(RejectPayout(desk.link_id, 2, "unknown holder"))
    await desk.react()

    assert (held, rejected["status"]) == (30_000, "refunding")
    shown = await desk.shown()
    assert (shown["status"], shown["code"], shown["held_minor"], await desk.held()) == ("refunded", "rejected", 0, 0)
    assert {"payout.rejected", "payout.refunded"} <= set(await desk.told())
    assert await desk.journal() == {}
    assert await desk.transfers() == [(30_000, 1, "failed")]


async def test_details_that_were_erased_are_not_paid_to(desk: Desk) -> None:
    await desk.issue()
    await desk.submit()
    await desk.react(2)
    await desk.pay()
    await desk.bench.vault.erase((await desk.shown())["destination"])

    await desk.react()

    shown = await desk.shown()
    assert (shown["status"], shown["code"], await desk.held()) == ("payout_failed", "destination_erased", 30_000)
    assert await desk.transfers() == []


async def test_a_bank_that_does_not_answer_is_asked_again(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    async def silent(*_: Any) -> Any:
        raise PortUnavailable("no answer", 1)

    await desk.issue()
    await desk.submit()
    with monkeypatch.context() as away:
        away.setattr(type(desk.bench.ports.payouts), "verify_holder", silent)
        await desk.react(2)
        unchecked = await desk.pay()

    await desk.react(2)
    paid = await desk.pay()

    assert (unchecked["code"], paid["status"]) == ("holder_unchecked", "funding")


async def test_the_same_answer_of_the_bank_under_another_key_is_refused(desk: Desk) -> None:
    await desk.paid_out()

    again = await desk.bench.engine.submit(FinishPayout(desk.link_id, 1), call(f"{desk.link_id}:by-hand"))

    assert orjson.loads(again.body)["code"] == "wrong_payout_status"
