"""Payment requests from end to end: over HTTP, with the sandbox behind it, on a clock that is moved (SPEC 9)."""

from __future__ import annotations

import asyncio
import hashlib
import io
import zipfile
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime
from typing import Any, NamedTuple
from uuid import UUID

import httpx
import orjson
import pytest
from psycopg.sql import SQL, Identifier

from aggregates.dates import KST
from api.app import create_app
from api.views import Views
from ledger.attachments import EICAR as VIRUS
from ledger.database import Database, connect, embedded_database
from ledger.documents.company import EXAMPLE
from ledger.embedded import EmbeddedServer
from ledger.engine import Engine
from ledger.ports.sandbox.gateway import SandboxGateway
from ledger.ports.sandbox.state import SandboxState
from ledger.seal import Row, packed
from ledger.settings import Settings
from ledger.store import Store
from ledger.vault import open_vault
from projections import tellings as tellings_view
from projections.connections import connect_to
from projections.rebuild import check_views
from projections.registry import chosen
from projections.runner import Runner
from scheduler.jobs import EXPIRE_COLLECTIONS, EXPIRE_PAYMENT_REQUESTS, MARK_REQUESTS_OVERDUE, fire
from scheduler.reactions import collections, payments, tellings
from scheduler.reactions.bench import Bench
from tests.api.counter import Counter
from tests.conftest import SCHEMA, TEMPLATE, copied, numbers
from tests.ledger.desk import SetClock

pytestmark = pytest.mark.anyio

PDF = b"%PDF-1.7\n%fictitious contract\n"
PERSON = {"name": "Haneul", "phone": "010-0000-0005", "email": "haneul@kite.example"}


class Town(NamedTuple):
    """A running ledger."""

    counter: Counter
    bench: Bench
    database: Database
    clock: SetClock
    gateway: SandboxGateway
    runner: Runner
    project: Any


class Desk:
    """A payee, a payer, what stands between them, and the clock over it."""

    def __init__(self, town: Town) -> None:
        self.town = town
        self.counter, self.bench, self.database, self.clock = town.counter, town.bench, town.database, town.clock
        self.payee = self.payer = self.payee_key = self.payer_key = ""
        self.request_id = ""

    async def open(self) -> None:
        self.payee = await self.counter.account(name="Harbour Tea House")
        self.payer = await self.counter.account(name="Blue Kite Trading")
        self.payee_key = await self.counter.key("master", account_id=self.payee)
        self.payer_key = await self.counter.key("master", account_id=self.payer)

    def at(self, text: str) -> None:
        """Put the clock to a time of Seoul."""
        self.clock.at = datetime.fromisoformat(text).replace(tzinfo=KST).astimezone(UTC)

    def feed(self) -> None:
        while self.town.runner.feed(self.town.project, self.town.project):
            pass

    async def settle(self) -> None:
        """Let the gateway's reaction work until nothing is left to do."""
        self.feed()
        while await payments.react(self.bench) + await collections.react(self.bench):
            self.feed()

    async def tell(self) -> list[tuple[str, str, str]]:
        """Let messages be sent; return (kind, recipient, status) of what is told of the request."""
        self.feed()
        await tellings.react(self.bench)
        self.clock.advance(seconds=40)
        await tellings.react(self.bench)
        self.feed()
        evidence = (await self.get("/evidence", key=self.payee_key)).json()
        return [(each["kind"], each["recipient"], each["status"]) for each in reversed(evidence["messages"])]

    async def send(self, **given: Any) -> httpx.Response:
        """Ask for 1,000,000 due on 2024-11-30, unless something else is given."""
        body = {"counterparty": {"account_id": self.payer}, "amount": 1_000_000, "due_on": "2024-11-30", **given}
        response = await self.counter.post("/v1/payment-requests", body, key=self.payee_key)
        self.request_id = response.json().get("id", "")
        self.feed()
        return response

    async def do(self, step: str, body: Any = None, *, by: str = "payer", **more: Any) -> httpx.Response:
        key = {"payer": self.payer_key, "payee": self.payee_key, "service": None}[by]
        response = await self.counter.post(f"/v1/payment-requests/{self.request_id}/{step}", body, key=key, **more)
        self.feed()
        return response

    async def get(self, rest: str = "", *, key: str | None = None, role: str = "auditor") -> httpx.Response:
        self.feed()
        return await self.counter.get(f"/v1/payment-requests/{self.request_id}{rest}", key=key, role=role)

    async def shown(self) -> dict[str, Any]:
        found: dict[str, Any] = (await self.get(key=self.payee_key)).json()
        return found

    async def pay(self, amount: int, at: str) -> httpx.Response:
        """Pay by card, and let the gateway settle it."""
        self.at(at)
        started = await self.do("payments", {"amount": amount, "method": "card"})
        await self.settle()
        return started

    async def upload(self, content: bytes, key: str | None = None) -> httpx.Response:
        path = "/v1/payment-requests/attachments"
        return await self.counter.send("POST", path, content=content, key=key or self.payee_key)

    async def job(self, job: Any, at: str) -> int:
        """Let a job run; return how many facts of it the request has."""
        self.at(at)
        self.feed()
        await fire(job, self.database, self.clock)
        topic = "payment_request.expired" if job is EXPIRE_PAYMENT_REQUESTS else "payment_request.fell_overdue"
        return [entry["topic"] for entry in (await self.shown())["history"]].count(topic)


