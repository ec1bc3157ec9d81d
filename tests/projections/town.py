"""A town of accounts: real commands decided in memory, their facts stored in one go; and a second town by chance.

Given: `town.do(command)`, as often as the test needs. When: `town.store()` puts the facts where the views read them.
Times are written as people in Seoul would write them.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from hashlib import sha256
from typing import Any, TypeVar
from uuid import UUID

from psycopg import Connection

from aggregates import ids
from aggregates.account import Account
from aggregates.batch import Batch
from aggregates.dates import KST
from aggregates.errors import LedgerError, NotFound
from aggregates.fact import Fact, Stamp, Stream
from ledger.command import ANSWERS, Command
from ledger.commands.charges import (
    CancelCharge,
    ChargeAccount,
    ChargeBack,
    FailChargeCancellation,
    FinishChargeCancellation,
    SettleReceivable,
    StartChargeCancellation,
)
from ledger.commands.deposits import CreditParkedDeposit, DepositCharge, ExpireDeposit, ReturnParkedDeposit
from ledger.commands.invoices import PaySettlement
from ledger.commands.limits import SetCashLimit, SetCreditLimit, SetMemberLimit
from ledger.commands.refunds import (
    CancelRefund,
    ChangeRefundDestination,
    CompleteRefund,
    FailPayout,
    LosePayout,
    RejectRefund,
    RequestRefund,
    ReturnPayout,
    ReviewRefund,
    StartPayout,
)
from ledger.commands.spends import CaptureSpend, ExpireHold, RefundDifference, ReturnSpend, Spend
from ledger.commands.standing import FreezeAccount, OpenAccount, UnfreezeAccount
from ledger.commands.transfers import (
    ApproveAdjustment,
    ImportMovement,
    RejectAdjustment,
    RequestAdjustment,
    Transfer,
)
from ledger.mapper import pack
from tests.projections.town_bank import bank_money
from tests.projections.town_collections import collect_some, collections
from tests.projections.town_invoices import invoice_step, invoices
from tests.projections.town_payments import payment_step, payments, start_payment

S = TypeVar("S", bound=Stream)


def kst(text: str) -> datetime:
    """Return the UTC instant of "2024-10-28" or "2024-10-28 15:00" in Seoul."""
    return datetime.fromisoformat(text).replace(tzinfo=KST).astimezone(UTC)


class Town:
    """Accounts in memory, and the facts of what they did.

    Attributes:
        now: the instant of the next command. facts: all that happened, in order.
    """

    def __init__(self) -> None:
        self.now = kst("2024-10-01 09:00")
        self.owner = "Kim"
        self.facts: list[Fact] = []
        self.streams: dict[UUID, Stream] = {}
        self._stored = 0

    def at(self, text: str) -> Town:
        """Set the clock to a time of Seoul."""
        self.now = kst(text)
        return self

    def do(self, command: Command, happened: str | None = None) -> dict[str, Any]:
        """Let a command happen, at `happened` if given, recorded now. Returns its answer's body."""
        occurred_at = self.now if happened is None else kst(happened)
        desk = self.desk()
        command.decide(desk, Stamp(occurred_at, self.now, "key_town", "req_town", self.owner))
        facts = [fact for stream in desk.touched.values() for fact in stream.collect_events()]
        self.streams.update({stream.id: stream for stream in desk.touched.values()})
        self.facts += facts
        return ANSWERS[command.ANSWER](facts).body

    def desk(self) -> Desk:
        """Return the streams of one command."""
        return Desk(self)

    def open(self, name: str = "Pine Street Bakery", *, overdraft: int | None = 0, currency: str = "KRW") -> str:
        """Open a prepaid account. Returns its id."""
        account_id: str = self.do(OpenAccount(name, "prepaid", currency, None, overdraft))["id"]
        return account_id

    def open_postpaid(self, name: str = "Harbour Lights Hotel", limit: int = 500_000) -> str:
        """Open a postpaid account. Returns its id."""
        account_id: str = self.do(OpenAccount(name, "postpaid", "KRW", limit, 0))["id"]
        return account_id

    def charge(self, account_id: str, amount: int, method: str = "card", reference: str | None = None) -> str:
        """Charge an account. Returns the charge's id."""
        charge_id: str = self.do(ChargeAccount(account_id, amount, method, reference))["id"]
        return charge_id

    def spend(self, account_id: str, amount: int, **fields: Any) -> str:
        """Spend. Returns the spend's id."""
        spend_id: str = self.do(Spend(account_id, amount, **fields))["id"]
        return spend_id

    def account(self, account_id: str) -> Account:
        """Return an account as its own fold has it."""
        account = self.streams[ids.stream_id(account_id)]
        assert isinstance(account, Account)
        return account

    def parked(self, account_id: str) -> list[str]:
        """Return the ids of an account's parked deposits, oldest first."""
        return list(self.account(account_id).parked)

    def accounts(self) -> list[Account]:
        """Return all accounts."""
        return [stream for stream in self.streams.values() if isinstance(stream, Account)]

    def store(self, connection: Connection[Any], up_to: int | None = None) -> int:
        """Append what was not stored yet, as the app role, up to a position. Returns the last position."""
        facts = self.facts[self._stored : up_to]
        if facts:
            store(connection, facts)
            self._stored += len(facts)
        return self._stored


