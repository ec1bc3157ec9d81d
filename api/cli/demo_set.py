"""The demo set: a few fictitious companies, prepaid and postpaid, over the last business days.

Every step has a fixed key, so playing the set again adds nothing. Days are counted back from the first time it is
played, because a month that is over takes no spends any more.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

import orjson

from aggregates.dates import KST, business_date
from ledger.command import Call, Command, Outcome
from ledger.commands.charges import CancelCharge, ChargeAccount
from ledger.commands.deposits import DepositCharge
from ledger.commands.invoices import PaySettlement
from ledger.commands.limits import SetMemberLimit
from ledger.commands.refunds import CancelRefund, CompleteRefund, RejectRefund, RequestRefund, ReviewRefund
from ledger.commands.spends import CaptureSpend, RefundDifference, ReturnSpend, Spend
from ledger.commands.standing import OpenAccount
from ledger.commands.transfers import ApproveAdjustment, RequestAdjustment, Transfer

PRINCIPAL = "cli:demo"
SATURDAY = 5
DAYS = 4
"""Over how many business days the set is spread."""

MINA, THEO = "person:mina", "person:theo"
"""Two operators, so that what one made the other approves."""

MakeCall = Callable[..., Call]
Do = Callable[[Command, Call], Awaitable[Outcome]]
KeepDestination = Callable[..., Awaitable[str]]


class DemoBroken(RuntimeError):
    """A step of the set was not answered as it should be: the set and the rules have come apart."""


@dataclass(slots=True)
class Played:
    """What playing the set came to.

    Attributes:
        accounts: name -> account id. steps, new: commands done, and those that had not been done before.
        refused: code of each refusal that the set provokes. position: of the last fact.
    """

    accounts: dict[str, str] = field(default_factory=dict)
    steps: int = 0
    new: int = 0
    refused: list[str] = field(default_factory=list)
    position: int = 0


class Stage:
    """Plays steps, one after the other.

    Args:
        do: does a command. call: makes the call of a command under a key. keep: keeps a refund destination.
        now: aware instant; the business days before it are the days of the set.
    """

    def __init__(self, do: Do, call: MakeCall, keep: KeepDestination, now: datetime) -> None:
        self._do = do
        self._call = call
        self._keep = keep
        self._days = business_days_before(business_date(now), DAYS)
        self.played = Played()

    async def step(
        self, name: str, command: Command, *, day: int, at: str = "10:00", by: str = "", refused: str = ""
    ) -> dict[str, Any]:
        """Do one command as of `at` o'clock in Korea on business day `day` (0 = the first).

        Args:
            by: the person behind it. refused: code that it must be refused with; "" = it must not.

        Raises:
            DemoBroken: it was answered otherwise.
        """
        local = datetime.combine(self._days[day], time.fromisoformat(at), KST)
        call = self._call(PRINCIPAL, f"demo:{name}", name.encode(), owner=by, occurred_at=local.astimezone(UTC))
        outcome = await self._do(command, call)
        body: dict[str, Any] = orjson.loads(outcome.body)
        if (body.get("code", "") if outcome.status >= 400 else "") != refused:
            raise DemoBroken(f"step {name} was answered with {outcome.status} {body.get('code', '')}")
        self.played.steps += 1
        self.played.new += not outcome.replayed
        self.played.position = max(self.played.position, outcome.position)
        if refused:
            self.played.refused.append(refused)
        return body

    async def open(self, name: str, *, mode: str = "prepaid", credit_limit_minor: int | None = None) -> str:
        """Open an account and return its id."""
        command = OpenAccount(name, mode, "KRW", credit_limit_minor, 0)
        body = await self.step(f"open:{name}", command, day=0, at="09:00")
        self.played.accounts[name] = body["id"]
        return str(body["id"])

    async def refund(self, name: str, account_id: str, amount_minor: int, *, day: int) -> str:
        """File a refund request to the member's own bank account and return its id."""
        destination = await self._keep(PRINCIPAL, f"demo:{name}", account_number="000-12-345678", holder="Demo Holder")
        command = RequestRefund(account_id, amount_minor, "Example Bank", destination, True, "No longer needed")
        return str((await self.step(name, command, day=day))["id"])


def business_days_before(day: date, count: int) -> list[date]:
    """Return the last `count` weekdays before a day, oldest first."""
    days: list[date] = []
    while len(days) < count:
        day -= timedelta(days=1)
        if day.weekday() < SATURDAY:
            days.insert(0, day)
    return days


async def play(stage: Stage) -> Played:
    """Play the whole set.

    Raises:
        DemoBroken: a step was answered otherwise than it should be.
    """
    tea = await stage.open("Harbour Tea House")
    bakery = await stage.open("Maple Street Bakery")
    books = await stage.open("Blue Heron Books")
    garden = await stage.open("Willow and Finch Garden Supply")
    pier = await stage.open("North Pier Logistics", mode="postpaid", credit_limit_minor=500_000)
    film = await stage.open("Lantern Film Club", mode="postpaid", credit_limit_minor=100_000)
    await _spend_prepaid(stage, tea, books)
    await _ask_for_refunds(stage, bakery)
    await _wait_for_deposits(stage, garden)
    await _spend_postpaid(stage, pier, film)
    await _correct(stage, books)
    return stage.played