@pytest.fixture(scope="module")
def anyio_backend() -> str:
    """Run the tests of this module on one loop."""
    return "asyncio"


@pytest.fixture(scope="module")
def module_database(postgres: EmbeddedServer, ledger_template: Database) -> Iterator[Database]:
    """Give a ledger, a vault and a sandbox of the module's own."""
    name = f"test_{next(numbers)}"
    with (
        copied(postgres, TEMPLATE, name),
        copied(postgres, f"{TEMPLATE}_vault", f"{name}_vault"),
        copied(postgres, f"{TEMPLATE}_sandbox", f"{name}_sandbox"),
    ):
        yield embedded_database(postgres, SCHEMA, name=name)


@pytest.fixture(scope="module")
async def town(module_database: Database, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Town]:
    """Give a running ledger with its views, reactions and sandbox."""
    assert module_database.sandbox is not None
    clock = SetClock()
    engine = Engine(Store(module_database.app, module_database.schema), clock)
    sandbox = SandboxState(module_database.sandbox, module_database.schema, clock)
    vault = open_vault(Settings(data_dir=tmp_path_factory.mktemp("requests")), module_database, clock)
    views = Views(module_database.app, module_database.schema)
    app = create_app(engine, views, vault, environment="test", sandbox=sandbox, company=EXAMPLE)
    connecting = connect_to(module_database)
    async with app.router.lifespan_context(app):
        counter = Counter(app)
        assert counter.house.ports is not None
        bench = Bench(engine, counter.house.ports, vault, module_database, clock)
        with connecting() as project:
            runner = Runner(connecting)
            runner.prepare(project)
            yield Town(counter, bench, module_database, clock, SandboxGateway(sandbox), runner, project)
        await bench.close()
        await counter.close()


@pytest.fixture
async def desk(town: Town) -> Desk:
    """Give a payee and a payer of the test's own, at noon of 2024-11-01."""
    made = Desk(town)
    made.at("2024-11-01 12:00")
    await made.open()
    return made


MONEY = ("status", "paid", "outstanding", "overdue", "overdue_from", "overdue_to", "days_late")


async def test_a_request_is_accepted_paid_in_two_parts_and_two_days_late(desk: Desk) -> None:
    """SPEC 9: 1,000,000 due 11-30; accepted 11-02; 400,000 on 11-20; 600,000 on 12-02, two days late."""
    sent = await desk.send(reference="ORDER-118")
    desk.at("2024-11-02 10:00")
    accepted = await desk.do("accept", {"version": 1})
    unpaid = await desk.shown()
    desk.at("2024-11-20 10:00")
    await desk.do("payments", {"amount": 400_000, "method": "card"})
    started = await desk.shown()
    await desk.settle()
    part = await desk.shown()
    desk.at("2024-11-30 23:59:59")
    on_the_day = await desk.shown()
    desk.at("2024-12-01 00:00:00")
    overdue = await desk.shown()
    await desk.pay(600_000, "2024-12-02 15:00")
    paid = await desk.shown()
    desk.at("2024-12-20 15:00")

    assert (sent.status_code, sent.json()["status"], sent.json()["expires_on"]) == (201, "sent", "2024-12-30")
    assert accepted.json()["status"] == "accepted"
    assert [unpaid[name] for name in MONEY] == ["accepted", 0, 1_000_000, False, None, None, 0]
    assert (started["status"], started["paid"], started["pending"]) == ("accepted", 0, 400_000)
    assert [part[name] for name in MONEY] == ["partially_paid", 400_000, 600_000, False, None, None, 0]
    assert not on_the_day["overdue"]
    assert [overdue[name] for name in MONEY] == ["partially_paid", 400_000, 600_000, True, "2024-12-01", None, 1]
    assert [paid[name] for name in MONEY] == ["paid", 1_000_000, 0, False, "2024-12-01", "2024-12-02", 2]
    assert (await desk.shown())["days_late"] == 2
    assert paid["paid_on"] == "2024-12-02"
    account = await desk.counter.get(f"/v1/accounts/{desk.payee}")
    assert (account.json()["collections"], account.json()["balance"]) == (1_000_000, 0)
    assert (await desk.do("payments", {"amount": 1, "method": "card"})).json()["code"] == "already_paid"