class Desk:
    """The streams of one command: the town's own, so that it happens or raises before the first fact."""

    def __init__(self, town: Town) -> None:
        self._town = town
        self.touched: dict[UUID, Stream] = {}

    def account(self, account_id: str) -> Account:
        account = self.stream(Account, account_id)
        if not account.version:
            raise NotFound("no such account")
        return account

    def new_account(self, seed: bytes = b"") -> tuple[str, Account]:
        number = len(self._town.streams).to_bytes(4, "big")
        account_id = ids.account_id(0, number + b"-fictitious")
        return account_id, self.stream(Account, account_id)

    def new_batch(self) -> Batch:
        return self.stream(Batch, f"batch:{len(self._town.facts)}")

    def stream(self, kind: type[S], public_id: str) -> S:
        stream_id = ids.stream_id(public_id)
        found = self.touched.get(stream_id) or self._town.streams.get(stream_id) or kind.blank(stream_id)
        self.touched[stream_id] = found
        assert isinstance(found, kind)
        return found

    def held(self, kind: type[S], public_id: str) -> S:
        return self.stream(kind, public_id)

    def named(self, kind: type[S], prefix: str, name: str) -> tuple[str, S]:
        public_id = ids.root_id(prefix, 0, sha256(name.encode()).digest())
        return public_id, self.stream(kind, public_id)

    def new_child(self, kind: type[S], prefix: str, account_id: str, index: int = 0) -> tuple[str, S]:
        seed = sha256(f"{prefix}:{len(self._town.facts)}:{index}".encode()).digest()
        public_id = ids.drawn_child_id(prefix, account_id, seed)
        return public_id, self.stream(kind, public_id)

    def born(self, kind: type[S], child_id: str) -> S:
        return self.stream(kind, child_id)

    def known(self, kind: type[S], public_id: str, missing: type[NotFound]) -> S:
        found = self.stream(kind, public_id)
        if not found.version:
            raise missing("nothing is there")
        return found

    def origin(self, public_id: str, prefix: str) -> Fact:
        parsed = ids.parse(public_id, prefix)
        return self.fact_of(parsed.account_id, parsed.version)

    def fact_of(self, public_id: str, version: int) -> Fact:
        stream_id = ids.stream_id(public_id)
        for fact in self._town.facts:
            if (fact.originator_id, fact.originator_version) == (stream_id, version):
                return fact
        raise NotFound("nothing was born there")


def store(connection: Connection[Any], facts: list[Fact]) -> None:
    """Append facts as one block, under the app role, as the engine would."""
    rows = [(fact.originator_id, fact.originator_version, fact.TOPIC, pack(fact)) for fact in facts]
    columns = [list(column) for column in zip(*rows, strict=True)]
    append = "SELECT ledger_append(%s, %s::bigint[], %s::text[], %s, %s::uuid[], %s::uuid[], %s::bytea[], %s)"
    connection.execute(append, [*columns, [None] * len(rows), [], [], bytes(32)])


