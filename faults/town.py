"""A town in which money is collected and paid out on the ledger's sandbox, beside the processes that are killed.

Among its amounts and bank accounts are those with which the sandbox's providers are at their worst: not answered and
done all the same, refused, too late, sent back.
"""

from __future__ import annotations

import asyncio
import datetime as dt
import random
import time
from collections.abc import Callable, Coroutine, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from itertools import count
from typing import Any

import orjson
import structlog

from aggregates.account import Account
from aggregates.collecting.debit import Debit
from aggregates.collecting.debit_batch import DebitBatch, batch_id_of, times_of
from aggregates.collecting.obligation import Obligation
from aggregates.collecting.payout_link import SOURCE
from aggregates.dates import KST, business_date
from aggregates.errors import Unavailable
from bench.crowd import HASH, phone
from bench.debits import Founding
from faults.follower import Follower
from faults.payers import Due, PaidOut, Withdrawn
from ledger.command import Call, Command
from ledger.commands.collecting.bills import CreateBill, PayBill, PayMethod, SendBill
from ledger.commands.collecting.debits import CALENDAR, ScheduleDebits, Wanted
from ledger.commands.collecting.obligations import Method, RefundCollection
from ledger.commands.collecting.payment_links import IssuePaymentLink, PayByLink
from ledger.commands.collecting.payout_links import IssuePayoutLink
from ledger.commands.collecting.withdrawals import ApproveWithdrawal, RequestWithdrawal
from ledger.commands.standing import OpenAccount
from ledger.database import Database
from ledger.engine import Engine
from ledger.ports.errors import PortRefused
from ledger.ports.sandbox import SandboxState
from ledger.ports.sandbox.gateway import SandboxGateway
from ledger.ports.sandbox.state import one
from ledger.sandbox_clock import SandboxClock
from ledger.vault import Vault
from ledger.vault.debit_papers import BankDetails
from ledger.vault.door import RETAINED_UNTIL_ERASED
from ledger.vault.payers import Payer
from ledger.vault.payouts import Destination, Payee
from scheduler.jobs import EXPIRE_COLLECTIONS, fire

log = structlog.get_logger("town")

AMOUNTS = (30_000, 12_345, 50_002, 20_002, 15_003, 9_001)
"""Paid by card and transfer: 002 is done and not answered, 003 goes back wholly or not at all, 001 is declined."""

DEPOSITS = (27_000, 25_004, 26_005)
"""Paid in on virtual accounts: as asked, one won too little, an hour too late."""

PART_MINOR = 20_002
BANK_ACCOUNTS = ("1000", "1000", "9999", "9997", "9996")
"""Last digits of where money goes: good, closed (9999), sent back the next day (9997), named otherwise (9996)."""

DEBITORS = ("1000", "1001", "0021", "0022", "0061")
"""Last digits of whose account is debited: good, without money, with half of it, and taken back 30 days later."""

SETTLEMENT = "stl_bench"
WHERE_TO = {"account_number": "110220330440", "holder": "Blue Kite", "identity": "1234567891", "bank": "004"}
"""Where debits of the account go that `Founding` has approved, and what the vault calls it."""

DEBIT_MINOR = 30_000
AT_ONCE = 16
POLL_S, IDLE_S = 0.2, 2.0
"""How often it is looked, and after which time without anything new the ledger's clock goes on; sooner where all that
is waited for is a day."""

HOUR = timedelta(hours=1)
STEP_MAX = timedelta(days=8)
REST_LIMIT_S = 240.0
"""After which time something that is still under way is left to the checkers."""

STEP_LIMIT_S = 60.0
"""How long a step of a file of debits is waited for."""

NIGHT = dt.time(23, 40)
"""When the bank sleeps: it takes what it is told and does it later."""

UNTOLD = """
SELECT (SELECT count(*) FROM deposit) AS deposits,
       (SELECT count(*) FROM taken_back) AS taken_back,
       (SELECT count(*) FROM transfer WHERE outcome = 'done' AND returned_at IS NOT NULL) AS returned,
       (SELECT coalesce(sum(jsonb_array_length(returns)), 0)::bigint FROM debit_file) AS returns
"""
"""What the providers will have told once nothing is left to tell."""