async def test_the_payer_cannot_say_that_it_is_paid_and_the_payee_can_r101(desk: Desk) -> None:
    await desk.send()
    accepted = (await desk.do("accept", {"version": 1})).json()
    path = f"/v1/obligations/{accepted['obligation_id']}/confirmations"
    body = {"amount": 1_000_000, "paid_on": "2024-11-01"}

    by_payer = await desk.counter.post(path, body, key=desk.payer_key)
    before = await desk.shown()
    by_payee = await desk.counter.post(path, body, key=desk.payee_key)
    after = await desk.shown()

    assert (by_payer.status_code, before["status"]) == (404, "accepted")
    assert (by_payee.status_code, after["status"], after["confirmed"]) == (201, "paid", 1_000_000)


async def test_a_payment_that_is_taken_back_reopens_the_request_and_it_is_paid_again_r101(desk: Desk) -> None:
    await desk.send()
    await desk.do("accept", {"version": 1})
    payment = (await desk.pay(1_000_000, "2024-11-20 10:00")).json()
    desk.at("2024-12-30 10:00")
    await desk.town.gateway.take_back(payment["id"], 1_000_000, "chargeback")
    await desk.settle()
    reversed_ = await desk.shown()
    told = await desk.job(MARK_REQUESTS_OVERDUE, "2024-12-30 10:01")
    await desk.pay(1_000_000, "2025-01-03 10:00")
    again = await desk.shown()

    assert [reversed_[name] for name in MONEY] == ["reversed", 0, 1_000_000, True, "2024-12-01", None, 30]
    assert (reversed_["reversed"], reversed_["paid_on"], told) == (1_000_000, None, 1)
    assert [again[name] for name in MONEY] == ["paid", 1_000_000, 0, False, "2024-12-01", "2025-01-03", 34]
    account = await desk.counter.get(f"/v1/accounts/{desk.payee}")
    assert account.json()["collections"] == 1_000_000


async def test_what_is_paid_beyond_what_is_owed_is_credit_that_goes_back_when_asked_for_r102(desk: Desk) -> None:
    await desk.send()
    accepted = (await desk.do("accept", {"version": 1})).json()
    started = await desk.do("payments", {"amount": 1_000_000, "method": "card"})
    await desk.do("amendments", {"amount": 900_000, "due_on": "2024-11-30"}, by="payee")
    agreed = await desk.do("amendments/1/accept", {})
    await desk.settle()
    over = await desk.shown()
    refund = await desk.counter.post(
        f"/v1/obligations/{accepted['obligation_id']}/refunds",
        {"payment_id": started.json()["id"], "amount": 100_000, "reason": "overpaid"},
        key=desk.payee_key,
    )
    await desk.settle()
    after = await desk.shown()

    assert (agreed.status_code, refund.status_code) == (200, 201)
    assert (over["status"], over["paid"], over["payer_credit"]) == ("paid", 900_000, 100_000)
    assert (after["status"], after["payer_credit"], after["refunded"]) == ("paid", 0, 0)
    assert after["payments"][0]["refunded"] == 100_000