def busy_town() -> Town:
    """Return a town in which every kind of fact that moves money has happened, and most others."""
    town = Town()
    bakery, florist, hotel = town.open(), town.open("Blue Kite Florist", overdraft=None), town.open_postpaid()
    first = town.charge(bakery, 20_000, reference="pay-1")
    town.charge(bakery, 10_000, "transfer")
    town.at("2024-10-05 12:00")
    spend = town.spend(bakery, 25_000, reference="order-1")
    town.do(ReturnSpend(bakery, spend, 6_000, "one coupon void"))
    held = town.spend(bakery, 5_000, capture=False)
    town.do(CaptureSpend(bakery, held, 3_000, "difference_refund"))
    partly = town.spend(bakery, 1_000, capture=False)
    town.do(RefundDifference(bakery, partly, 400))
    forgotten = town.spend(bakery, 900, capture=False, expires_at=kst("2024-10-06 12:00"))
    town.do(Transfer(bakery, florist, 2_000, "rent"))
    town.do(ImportMovement(florist, -7_500, date(2024, 9, 1), "row-1", "old debit"), happened="2024-09-01")
    town.do(ImportMovement(florist, 9_000, date(2024, 9, 2), "row-2"), happened="2024-09-02")
    town.at("2024-10-07 09:00")
    town.do(ExpireHold(bakery, forgotten))
    bank_money(town, town.open("Long Pier Boatyard"))
    _deposits(town, florist)
    _cancellations(town, bakery)
    _refunds(town, bakery)
    _postpaid(town, hotel)
    adjustment = town.do(RequestAdjustment(florist, 1_500, "goodwill"))["id"]
    refused = town.do(RequestAdjustment(florist, -1, "typing error"))["id"]
    town.owner = "Lee"
    town.do(ApproveAdjustment(adjustment))
    town.do(RejectAdjustment(refused, "not ours"))
    town.do(ChargeBack(bakery, first, 20_000))
    town.do(SettleReceivable(bakery, 1_000, "wire-9"))
    town.do(FreezeAccount(florist, "asked for"))
    town.do(UnfreezeAccount(florist, "asked for"))
    collections(town, town.open("Lantern Street School"))
    payments(town, town.open("Copper Kettle Diner"))
    invoices(town.at("2024-09-20 09:00"), town.open_postpaid("Slow Water Inn"))
    return town


def _deposits(town: Town, account_id: str) -> None:
    paid = town.charge(account_id, 50_000, "virtual_account", "va-1")
    town.do(DepositCharge(account_id, paid, 49_000))
    town.do(DepositCharge(account_id, paid, 50_000))
    town.do(DepositCharge(account_id, paid, 50_000))
    too_little, twice = town.parked(account_id)
    town.do(CreditParkedDeposit(account_id, too_little, "it is theirs"))
    town.do(ReturnParkedDeposit(account_id, twice, "sent twice"))
    expired = town.charge(account_id, 3_000, "virtual_account")
    town.at("2024-10-15 09:00")
    town.do(ExpireDeposit(account_id, expired))
    town.charge(account_id, 4_000, "virtual_account")


def _cancellations(town: Town, account_id: str) -> None:
    at_once, later, never = (town.charge(account_id, 12_222) for _ in range(3))
    town.do(CancelCharge(account_id, at_once))
    town.at("2024-11-04 09:00")
    town.do(StartChargeCancellation(account_id, later))
    town.do(FinishChargeCancellation(account_id, later))
    town.do(StartChargeCancellation(account_id, never))
    town.do(FailChargeCancellation(account_id, never, "partial_cancel_unsupported"))


def _refunds(town: Town, account_id: str) -> None:
    def asked(amount: int) -> str:
        refund_id: str = town.do(RequestRefund(account_id, amount, "Tree Bank", "dst_1", False, "closing"))["id"]
        return refund_id

    cancelled, rejected, paid, back = asked(1_500), asked(1_600), asked(2_000), asked(1_100)
    town.do(CancelRefund(cancelled, "changed my mind"))
    for refund_id in (rejected, paid, back):
        town.do(ReviewRefund(refund_id))
    town.do(RejectRefund(rejected, "wrong papers"))
    town.owner = "Lee"
    town.do(StartPayout(paid))
    town.do(LosePayout(paid))
    town.do(FailPayout(paid, "account_closed"))
    town.owner = "Customer"
    town.do(ChangeRefundDestination(paid, "Leaf Bank", "dst_2", True))
    town.owner = "Choi"
    town.do(CompleteRefund(paid))
    town.do(CompleteRefund(back))
    town.do(ReturnPayout(back, "returned_next_day"))
    town.owner = "Kim"


def _postpaid(town: Town, account_id: str) -> None:
    town.do(SetMemberLimit(account_id, "mem_a", 50_000, True, False, True))
    town.do(SetMemberLimit(account_id, "mem_b", None, True, True, False))
    town.do(SetMemberLimit(account_id, "mem_c", None, False, False, False))
    town.do(SetCashLimit(account_id, 30_000, "contract"))
    spend = town.spend(account_id, 20_000, member_id="mem_a", cash_minor=5_000)
    town.spend(account_id, 7_000, member_id="mem_b")
    town.do(SetCreditLimit(account_id, 450_000, "season"))
    town.at("2024-12-02 09:00")
    town.do(ReturnSpend(account_id, spend, 18_000, "void"))
    town.do(PaySettlement(account_id, 9_000, "wire-1"))


