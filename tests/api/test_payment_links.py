"""Payment links over HTTP, in the sandbox, with reactions and jobs beside them: money once, whatever goes wrong."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from api.app import create_app
from api.views import Views
from ledger.commands.collecting.payment_links import PayByLink
from ledger.database import Database
from ledger.engine import Engine
from ledger.ports.sandbox import sandbox_ports
from ledger.ports.sandbox.gateway import SandboxGateway
from ledger.ports.sandbox.scenarios import counted, set_rates
from ledger.ports.sandbox.state import SandboxState
from ledger.settings import Settings
from ledger.store import Store
from ledger.vault import open_vault
from projections.connections import connect_to
from projections.rebuild import check_views
from projections.registry import chosen
from projections.runner import Runner
from scheduler.jobs import EXPIRE_COLLECTIONS, EXPIRE_PAYMENT_LINKS, fire
from scheduler.reactions import collections, payments, tellings
from scheduler.reactions.bench import Bench
from tests.api.counter import Counter
from tests.ledger.desk import SetClock, body, call

pytestmark = pytest.mark.anyio

HANEUL = {"name": "Haneul", "phone": "010-0000-7007", "email": "haneul@kite.example"}
URL = "https://pay.kite.example"


class Stall:
    """A payee in front of the real application; views, reactions and jobs move when the test says so."""

    def __init__(self, counter: Counter, bench: Bench, state: SandboxState, clock: SetClock) -> None:
        self.counter, self.bench, self.state, self.clock = counter, bench, state, clock
        self.gateway = SandboxGateway(state)
        self.connecting = connect_to(bench.database)
        self.account_id = self.master = ""

    async def open(self, currency: str = "KRW") -> None:
        body = {"name": "Blue Kite Trading", "mode": "prepaid", "currency": currency}
        self.account_id = (await self.counter.send("POST", "/v1/accounts", body)).json()["id"]
        self.master = await self.counter.role_key("master", self.account_id)
        contact = f"/v1/accounts/{self.account_id}/notice-contact"
        await self.counter.send("PUT", contact, {"email": "owner@kite.example"}, key=self.master)
        self.feed()

    async def post(self, path: str, body: Any, **more: Any) -> Any:
        answer = await self.counter.send("POST", path, body, key=self.master, **more)
        return answer.json() | {"http": answer.status_code}

    async def get(self, path: str, **more: Any) -> Any:
        self.feed()
        return (await self.counter.get(path, key=self.master, **more)).json()

    async def issue(self, amount: int | None = 50_000, **more: Any) -> dict[str, Any]:
        body = {"amount": amount, "expires_on": "2026-03-31"} | more
        made: dict[str, Any] = await self.post("/v1/payment-links", body)
        assert made["http"] == 201, made
        return made

    async def pay(self, link_id: str, method: str = "card", amount: int | None = None) -> Any:
        return await self.post(f"/v1/payment-links/{link_id}/payments", {"method": method, "amount": amount})

    async def link(self, link_id: str) -> dict[str, Any]:
        found: dict[str, Any] = await self.get(f"/v1/payment-links/{link_id}")
        return found

    def feed(self) -> None:
        with self.connecting() as project:
            made = Runner(self.connecting)
            made.prepare(project)
            while made.feed(project, project):
                pass

    async def react(self) -> None:
        """Let reactions work until nothing comes of it."""
        idle = 0
        while idle < 2:
            self.feed()
            done = [await each.react(self.bench) for each in (payments, collections, tellings)]
            idle = 0 if any(done) else idle + 1
        self.feed()

    async def jobs(self) -> None:
        for job in (EXPIRE_COLLECTIONS, EXPIRE_PAYMENT_LINKS):
            self.feed()
            await fire(job, self.bench.database, self.clock)
        await self.react()

    async def told(self, link_id: str) -> list[tuple[str, str, str | None]]:
        """Return (kind, recipient, channel) of who was told about a link, oldest first."""
        found = (await self.link(link_id))["tellings"]
        return [(each["kind"], each["recipient"], each["channel"]) for each in reversed(found)]

    async def books(self) -> dict[str, int]:
        """Return ledger account -> balance; the sum of all is zero."""
        self.feed()
        async with self.bench.see() as connection:
            cursor = await connection.execute("SELECT account, sum(amount_minor)::bigint FROM view_journal GROUP BY 1")
            sums = {row[0]: row[1] for row in await cursor.fetchall()}
        assert sum(sums.values()) == 0
        return {name: minor for name, minor in sums.items() if minor}

    async def captured(self) -> int:
        """Return how many payments the gateway has taken, each of them once."""
        found = [row for row in await counted(self.state, "payments", "", "", 100) if row["captured"]]
        assert all(row["captured"] == 1 for row in found)
        return len(found)


@pytest.fixture
async def stall(sandbox_database: Database, clock: SetClock, tmp_path: Path) -> AsyncIterator[Stall]:
    assert sandbox_database.sandbox is not None
    schema = sandbox_database.schema
    vault = open_vault(Settings(data_dir=tmp_path), sandbox_database, clock)
    state = SandboxState(sandbox_database.sandbox, schema, clock)
    engine = Engine(Store(sandbox_database.app, schema), clock)
    views = Views(sandbox_database.app, schema)
    app = create_app(engine, views, vault, environment="test", sandbox=state, public_url=URL)
    other = Engine(Store(sandbox_database.app, schema), clock)
    await other.start()
    async with app.router.lifespan_context(app):
        bench = Bench(other, sandbox_ports(state), vault, sandbox_database, clock, public_url=URL)
        counter = Counter(app)
        await set_rates(state, {"message_delay_s": 0})
        made = Stall(counter, bench, state, clock)
        await made.open()
        yield made
        await bench.close()
        await counter.close()
    await other.stop()


async def test_a_link_is_sent_paid_and_told_of_and_shows_in_the_books_y1_y3_y4(stall: Stall) -> None:
    made = await stall.issue(title="Spring course", payer=HANEUL, send=["sms", "email"], reference="SHOP-7")
    await stall.react()
    sent = await counted(stall.state, "messages", "tel_", "", 10)
    started = await stall.pay(made["id"])
    pending = await stall.link(made["id"])

    await stall.react()

    assert made["link"].startswith(f"{URL}/p/")
    assert [(row["channel"], row["template"], row["link"]) for row in sent] == [("sms", "link-sent", made["link"])]
    assert (started["http"], started["status"]) == (201, "pending")
    assert (pending["status"], pending["paid"], pending["pending_uses"]) == ("payment_pending", 0, 1)
    paid = await stall.link(made["id"])
    assert (paid["status"], paid["paid"], paid["outstanding"], paid["settled_uses"]) == ("paid", 50_000, 0, 1)
    assert (paid["title"], paid["payer"]["phone"], paid["link"]) == ("Spring course", "01000007007", None)
    assert await stall.told(made["id"]) == [("link.sent", "person", "sms"), ("link.paid", "account", "email")]
    assert await stall.books() == {"asset.gateway_receivable.card": 50_000, "liability.collections": -50_000}
    listed = await stall.get(f"/v1/accounts/{stall.account_id}/transactions")
    assert [(row["type"], row["amount"]) for row in listed["items"]] == [("collection", 50_000)]
    async with stall.bench.see() as connection:
        stored = await connection.execute("SELECT convert_from(state, 'UTF8') FROM ledger_events")
        facts = str(await stored.fetchall())
    for secret in ("Haneul", "01000007007", HANEUL["email"], "Spring course", made["link"].rpartition("/")[2]):
        assert secret not in facts


async def test_two_payers_at_once_pay_a_link_for_one_use_once_r124(stall: Stall) -> None:
    made = await stall.issue()

    answers = await asyncio.gather(*(stall.pay(made["id"], method) for method in ("card", "transfer", "card")))
    await stall.react()
    late = await stall.pay(made["id"])

    assert sorted(answer["http"] for answer in answers) == [201, 409, 409]
    assert {answer["code"] for answer in answers if answer["http"] == 409} == {"payment_in_flight"}
    assert (late["http"], late["code"]) == (409, "already_paid")
    assert await stall.captured() == 1
    assert (await stall.books())["liability.collections"] == -50_000


async def test_many_payers_at_once_use_a_link_no_more_often_than_it_may_be_r130(stall: Stall) -> None:
    made = await stall.issue(None, max_uses=3, maximum=90_000)

    answers = await asyncio.gather(*(stall.pay(made["id"], "card", 1_000 + number) for number in range(6)))
    await stall.react()

    assert sorted(answer["http"] for answer in answers) == [201, 201, 201, 409, 409, 409]
    shown = await stall.link(made["id"])
    # An amount that ends in 001 is declined by the sandbox's gateway: that use is free again.
    declined = any(answer["http"] == 201 and answer["amount"] % 1000 == 1 for answer in answers)
    assert (shown["settled_uses"], shown["status"]) == ((2, "active") if declined else (3, "paid"))
    assert len(shown["uses"]) == 3
    rebuilt = check_views(stall.connecting, chosen(("payment_links",)))
    assert [(each.view, each.differences) for each in rebuilt] == [("payment_links", 0)]


async def test_the_same_key_twice_is_the_same_bytes(stall: Stall) -> None:
    asked = {"amount": 50_000, "expires_on": "2026-03-31", "payer": HANEUL, "send": ["sms"]}
    send = ("POST", "/v1/payment-links", asked)
    first, again = [await stall.counter.send(*send, key=stall.master, idempotency_key="issue-once-1") for _ in range(2)]
    link_id = first.json()["id"]
    pay = ("POST", f"/v1/payment-links/{link_id}/payments", {"method": "card"})
    once, twice = [await stall.counter.send(*pay, key=stall.master, idempotency_key="pay-once-1") for _ in range(2)]
    await stall.react()

    assert (first.content, first.status_code) == (again.content, again.status_code)
    assert once.content == twice.content
    assert await stall.captured() == 1
    assert len(await counted(stall.state, "messages", "tel_", "", 10)) == 2


async def test_an_answer_that_was_lost_moves_the_money_once_and_one_that_is_no_leaves_the_link_active(
    stall: Stall,
) -> None:
    made = await stall.issue(50_002)
    await stall.pay(made["id"])
    stall.feed()
    await payments.react(stall.bench)
    unknown = await stall.link(made["id"])

    await stall.react()
    await asyncio.gather(*(payments.react(stall.bench) for _ in range(3)))
    await stall.react()

    assert (unknown["status"], unknown["paid"]) == ("payment_pending", 0)
    assert ((await stall.link(made["id"]))["status"], await stall.captured()) == ("paid", 1)
    assert (await stall.books())["liability.collections"] == -50_002
    assert await stall.told(made["id"]) == [("link.paid", "account", "email")]
    other = await stall.issue(50_001)
    await stall.pay(other["id"])
    await stall.react()
    shown = await stall.link(other["id"])
    assert (shown["status"], shown["outstanding"], shown["pending_uses"]) == ("active", 50_001, 0)


async def test_payments_in_flight_at_expiry_count_when_they_settle_and_expire_when_not_r131_y3(stall: Stall) -> None:
    made = await stall.issue(expires_on="2026-03-02")
    failing = await stall.issue(50_001, expires_on="2026-03-02")
    stall.clock.advance(hours=11, minutes=59, seconds=59)
    for each in (made, failing):
        await stall.pay(each["id"])
    stall.clock.advance(seconds=1)
    refused = await stall.pay(failing["id"])
    stall.feed()
    await fire(EXPIRE_PAYMENT_LINKS, stall.bench.database, stall.clock)
    in_flight = await stall.link(made["id"])
    await stall.react()

    await stall.jobs()
    await stall.jobs()

    assert (in_flight["status"], refused["code"]) == ("payment_pending", "link_expired")
    assert (await stall.link(made["id"]))["status"] == "paid"
    assert await stall.told(made["id"]) == [("link.paid", "account", "email")]
    assert (await stall.link(failing["id"]))["status"] == "expired"
    assert await stall.told(failing["id"]) == [("link.expired", "account", "email")]
    assert (await stall.books())["liability.collections"] == -50_000


async def test_a_deposit_after_the_last_day_is_credit_and_goes_back_r131(stall: Stall) -> None:
    made = await stall.issue(50_005, expires_on="2026-03-04")
    await stall.pay(made["id"], "virtual_account")
    await stall.react()
    stall.clock.advance(days=4)
    await stall.jobs()

    shown = await stall.link(made["id"])

    assert (shown["status"], shown["paid"], shown["outstanding"]) == ("expired", 0, 50_005)
    books = await stall.books()
    assert "liability.collections" not in books
    due = await stall.get(f"/v1/obligations/{made['obligation_id']}")
    (payment,) = due["payments"]
    assert (payment["counted"], payment["credit"]) == (0, 50_005)


async def test_a_chargeback_after_30_days_opens_the_link_again(stall: Stall) -> None:
    made = await stall.issue(expires_on="2026-12-31")
    payment_id = (await stall.pay(made["id"]))["id"]
    await stall.react()
    stall.clock.advance(days=31)
    await stall.gateway.take_back(payment_id, 50_000, "chargeback")

    await stall.react()

    shown = await stall.link(made["id"])
    assert (shown["status"], shown["outstanding"], shown["uses"][0]["status"]) == ("active", 50_000, "reversed")
    assert [kind for kind, *_ in await stall.told(made["id"])] == ["link.paid", "link.reversed"]
    assert await stall.books() == {}
    await stall.pay(made["id"])
    await stall.react()
    assert (await stall.link(made["id"]))["status"] == "paid"


async def test_a_superseded_link_is_dead_and_its_payment_under_way_counts(stall: Stall) -> None:
    old = await stall.issue(payer=HANEUL, send=["sms"])
    await stall.pay(old["id"])
    new = await stall.post(f"/v1/payment-links/{old['id']}/supersede", {"expires_on": "2026-04-30"})
    dead = await stall.pay(old["id"])
    qr = await stall.get(f"/v1/payment-links/{old['id']}/qr")

    await stall.react()

    assert (new["http"], new["replaces"], new["obligation_id"]) == (201, old["id"], old["obligation_id"])
    assert new["link"] != old["link"]
    assert (dead["code"], qr["code"]) == ("link_superseded", "link_superseded")
    shown = await stall.link(old["id"])
    assert (shown["status"], shown["superseded_by"]) == ("expired", new["id"])
    assert (await stall.link(new["id"]))["status"] == "paid"
    assert await stall.told(new["id"]) == [("link.sent", "person", "sms"), ("link.paid", "account", "email")]
    listed = await stall.get("/v1/payment-links?status=paid")
    assert [item["id"] for item in listed["items"]] == [new["id"]]
    pages = await stall.get("/v1/payment-links?limit=1")
    rest = await stall.get(f"/v1/payment-links?limit=1&cursor={pages['next_cursor']}")
    assert [pages["items"][0]["id"], rest["items"][0]["id"]] == [new["id"], old["id"]]

    # Another process, which has the link in memory, has not heard that it was replaced.
    engine = stall.bench.engine
    made = await stall.issue()
    too_little = await engine.submit(PayByLink(made["id"], 1_000, "card"), call("pay-elsewhere-1"))
    await stall.post(f"/v1/payment-links/{made['id']}/supersede", {"expires_on": "2026-04-30"})
    late = await engine.submit(PayByLink(made["id"], None, "card"), call("pay-elsewhere-2"))
    assert body(too_little)["code"] == "payment_amount_not_allowed"
    assert (late.status, body(late)["code"]) == (409, "link_superseded")


async def test_a_link_is_drawn_as_a_qr_code_and_an_auditor_sees_neither_it_nor_a_person(stall: Stall) -> None:
    made = await stall.issue(title="Spring course", payer=HANEUL)
    stall.feed()

    svg = await stall.counter.get(f"/v1/payment-links/{made['id']}/qr", key=stall.master)
    png = await stall.counter.get(f"/v1/payment-links/{made['id']}/qr?format=png", key=stall.master)
    shown = (await stall.counter.get(f"/v1/payment-links/{made['id']}")).json()
    refused = await stall.counter.get(f"/v1/payment-links/{made['id']}/qr")

    assert svg.headers["content-type"] == "image/svg+xml"
    assert svg.content.startswith(b"<?xml")
    assert png.headers["content-type"] == "image/png"
    assert png.content.startswith(b"\x89PNG\r\n")
    assert (refused.status_code, shown["link"]) == (403, None)
    for text in (HANEUL["email"], "Haneul", "01000007007"):
        assert text not in str(shown)


async def test_a_link_in_rials_is_at_home_in_tehran_and_shown_in_tomans_r132_r134(stall: Stall) -> None:
    await stall.open("IRR")
    payer = {"name": "Navid", "phone": "+98 912 000 7007"}
    made = await stall.issue(500_000, currency="IRR", time_zone="Asia/Tehran", payer=payer, send=["sms"])
    wrong = await stall.post("/v1/payment-links", {"amount": 9_999, "expires_on": "2026-03-31"})
    other = await stall.post(f"/v1/payment-links/{made['id']}/payments", {"method": "card", "currency": "KRW"})
    await stall.pay(made["id"])
    await stall.react()

    shown = await stall.link(made["id"])

    assert (made["display"], made["expires_at"]) == (
        {"unit": "toman", "amount": "50000"},
        "2026-03-31T20:30:00.000000Z",
    )
    assert (wrong["code"], other["code"]) == ("link_amount_not_allowed", "currency_mismatch")
    assert (shown["status"], shown["payer"]["phone"]) == ("paid", "09120007007")


REFUSED: tuple[tuple[dict[str, Any], str], ...] = (
    ({"payer": {"name": "Haneul"}}, "link_payer_invalid"),
    ({"payer": {"name": "Haneul", "phone": "12"}}, "link_payer_invalid"),
    ({"payer": {"name": "Haneul", "phone": "01000007007"}, "send": ["email"]}, "link_payer_invalid"),
    ({"time_zone": "Europe/Paris"}, "malformed"),
    ({"expires_on": "2026-03-01"}, "link_expiry_not_allowed"),
    ({"amount": 999}, "link_amount_not_allowed"),
)


async def test_what_cannot_be_asked_for_is_refused_and_others_see_no_link(stall: Stall) -> None:
    for change, code in REFUSED:
        asked = {"amount": 50_000, "expires_on": "2026-03-31", "payer": HANEUL} | change
        refused = await stall.post("/v1/payment-links", asked)
        assert refused["code"] == code
        assert "Haneul" not in str(refused)
    made = await stall.issue()
    stall.feed()
    stranger = await stall.counter.send("POST", "/v1/accounts", {"name": "Harbour Tea House", "mode": "prepaid"})
    key = await stall.counter.role_key("master", stranger.json()["id"])

    read = await stall.counter.get(f"/v1/payment-links/{made['id']}", key=key)
    pay = await stall.counter.send("POST", f"/v1/payment-links/{made['id']}/payments", {"method": "card"}, key=key)

    assert (read.status_code, pay.status_code) == (404, 404)