@pytest.mark.parametrize(
    ("amount", "method", "status", "paid", "credit"),
    [
        (400_001, "card", "accepted", 0, 0),
        (400_002, "card", "partially_paid", 400_002, 0),
        (400_004, "virtual_account", "accepted", 0, 400_003),
        (400_005, "virtual_account", "accepted", 0, 400_005),
        (400_000, "virtual_account", "partially_paid", 400_000, 0),
    ],
    ids=["declined", "done, but the answer is lost", "one won too little", "too late", "deposited"],
)
async def test_whatever_the_gateway_does_money_moves_once_and_nothing_stays_open(
    desk: Desk, amount: int, method: str, status: str, paid: int, credit: int
) -> None:
    await desk.send()
    await desk.do("accept", {"version": 1})
    await desk.do("payments", {"amount": amount, "method": method})
    in_flight = await desk.do("payments", {"amount": 1_000, "method": "card"}, by="service")
    await desk.settle()
    await desk.settle()
    for _ in range(9):
        desk.clock.advance(days=1)
        desk.feed()
        await fire(EXPIRE_COLLECTIONS, desk.database, desk.clock)
        await desk.settle()

    shown = await desk.shown()
    account = (await desk.counter.get(f"/v1/accounts/{desk.payee}")).json()

    assert in_flight.json()["code"] == "payment_in_flight"
    assert [shown[name] for name in ("status", "paid", "payer_credit", "pending")] == [status, paid, credit, 0]
    assert (account["collections"], account["payer_credit"]) == (paid, credit)
    again = await desk.pay(1_000_000 - paid, "2024-11-29 12:00")
    assert (again.status_code, (await desk.shown())["status"]) == (201, "paid")


async def test_a_request_is_revised_before_its_answer_and_amended_by_both_after_it_r104(desk: Desk) -> None:
    await desk.send(details="Shelves")
    revised = await desk.do("versions", {"amount": 900_000, "due_on": "2024-12-10", "details": "Fewer"}, by="payee")
    stale = await desk.do("accept", {"version": 1})
    by_self = await desk.do("accept", {"version": 2}, by="payee")
    accepted = await desk.do("accept", {"version": 2})
    too_late = await desk.do("versions", {"amount": 800_000, "due_on": "2024-12-10"}, by="payee")
    first = await desk.do("amendments", {"amount": 800_000, "due_on": "2024-12-20"})
    own = await desk.do("amendments/1/accept", {})
    no = await desk.do("amendments/1/reject", {"code": "wrong_amount", "text": "Not less."}, by="payee")
    await desk.do("amendments", {"amount": 850_000, "due_on": "2024-12-20"}, by="payee")
    agreed = await desk.do("amendments/2/accept", {})
    await desk.do("amendments", {"amount": 700_000, "due_on": "2024-12-20"})
    taken = await desk.do("amendments/3/withdraw", {})
    shown = await desk.shown()

    assert (revised.json()["version"], accepted.json()["version"]) == (2, 2)
    assert (stale.json()["code"], stale.json()["version"]) == ("version_superseded", 2)
    assert (by_self.json()["code"], too_late.json()["code"]) == ("not_for_this_side", "payment_request_closed")
    assert (first.status_code, own.json()["code"]) == (201, "not_for_this_side")
    assert (no.json()["amendment_status"], agreed.json()["version"]) == ("rejected", 3)
    assert taken.json()["amendment_status"] == "withdrawn"
    assert [(each["version"], each["amount"], each["details"]) for each in shown["versions"]] == [
        (1, 1_000_000, "Shelves"), (2, 900_000, "Fewer"), (3, 850_000, None),
    ]  # fmt: skip
    assert [(each["side"], each["status"], each["text"]) for each in shown["amendments"]] == [
        ("payer", "rejected", "Not less."), ("payee", "accepted", None), ("payer", "withdrawn", None),
    ]  # fmt: skip
    assert (shown["amount"], shown["due_on"], shown["outstanding"]) == (850_000, "2024-12-20", 850_000)