def chance_town(seed: int, steps: int) -> Town:
    """Return a town in which `steps` commands were tried by chance; what a rule refuses does not happen."""
    chance = random.Random(seed)
    town = Town()
    town.open("Chance Bakery"), town.open("Chance Florist", overdraft=None), town.open_postpaid(limit=60_000)
    town.do(SetMemberLimit(town.accounts()[2].account_id, "mem_a", 20_000, True, False, True))
    for _ in range(steps):
        town.now += timedelta(hours=chance.choice((1, 1, 1, 30, 200)))
        town.owner = chance.choice(("Kim", "Lee"))
        account = chance.choice(town.accounts())
        command = chance.choice(ATTEMPTS)(chance, town, account)
        if command is None:
            continue
        ago = timedelta(days=chance.choice((0, 0, 0, 3, 20)))
        happened = (town.now - ago).astimezone(KST).strftime("%Y-%m-%d %H:%M")
        try:
            town.do(command, happened)
        except LedgerError:
            for stream in town.streams.values():
                assert not stream.pending
    return town


Attempt = Callable[[random.Random, Town, Account], Command | None]


def _some(chance: random.Random, things: Any) -> Any:
    found = list(things)
    return chance.choice(found) if found else None


def _amount(chance: random.Random) -> int:
    return chance.choice((1, 1_000, 1_001, 5_000, 10_001, 12_345, 30_000, 90_000))


def _spend(chance: random.Random, town: Town, account: Account) -> Command:
    member = chance.choice((None, "mem_a")) if account.mode == "postpaid" else None
    return Spend(account.account_id, _amount(chance), None, member, chance.random() < 0.5)


def _return(chance: random.Random, town: Town, account: Account) -> Command | None:
    own = [fact for fact in town.facts if isinstance(fact, Account.Spent) and fact.originator_id == account.id]
    spent = _some(chance, own)
    return spent and ReturnSpend(account.account_id, spent.spend_id, _amount(chance), None)


def _capture(chance: random.Random, town: Town, account: Account) -> Command | None:
    held = _some(chance, account.holds)
    release = chance.choice((None, "difference_refund"))
    return held and CaptureSpend(account.account_id, held, _amount(chance), release)


def _refund_step(chance: random.Random, town: Town, account: Account) -> Command | None:
    refund_id = _some(chance, account.refunds)
    step = chance.choice((ReviewRefund, CompleteRefund, RejectRefund, CancelRefund, StartPayout))
    return refund_id and step(refund_id)


def _cancel(chance: random.Random, town: Town, account: Account) -> Command | None:
    own = [fact for fact in town.facts if isinstance(fact, Account.Charged) and fact.originator_id == account.id]
    charged = _some(chance, own)
    step = chance.choice((CancelCharge, StartChargeCancellation, FinishChargeCancellation))
    return charged and step(account.account_id, charged.charge_id)


ATTEMPTS: tuple[Attempt, ...] = (
    lambda chance, town, account: ChargeAccount(account.account_id, 3 * _amount(chance), "card"),
    lambda chance, town, account: ChargeAccount(account.account_id, _amount(chance), "transfer"),
    _spend,
    _spend,
    _spend,
    _return,
    _return,
    _capture,
    _cancel,
    lambda chance, town, account: RequestRefund(account.account_id, _amount(chance), "Tree Bank", "dst_1", True, "x"),
    _refund_step,
    _refund_step,
    start_payment,
    payment_step,
    payment_step,
    collect_some,
    collect_some,
    invoice_step,
    invoice_step,
    lambda chance, town, account: Transfer(account.account_id, town.accounts()[1].account_id, _amount(chance)),
    lambda chance, town, account: Transfer(town.accounts()[1].account_id, account.account_id, _amount(chance)),
    lambda chance, town, account: RequestAdjustment(account.account_id, -_amount(chance), "chance"),
    lambda chance, town, account: (found := _some(chance, account.adjustments)) and ApproveAdjustment(found),
    lambda chance, town, account: (found := _some(chance, account.holds)) and ExpireHold(account.account_id, found),
)