@dataclass(slots=True)
class Town:
    """Some accounts, their payers and payees.

    Attributes:
        seen: the ledger's facts.
        refused: how many commands a rule has refused: somebody else was faster.
        leaps: from when to when the clock was put forward while nothing was seen to be under way.
        stuck: whether something stayed under way for longer than is waited for.
    """

    engine: Engine
    vault: Vault
    clock: SandboxClock
    state: SandboxState
    database: Database
    chance: random.Random
    seen: Follower
    accounts: list[str] = field(default_factory=list)
    people: list[Due | PaidOut | Withdrawn] = field(default_factory=list)
    mandates: list[str] = field(default_factory=list)
    destinations: dict[str, str] = field(default_factory=dict)
    leaps: list[tuple[dt.datetime, dt.datetime]] = field(default_factory=list)
    refused: int = 0
    stuck: bool = False
    _numbers: Iterator[int] = field(default_factory=lambda: count(1))

    async def found(self, accounts: int, debitors: int) -> None:
        """Open accounts, and let the first collect by direct debit from so many people."""
        for _ in range(accounts):
            name = f"Pine Street Bakery {self._name()}"
            self.accounts.append((await self.must(OpenAccount(name, "prepaid", "KRW", None, 0)))["id"])
        for last in BANK_ACCOUNTS:
            there = Destination("Harbour Bank", f"11022033{last}", "Haneul")
            self.destinations[last], _ = await self.vault.payouts.put_destination("payers", self._name(), there)
        if debitors:
            numbers = [f"110{index:06d}{DEBITORS[index % len(DEBITORS)]}" for index in range(debitors)]
            tokens = {f"mba_{self._name()}": BankDetails(number, "Haneul", "900815") for number in numbers}
            await self.vault.debit_papers.put_accounts(tokens)
            await self.vault.put(SETTLEMENT, WHERE_TO, legal_basis="faults", retain_until=RETAINED_UNTIL_ERASED)
            self.mandates = (await self.must(Founding(self.accounts[0], tuple(tokens))))["items"]

    def phases(self, size: int) -> list[Callable[[], Coroutine[Any, Any, None]]]:
        """Return what is done one after the other, so many payments of each kind; after each all comes to rest."""
        phases = [lambda: self.pay(size), lambda: self.change_minds(size)]
        return [*phases, self.debit_day] if self.mandates else phases

    async def pay(self, size: int) -> None:
        """Pay by links, in parts, on virtual accounts and for bills; pay others by pay-out links."""
        begins = [self._link, self._parts, self._deposit, self._bill, self._payout]
        await self._together(begins, [size, size // 4 + 1, len(DEPOSITS), size, size])
        await self.rest()

    async def change_minds(self, size: int) -> None:
        """Withdraw, give back and take back of what came in, by day or by night."""
        if self.chance.random() < 0.5:
            await self._leap(dt.datetime.combine(business_date(self.clock.now()), NIGHT, KST))
        begins = [self._withdraw, self._give_back, self._take_back]
        await self._together(begins, [len(self.accounts), size // 3 + 1, size // 4 + 1])
        await self.rest()

    async def rest(self) -> None:
        """Let everybody do what they want to, and time pass, until nothing is under way; bounded."""
        give_up_at = time.monotonic() + REST_LIMIT_S
        step, quiet_since = HOUR, time.monotonic()
        while True:
            done = await self._act() + await self.seen.catch_up()
            moving = self.seen.under_way()
            if done:
                step, quiet_since = HOUR, time.monotonic()
            elif not moving and not self.seen.waiting() and not await self._untold():
                return
            elif time.monotonic() > give_up_at:
                log.error("still under way", moving=len(moving), waiting=len(self.seen.waiting()))
                self.stuck = True
                return
            elif time.monotonic() - quiet_since > (IDLE_S if moving else IDLE_S / 3):
                step = HOUR if moving else min(4 * step, STEP_MAX)
                if moving:
                    await self.clock.advance(step)
                else:
                    await self._leap(self.clock.now() + step)
                await fire(EXPIRE_COLLECTIONS, self.database, self.clock)
                quiet_since = time.monotonic()
            await asyncio.sleep(POLL_S)

    async def debit_day(self) -> None:
        """Collect from everybody on the next business day that is far enough: a file, its results, what comes back."""
        day = CALENDAR.shift(business_date(self.clock.now()), 3)
        items = tuple(Wanted(one, DEBIT_MINOR, day, retry_days=(3,)) for one in self.mandates)
        asked = {item["id"] for item in (await self.must(ScheduleDebits(self.accounts[0], items)))["items"]}
        batch_id = batch_id_of(self.accounts[0], "debits", day)
        times = times_of("debits", day, CALENDAR)

        def are_filled() -> bool:
            return not any(one.debit_id in asked and one.status == "scheduled" for one in self.seen.every(Debit))

        def is_batch(*statuses: str) -> Callable[[], bool]:
            return lambda: any(
                one.batch_id == batch_id and one.status in statuses for one in self.seen.every(DebitBatch)
            )

        for at, done in (
            (times.closes_at - HOUR, are_filled),
            (times.closes_at, is_batch("sent", "missed")),
            (times.results_at, is_batch("settled", "missed")),
        ):
            await self._leap(at + timedelta(seconds=1))
            await self._until(done)
        await self.rest()

    # -- what people begin -----------------------------------------------------------------------------------------

    async def _link(self) -> None:
        method: Method = self.chance.choice(("card", "transfer"))
        await self._issue(self.chance.choice(AMOUNTS), lambda link_id, _: PayByLink(link_id, None, method))

    async def _deposit(self) -> None:
        # The next try is by card: a deposit that comes too late finds it paid.
        methods: list[Method] = ["card", "card", "virtual_account"]
        amount_minor = DEPOSITS[next(self._numbers) % len(DEPOSITS)]
        await self._issue(amount_minor, lambda link_id, _: PayByLink(link_id, None, methods.pop()))

    async def _parts(self) -> None:
        def pay(link_id: str, due: Obligation) -> Command:
            return PayByLink(link_id, min(PART_MINOR, due.outstanding_minor or 0), "card")

        await self._issue(50_002, pay, parts=True, minimum_minor=PART_MINOR)

    async def _issue(self, amount_minor: int, pay: Callable[[str, Obligation], Command], **terms: Any) -> None:
        until = business_date(self.clock.now()) + timedelta(days=1)
        account_id = self.chance.choice(self.accounts)
        link = await self.must(IssuePaymentLink(account_id, amount_minor, until, "Asia/Seoul", **terms))
        self.people.append(Due(link["obligation_id"], lambda due: pay(link["id"], due)))

    async def _bill(self) -> None:
        account_id, number = self.chance.choice(self.accounts), phone(next(self._numbers))
        due_on = business_date(self.clock.now()) + timedelta(days=20)
        person, _ = await self.vault.payers.put("payers", self._name(), Payer("Haneul", number), due_on)
        customer_id = self.vault.payers.customer_id(account_id, number)
        bill = await self.must(CreateBill(account_id, customer_id, person, self.chance.choice(AMOUNTS), due_on))
        sent = await self.must(SendBill(bill["id"]))
        method: PayMethod = self.chance.choice(("card", "debit_card", "transfer"))
        self.people.append(Due(sent["obligation_id"], lambda _: PayBill(bill["id"], method)))

    async def _payout(self) -> None:
        today = business_date(self.clock.now())
        payee = Payee("Haneul", phone(next(self._numbers)))
        token, _ = await self.vault.payouts.put_payee("payers", self._name(), payee, today)
        issued = await self.must(IssuePayoutLink(self.chance.choice(self.accounts), self.chance.choice(AMOUNTS), token))
        where = [self.destinations[self.chance.choice(BANK_ACCOUNTS)] for _ in range(2)]
        method: Method = self.chance.choice(("card", "transfer"))
        self.people.append(PaidOut(issued["id"], where, method, gives_up=self.chance.random() < 0.4))

    async def _withdraw(self) -> None:
        account_id = self.accounts[next(self._numbers) % len(self.accounts)]
        owed = self.seen.find(Account, account_id)
        left = 0 if owed is None else owed.collections_minor - owed.refunding_minor
        if left < 40_000:
            return
        key, last = self._name(), self.chance.choice(BANK_ACCOUNTS)
        token = await self.vault.put_destination("payers", key, account_number=f"11022044{last}", holder="Haneul")
        amount_minor = self.chance.choice((10_002, left // 2))
        asked = await self.do(RequestWithdrawal(account_id, amount_minor, "Harbour Bank", token))
        if asked is not None:
            self.people.append(Withdrawn(asked["id"]))

    async def _give_back(self) -> None:
        """Give a part of some payment back, or all of it."""
        found = self._some_payment()
        if found is not None:
            due, payment_id = found
            left = due.payments[payment_id].left_minor
            amount_minor = self.chance.choice((left, min(left, 1_002), max(1, left // 3)))
            await self.do(RefundCollection(due.obligation_id, payment_id, amount_minor, "discount"))

    async def _take_back(self) -> None:
        """Let the gateway take a payment back, also one that is going back already."""
        found = self._some_payment(funding=True)
        if found is not None:
            due, payment_id = found
            left = due.payments[payment_id].left_minor
            try:
                await SandboxGateway(self.state).take_back(payment_id, self.chance.choice((left, left // 2)), "fraud")
            except PortRefused:
                log.info("nothing is left to take back", payment=payment_id)

    def _some_payment(self, *, funding: bool = False) -> tuple[Obligation, str] | None:
        """Return a payment by card or transfer of which money is left; one that funds a pay-out only where wanted."""
        found = [
            (due, payment_id)
            for due in self.seen.every(Obligation)
            if funding or due.source != SOURCE
            for payment_id, paid in due.payments.items()
            if paid.method in ("card", "transfer") and paid.left_minor > 1
        ]
        return self.chance.choice(found) if found else None

    # -- how it is done --------------------------------------------------------------------------------------------

    async def must(self, command: Command) -> dict[str, Any]:
        """Do what nothing stands against. Raises: RuntimeError: a rule has refused it."""
        body = await self.do(command)
        if body is None:
            raise RuntimeError(f"{type(command).__name__} was refused")
        return body

    async def do(self, command: Command) -> dict[str, Any] | None:
        """Do a command, approvals as another person; None = a rule has refused it, or nothing is known of it."""
        who = "second" if isinstance(command, ApproveWithdrawal) else "payers"
        key = self._name()
        try:
            outcome = await self.engine.submit(command, Call(who, "", key, HASH, f"req_{key}"))
        except Unavailable as error:
            log.info("not done", command=type(command).__name__, error=error.code)
            return None
        body: dict[str, Any] = orjson.loads(outcome.body)
        if outcome.status >= 400:
            self.refused += 1
            log.info("refused", command=type(command).__name__, code=body["code"])
            return None
        return body

    async def _act(self) -> int:
        """Let everybody do their next thing; return how many have done something."""
        commands = [command for one in self.people if (command := one.next(self.seen)) is not None]
        gate = asyncio.Semaphore(AT_ONCE)

        async def act(command: Command) -> bool:
            async with gate:
                return await self.do(command) is not None

        return sum(await asyncio.gather(*map(act, commands)))

    async def _together(self, begins: Sequence[Callable[[], Coroutine[Any, Any, None]]], times: Sequence[int]) -> None:
        await self.seen.catch_up()
        works = [begin for begin, often in zip(begins, times, strict=True) for _ in range(often)]
        self.chance.shuffle(works)
        for start in range(0, len(works), AT_ONCE):
            await asyncio.gather(*(work() for work in works[start : start + AT_ONCE]))

    async def _untold(self) -> bool:
        """Say whether the providers have, or will have, something to tell that the ledger has not recorded."""
        async with self.state.connected() as connection:
            theirs = await one(connection, UNTOLD)
        topics = self.seen.topics
        returned = topics[Account.PayoutReturned.TOPIC] + topics[Account.WithdrawalReturned.TOPIC]
        debits = topics[Debit.Reversed.TOPIC]
        taken_back = topics[Obligation.Reversed.TOPIC] - debits
        ours = {"deposits": self.seen.deposits, "taken_back": taken_back, "returned": returned, "returns": debits}
        return theirs != ours

    async def _until(self, done: Callable[[], bool]) -> None:
        """Wait for one step of a file; what does not come is left to the checkers."""
        give_up_at = time.monotonic() + STEP_LIMIT_S
        while not done() and time.monotonic() < give_up_at:
            await self._act()
            await self.seen.catch_up()
            await asyncio.sleep(POLL_S)

    async def _leap(self, to: dt.datetime) -> None:
        """Set the clock to when something happens, as nothing is under way; never back."""
        before = self.clock.now()
        if to > before:
            self.leaps.append((before, await self.clock.set(to)))

    def _name(self) -> str:
        return f"{next(self._numbers):08d}-{time.time_ns()}"