async def test_a_rejection_has_a_code_and_words_and_the_words_are_the_two_sides_alone_r107(desk: Desk) -> None:
    words = "The tea was cold, and it was Haneul who said so."
    await desk.send()
    without = await desk.do("reject", {"version": 1, "code": "other", "text": " "})
    unknown = await desk.do("reject", {"version": 1, "code": "because", "text": words})
    rejected = await desk.do("reject", {"version": 1, "code": "not_delivered", "text": words})
    too_late = await desk.do("accept", {"version": 1})

    by_payee = (await desk.get(key=desk.payee_key)).json()
    by_auditor = await desk.get()
    with connect(desk.database.app) as ledger:
        stored = ledger.execute(
            "SELECT count(*) FROM ledger.ledger_events WHERE position('Haneul' in convert_from(state, 'UTF8')) > 0"
        ).fetchone()

    assert (without.status_code, unknown.json()["code"]) == (400, "rejection_code_unknown")
    assert (rejected.json()["status"], too_late.json()["code"]) == ("rejected", "payment_request_closed")
    assert by_payee["rejection"] == {"code": "not_delivered", "text": words}
    assert by_auditor.json()["rejection"] == {"code": "not_delivered", "text": "***"}
    assert "Haneul" not in by_auditor.text
    assert stored == (0,)


async def test_nobody_else_sees_a_request_and_each_side_does_its_own_part_only(desk: Desk) -> None:
    await desk.send()
    stranger = await desk.counter.account()
    key = await desk.counter.key("master", account_id=stranger)
    path = f"/v1/payment-requests/{desk.request_id}"

    missing = await desk.counter.get(f"{path[:-1]}z", key=key)
    foreign = await desk.counter.get(path, key=key)
    accept = await desk.counter.post(f"{path}/accept", {"version": 1}, key=key)
    evidence = await desk.counter.get(f"{path}/evidence", key=key)
    listed = await desk.counter.get("/v1/payment-requests", key=key)
    withdraw = await desk.do("withdraw")
    by_both = [
        [item["id"] for item in (await desk.counter.get("/v1/payment-requests" + query, key=each)).json()["items"]]
        for each in (desk.payee_key, desk.payer_key)
        for query in ("", "?side=payer")
    ]

    assert [each.status_code for each in (missing, foreign, accept, evidence)] == [404] * 4
    assert foreign.json()["detail"] == missing.json()["detail"]
    assert listed.json()["items"] == []
    assert withdraw.json()["code"] == "not_for_this_side"
    assert by_both == [[desk.request_id], [], [desk.request_id], [desk.request_id]]


async def test_an_unregistered_person_has_a_link_and_the_request_becomes_that_of_their_account_r105(desk: Desk) -> None:
    sent = await desk.send(counterparty=PERSON)
    shown = await desk.shown()
    link = shown["link"].removeprefix("/p/")
    claims, by_auditor = "/v1/payment-requests/claims", (await desk.get()).json()

    before = await desk.do("accept", {"version": 1})
    wrong = await desk.counter.post(claims, {"link": link, "digits": "0009"}, key=desk.payer_key)
    claimed = await desk.counter.post(claims, {"link": link, "digits": "0005"}, key=desk.payer_key)
    accepted = await desk.do("accept", {"version": 1})
    other = await desk.counter.post(claims, {"link": link, "digits": "0005"}, key=desk.payee_key)
    after = await desk.shown()

    assert (sent.json()["payer_account_id"], shown["counterparty_verified"]) == (None, False)
    assert shown["counterparty"] == {**PERSON, "phone": "01000000005"}
    assert by_auditor["counterparty"] == {"name": "H**", "phone": "***-***-0005", "email": "***@kite.example"}
    assert by_auditor["link"] is None
    assert wrong.json()["tries_left"] == 4
    assert (before.status_code, wrong.json()["code"]) == (404, "link_not_opened")
    assert claimed.json() == {"id": desk.request_id, "payer_account_id": desk.payer}
    assert (accepted.json()["status"], other.status_code) == ("accepted", 422)
    assert (after["counterparty_verified"], after["payer_account_id"]) == (True, desk.payer)


async def test_a_link_that_went_to_an_e_mail_address_alone_is_proof_enough_r105(desk: Desk) -> None:
    await desk.send(counterparty={"name": "Haneul", "email": "haneul@kite.example"})
    link = (await desk.shown())["link"].removeprefix("/p/")

    claimed = await desk.counter.post("/v1/payment-requests/claims", {"link": link}, key=desk.payer_key)
    unknown = await desk.counter.post("/v1/payment-requests/claims", {"link": "a" * 32}, key=desk.payer_key)

    assert claimed.json()["payer_account_id"] == desk.payer
    assert unknown.json()["code"] == "link_not_opened"