async def _spend_prepaid(stage: Stage, tea: str, books: str) -> None:
    await stage.step("tea:charge-1", ChargeAccount(tea, 300_000, "card", "PAY-1001"), day=0)
    await stage.step("tea:charge-2", ChargeAccount(tea, 122_748, "transfer", "PAY-1002"), day=1)
    for member, limit_minor in (("member-ana", 100_000), ("member-ben", 50_000)):
        limit = SetMemberLimit(tea, member, limit_minor, granted=True, unlimited=False, cash_convertible=False)
        await stage.step(f"tea:limit:{member}", limit, day=1, at="11:00")
    await stage.step("tea:spend-1", Spend(tea, 14_850, "ORDER-2001", "member-ana"), day=1, at="12:00")
    choice = await stage.step("tea:hold-1", Spend(tea, 59_400, "ORDER-2002", capture=False), day=2)
    await stage.step("tea:difference", RefundDifference(tea, choice["id"], 19_800), day=2, at="14:00")
    await stage.step("tea:capture", CaptureSpend(tea, choice["id"], 9_900), day=3)
    issued = await stage.step("tea:spend-2", Spend(tea, 7_826, "ORDER-2003"), day=2, at="15:00")
    await stage.step("tea:return", ReturnSpend(tea, issued["id"], 3_913, "Coupon voided"), day=3, at="11:00")
    over = Spend(tea, 60_000, "ORDER-2004", "member-ben")
    await stage.step("tea:over-limit", over, day=3, at="12:00", refused="member_limit_exceeded")
    await stage.step("tea:transfer", Transfer(tea, books, 50_000, "Shared campaign"), day=3, at="13:00")


async def _ask_for_refunds(stage: Stage, bakery: str) -> None:
    await stage.step("bakery:charge", ChargeAccount(bakery, 500_000, "transfer", "PAY-1101"), day=0)
    await stage.refund("bakery:refund-requested", bakery, 20_000, day=1)
    reviewing = await stage.refund("bakery:refund-reviewing", bakery, 12_345, day=1)
    await stage.step("bakery:review-1", ReviewRefund(reviewing), day=2, by=MINA)
    completed = await stage.refund("bakery:refund-completed", bakery, 100_000, day=1)
    await stage.step("bakery:review-2", ReviewRefund(completed), day=2, by=MINA)
    await stage.step("bakery:complete", CompleteRefund(completed, "Paid out"), day=3, by=THEO)
    rejected = await stage.refund("bakery:refund-rejected", bakery, 10_005, day=1)
    await stage.step("bakery:review-3", ReviewRefund(rejected), day=2, by=MINA)
    await stage.step("bakery:reject", RejectRefund(rejected, "Proof does not match"), day=3, by=MINA)
    cancelled = await stage.refund("bakery:refund-cancelled", bakery, 5_000, day=2)
    await stage.step("bakery:cancel", CancelRefund(cancelled, by_customer=True), day=2, at="16:00")


async def _wait_for_deposits(stage: Stage, garden: str) -> None:
    paid = await stage.step("garden:account-1", ChargeAccount(garden, 80_000, "virtual_account", "PAY-1201"), day=1)
    await stage.step("garden:deposit", DepositCharge(garden, paid["id"], 80_000), day=2)
    await stage.step("garden:account-2", ChargeAccount(garden, 30_000, "virtual_account", "PAY-1202"), day=3)
    mistaken = await stage.step("garden:charge", ChargeAccount(garden, 12_222, "card", "PAY-1203"), day=2)
    await stage.step("garden:cancel", CancelCharge(garden, mistaken["id"]), day=3)
    await stage.step("garden:spend", Spend(garden, 33_000, "ORDER-2101"), day=3, at="11:00")


async def _spend_postpaid(stage: Stage, pier: str, film: str) -> None:
    order = await stage.step("pier:hold", Spend(pier, 59_400, "ORDER-2201", capture=False), day=1)
    await stage.step("pier:capture", CaptureSpend(pier, order["id"], 9_900, "difference_refund"), day=2)
    await stage.step("pier:spend", Spend(pier, 69_000, "ORDER-2202"), day=2, at="11:00")
    await stage.step("pier:settlement", PaySettlement(pier, 9_900, "SETTLE-3001"), day=3)
    await stage.step("film:spend", Spend(film, 99_000, "ORDER-2301"), day=2)
    await stage.step("film:over-limit", Spend(film, 59_400, "ORDER-2302"), day=3, refused="limit_exceeded")


async def _correct(stage: Stage, books: str) -> None:
    correction = await stage.step(
        "books:adjustment", RequestAdjustment(books, 4_832, "Duplicate fee of last week"), day=3, at="14:00", by=MINA
    )
    approval = ApproveAdjustment(correction["id"])
    await stage.step("books:self-approval", approval, day=3, at="14:30", by=MINA, refused="same_person")
    await stage.step("books:approval", approval, day=3, at="15:00", by=THEO)