@pytest.mark.parametrize(
    ("counterparty", "code"),
    [
        ({}, "counterparty_invalid"),
        ({"name": "Haneul"}, "counterparty_invalid"),
        ({"name": "Haneul", "phone": "12"}, "counterparty_invalid"),
        ({"name": "Haneul", "email": "kite"}, "counterparty_invalid"),
        ({"account_id": "acc_01zzzzzzzzzzzzzzzz"}, "not_found"),
        ({"account_id": "payee"}, "counterparty_is_self"),
        ({"account_id": "payer", "name": "Haneul"}, "malformed"),
    ],
)
async def test_who_is_asked_is_an_account_or_a_person_that_can_be_reached_r105(
    desk: Desk, counterparty: dict[str, str], code: str
) -> None:
    named = {name: {"payee": desk.payee, "payer": desk.payer}.get(value, value) for name, value in counterparty.items()}

    assert (await desk.send(counterparty=named)).json()["code"] == code


async def test_files_are_what_their_bytes_say_and_go_with_the_request_r106(desk: Desk) -> None:
    uploaded = [await desk.upload(PDF + str(number).encode()) for number in range(6)]
    files = [
        {"attachment_id": each.json()["id"], "name": f"contract {number}.pdf"} for number, each in enumerate(uploaded)
    ]

    six = await desk.send(attachments=files)
    misnamed = await desk.send(attachments=[{**files[0], "name": "contract.png"}])
    twice = await desk.send(attachments=[files[0], files[0]])
    foreign = await desk.counter.post(
        "/v1/payment-requests",
        {"counterparty": {"account_id": desk.payee}, "amount": 1, "due_on": "2024-11-30", "attachments": files[:1]},
        key=desk.payer_key,
    )
    five = await desk.send(attachments=files[:5])
    shown = (await desk.get(key=desk.payer_key)).json()
    first = shown["attachments"][0]
    got = await desk.get(f"/attachments/{first['id']}", key=desk.payer_key)
    unused = await desk.get(f"/attachments/{files[5]['attachment_id']}", key=desk.payer_key)
    by_auditor = await desk.get(f"/attachments/{first['id']}")

    assert (six.json()["code"], misnamed.json()["code"]) == ("attachments_too_many", "attachment_name_mismatch")
    assert (twice.json()["code"], foreign.status_code) == ("malformed", 404)
    assert (five.status_code, len(shown["attachments"])) == (201, 5)
    assert (first["name"], first["sha256"]) == ("contract 0.pdf", hashlib.sha256(PDF + b"0").hexdigest())
    assert (got.content, got.headers["content-type"]) == (PDF + b"0", "application/pdf")
    assert (unused.status_code, by_auditor.status_code) == (404, 403)


async def test_an_upload_is_kept_for_a_week_and_longer_once_a_request_names_it_r106(desk: Desk) -> None:
    used, unused = (await desk.upload(PDF)).json(), (await desk.upload(PDF)).json()
    await desk.send(attachments=[{"attachment_id": used["id"], "name": "contract.pdf"}])
    desk.at("2024-11-09 12:00")
    await desk.counter.house.vault.purge(datetime(2024, 11, 9, tzinfo=UTC).date())

    late = await desk.send(attachments=[{"attachment_id": unused["id"], "name": "contract.pdf"}])
    again = await desk.send(attachments=[{"attachment_id": used["id"], "name": "contract.pdf"}])

    assert (used["kept_until"], late.status_code, again.status_code) == ("2024-11-08", 404, 201)


async def test_a_harmful_file_is_refused_and_nothing_is_kept_of_it_r106(desk: Desk) -> None:
    refused = [await desk.upload(content) for content in (b"MZ\x90", VIRUS, PDF + VIRUS)]

    assert [each.json()["code"] for each in refused] == [
        "attachment_type_not_taken", "attachment_harmful", "attachment_harmful",
    ]  # fmt: skip


async def test_an_unanswered_request_expires_also_where_no_job_has_run_r103(desk: Desk) -> None:
    await desk.send()
    desk.at("2024-12-30 23:59:59")
    waiting = await desk.shown()
    early = await desk.job(EXPIRE_PAYMENT_REQUESTS, "2024-12-30 23:59:59")
    desk.at("2024-12-31 00:00:00")
    by_clock = await desk.shown()
    too_late = await desk.do("accept", {"version": 1})
    fired = await desk.job(EXPIRE_PAYMENT_REQUESTS, "2024-12-31 00:00:01")
    again = await desk.job(EXPIRE_PAYMENT_REQUESTS, "2024-12-31 00:01:00")

    assert (waiting["status"], early) == ("sent", 0)
    assert (by_clock["status"], too_late.json()["code"]) == ("expired", "payment_request_closed")
    assert (fired, again) == (1, 1)
    assert ("request.expired", "account", "requested") in [
        (each["kind"], each["recipient"], each["status"])
        for each in (await desk.get("/evidence", key=desk.payee_key)).json()["messages"]
    ]


async def test_both_sides_are_told_of_each_step_once_q3_q4(desk: Desk) -> None:
    for account_id, key in ((desk.payee, desk.payee_key), (desk.payer, desk.payer_key)):
        contact = {"email": f"{account_id[-4:]}@pine.example"}
        await desk.counter.send("PUT", f"/v1/accounts/{account_id}/notice-contact", contact, key=key)
    await desk.send(counterparty=PERSON)
    sent = await desk.tell()
    await desk.do("accept", {"version": 1}, by="service")
    await desk.tell()
    desk.at("2024-12-01 00:00:00")
    overdue = [await desk.job(MARK_REQUESTS_OVERDUE, f"2024-12-01 00:0{minute}:00") for minute in (1, 2)]
    desk.at("2024-12-02 10:00")
    await desk.do("payments", {"amount": 1_000_000, "method": "card"}, by="service")
    await desk.settle()
    told = await desk.tell()

    assert sent == [("request.sent", "person", "told")]
    assert overdue == [1, 1]
    assert sorted(told) == sorted([
        ("request.sent", "person", "told"), ("request.accepted", "account", "told"),
        ("request.overdue", "account", "told"), ("request.overdue", "person", "told"),
        ("request.paid", "account", "told"), ("request.paid", "person", "told"),
    ])  # fmt: skip


async def test_a_person_who_is_erased_is_gone_from_a_request_and_was_never_in_the_ledger(desk: Desk) -> None:
    await desk.send(counterparty=PERSON, details="For Haneul alone")
    contact = (await desk.shown())["history"][0]["fact"]["contact"]
    with connect(desk.database.app) as ledger:
        tables = ledger.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'ledger'").fetchall()
        texts = [
            row[0]
            for (table,) in tables
            for row in ledger.execute(SQL("SELECT t::text FROM ledger.{} t").format(Identifier(table))).fetchall()
        ]

    await desk.counter.house.vault.erase(contact)
    shown = await desk.shown()

    assert shown["counterparty"] == {"name": "***", "phone": None, "email": None}
    assert shown["link"] is None
    assert any(desk.request_id.encode().hex() in text for text in texts)
    secrets = [word for text in ("Haneul", "01000000005", "kite.example") for word in (text, text.encode().hex())]
    assert not [text for text in texts if any(secret in text for secret in secrets)]


async def test_an_account_that_is_asked_is_told_by_the_name_of_who_asks_q3(desk: Desk) -> None:
    await desk.send()

    async with desk.bench.see() as connection:
        waiting = await tellings_view.to_tell(connection, limit=1_000)

    assert [(row["account_id"], row["payee"]) for row in waiting if row["thing_id"] == desk.request_id] == [
        (desk.payer, "Harbour Tea House")
    ]


async def test_the_views_built_anew_show_the_same(desk: Desk) -> None:
    await desk.send(details="Shelves")
    await desk.do("versions", {"amount": 900_000, "due_on": "2024-11-10"}, by="payee")
    await desk.do("accept", {"version": 2})
    await desk.do("amendments", {"amount": 800_000, "due_on": "2024-11-10"})
    await desk.do("amendments/1/accept", {}, by="payee")
    await desk.job(MARK_REQUESTS_OVERDUE, "2024-11-11 00:01:00")
    await desk.pay(800_000, "2024-11-12 12:00")

    views = chosen(("payment_requests", "obligations", "tellings"))
    checked = await asyncio.to_thread(check_views, connect_to(desk.database), views)

    assert (await desk.shown())["status"] == "paid"
    assert [(each.view, each.differences) for each in checked] == [(view.NAME, 0) for view in views]


async def test_lists_are_filtered_by_state_and_by_what_is_overdue(desk: Desk) -> None:
    await desk.send()
    waiting = desk.request_id
    await desk.send(amount=2_000)
    await desk.do("accept", {"version": 1})
    late = desk.request_id
    await desk.send(amount=3_000)
    await desk.do("accept", {"version": 1})
    paid = desk.request_id
    await desk.pay(3_000, "2024-11-20 10:00")
    desk.at("2024-12-01 10:00")

    async def found(query: str) -> list[str]:
        listed = await desk.counter.get(f"/v1/payment-requests{query}", key=desk.payee_key)
        return [item["id"] for item in listed.json()["items"]]

    first = (await desk.counter.get("/v1/payment-requests?limit=2", key=desk.payee_key)).json()
    rest = await found(f"?limit=2&cursor={first['next_cursor']}")

    assert [await found(f"?status={status}") for status in ("sent", "accepted", "paid")] == [[waiting], [late], [paid]]
    assert (await found("?overdue=true"), await found("?overdue=false")) == ([late], [paid, waiting])
    assert [item["id"] for item in first["items"]] + rest == [paid, late, waiting]


async def test_the_same_key_twice_is_one_request_and_one_answer(desk: Desk) -> None:
    body = {"counterparty": PERSON, "amount": 1_000, "due_on": "2024-11-30", "details": "Tea"}
    other = {**body, "details": "Coffee"}

    first, again, reused = [
        await desk.counter.post("/v1/payment-requests", each, key=desk.payee_key, idempotency_key="request-118")
        for each in (body, body, other)
    ]

    assert (first.status_code, again.content, again.headers["idempotent-replayed"]) == (201, first.content, "true")
    assert (reused.status_code, reused.json()["code"]) == (422, "idempotency_key_reused")


async def test_evidence_says_everything_with_digests_that_can_be_made_again_q5(desk: Desk) -> None:
    file = (await desk.upload(PDF)).json()
    named = {"attachment_id": file["id"], "name": "contract.pdf"}
    await desk.send(counterparty=PERSON, details="Shelves, order 118", attachments=[named])
    await desk.do("accept", {"version": 1}, by="service")
    await desk.do("payments", {"amount": 400_000, "method": "card"}, by="service")
    await desk.settle()

    shown = await desk.shown()
    evidence = (await desk.get("/evidence", key=desk.payee_key)).json()
    pdf = await desk.get("/evidence?format=pdf&language=en", key=desk.payee_key)
    zipped = await desk.get("/evidence?format=zip", key=desk.payee_key)
    by_auditor = await desk.get("/evidence")

    with zipfile.ZipFile(io.BytesIO(zipped.content)) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    manifest = orjson.loads(files.pop("manifest.json"))
    assert {name: hashlib.sha256(content).hexdigest() for name, content in files.items()} == {
        name: told["sha256"] for name, told in manifest["files"].items()
    }
    assert f"attachments/01-{file['sha256'][:12]}.pdf" in files
    assert PDF in files.values()
    assert orjson.loads(files["evidence.json"])["request"] == evidence["request"]
    assert (pdf.content[:5], files["evidence.pdf"][:5], by_auditor.status_code) == (b"%PDF-", b"%PDF-", 403)

    topics = [fact["topic"] for fact in evidence["facts"]]
    assert [topic for topic in topics if not topic.startswith("telling.")] == [
        "payment_request.sent", "payment_request.accepted", "obligation.opened", "obligation.attempt_started",
        "payment.started", "payment.settled", "obligation.settled",
    ]  # fmt: skip
    assert [entry["topic"] for entry in shown["history"]] == [t for t in topics if not t.startswith("telling.")]
    assert evidence["request"]["details"] == "Shelves, order 118"
    assert evidence["payer"]["person"] == {**PERSON, "phone": "01000000005"}
    with connect(desk.database.app) as ledger:
        blocks: dict[int, str] = dict(
            ledger.execute("SELECT number, encode(hash, 'hex') FROM ledger.ledger_blocks").fetchall()
        )
    for fact in evidence["facts"]:
        key = None if fact["key"] is None else bytes.fromhex(fact["key"])
        row = Row(UUID(fact["stream"]).bytes, fact["version"], fact["topic"].encode(), fact["state"].encode(), key)
        assert hashlib.sha256(packed(row)).hexdigest() == fact["digest"]
        assert blocks[fact["block"]] == fact["block_hash"]
