"""A year of 200 customers, the same one every time: what an accountant's books look like after twelve months.

Prepaid and postpaid accounts, orders of coupons from hold to void, purchases held, captured, given back in part and
voided months later; refunds in every state, chargebacks, transfers, corrections, opening balances of an older system;
invoices on the 1st of each month, paid in time, late, in parts, several at once, or not at all; money that is
collected, withdrawn and paid out by links. Every fact is decided by the product's own commands; what a rule refuses
does not happen.
"""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

from aggregates import ids
from aggregates.dates import KST, start_of_day
from aggregates.errors import LedgerError, NotFound
from aggregates.fact import Fact
from ledger.command import Command
from ledger.commands.charges import CancelCharge, ChargeAccount, ChargeBack, SettleReceivable
from ledger.commands.deposits import CreditParkedDeposit, DepositCharge, ExpireDeposit, ReturnParkedDeposit
from ledger.commands.invoices import AdjustInvoice, IssueInvoice, LiftOverdueBlock, PayInvoices, PaySettlement
from ledger.commands.limits import SetCreditLimit, SetMemberLimit
from ledger.commands.order_voids import ApproveVoid, RecordVoided, RequestVoid
from ledger.commands.order_work import ChooseItem, RecordIssued, RecordMessages, RequestIssue, RequestMessages
from ledger.commands.orders import PlaceOrder
from ledger.commands.refunds import CancelRefund, CompleteRefund, RejectRefund, RequestRefund, ReviewRefund
from ledger.commands.spends import CaptureSpend, ExpireHold, RefundDifference, ReturnSpend, Spend
from ledger.commands.standing import FreezeAccount, OpenAccount, UnfreezeAccount
from ledger.commands.transfers import ApproveAdjustment, ImportMovement, RequestAdjustment, Transfer
from tests.aggregates.orders import line, tokens
from tests.books.year_collections import Collecting
from tests.projections import town

YEAR = 2025
FIRST_DAY, LAST_DAY = date(YEAR, 1, 1), date(YEAR, 12, 31)
PREPAID, POSTPAID = 120, 80
STEPS_A_DAY = 24
SEED = 20250101

MONTHS = tuple(f"{YEAR}-{month:02d}" for month in range(1, 13))

WORDS = ("Amber", "Birch", "Cedar", "Dune", "Ember", "Fjord", "Grove", "Heron", "Iris", "Juniper")
TRADES = ("Bakery", "Books", "Clinic", "Foods", "Hotel", "Law", "Motors", "Optics", "Studio", "Textiles")

PRICES = (3_913, 4_500, 9_900, 12_222, 15_000, 29_700, 59_400)


class Year(town.Town):
    """The town of the year.

    Attributes:
        refused: how often each rule said no. chance: seeded.
    """

    def __init__(self, seed: int = SEED) -> None:
        super().__init__()
        self.chance = random.Random(seed)
        self.refused: Counter[str] = Counter()
        self.prepaid: list[str] = []
        self.postpaid: list[str] = []
        self.with_member: set[str] = set()
        self.spends: dict[str, list[tuple[str, int]]] = {}
        self.charges: dict[str, list[str]] = {}
        self.under_way: dict[str, list[list[Command]]] = {}
        self.collecting = Collecting(self, seed + 1)
        self._facts_at: dict[tuple[UUID, int], Fact] = {}
        self._indexed = 0

    def fact_at(self, stream_id: UUID, version: int) -> Fact:
        """Return a fact by its place. Raises: NotFound."""
        for fact in self.facts[self._indexed :]:
            self._facts_at[fact.originator_id, fact.originator_version] = fact
        self._indexed = len(self.facts)
        try:
            return self._facts_at[stream_id, version]
        except KeyError:
            raise NotFound("nothing was born there") from None

    def desk(self) -> town.Desk:
        """Return the streams of one command."""
        return YearDesk(self)

    def attempt(self, command: Command, happened: datetime | None = None) -> dict[str, Any] | None:
        """Let a command happen, unless a rule refuses it."""
        text = None if happened is None else happened.astimezone(KST).strftime("%Y-%m-%d %H:%M")
        try:
            return self.do(command, text)
        except LedgerError as refusal:
            self.refused[refusal.code] += 1
            return None

    def live(self) -> Year:
        """Let the whole year happen."""
        self.now = start_of_day(FIRST_DAY) + timedelta(minutes=1)
        for number in range(PREPAID + POSTPAID):
            _open(self, number)
        day = FIRST_DAY
        while day <= LAST_DAY:
            self._live(day)
            day += timedelta(days=1)
        self._bill(day)
        return self

    def _live(self, day: date) -> None:
        midnight = start_of_day(day)
        if day.day == 1:
            self._bill(day)
        self.collecting.live(midnight + timedelta(minutes=11))
        for minutes in sorted(self.chance.randrange(20, 24 * 60) for _ in range(STEPS_A_DAY)):
            self.now = max(self.now, midnight + timedelta(minutes=minutes))
            of, choices = (
                (self.prepaid, PREPAID_LIFE) if self.chance.random() < 0.55 else (self.postpaid, POSTPAID_LIFE)
            )
            life = self.chance.choices([life for life, _ in choices], [weight for _, weight in choices])[0]
            life(self, self.chance.choice(of))
        self.now = max(self.now, midnight + timedelta(hours=23, minutes=59))
        for account_id in self.prepaid + self.postpaid:
            account = self.account(account_id)
            for spend_id in [
                held for held, hold in account.holds.items() if hold.expires_at and hold.expires_at <= self.now
            ]:
                self.attempt(ExpireHold(account_id, spend_id))

    def _bill(self, first: date) -> None:
        """Issue the invoices of a month, at 00:10."""
        self.now = max(self.now, start_of_day(first) + timedelta(minutes=10))
        for account_id in self.postpaid:
            self.attempt(IssueInvoice(account_id, first.isoformat()[:7]))

    def some_time_ago(self, hours: int) -> datetime | None:
        """Return, now and then, a business time that lies back; else None."""
        return self.now - timedelta(hours=self.chance.randrange(1, hours)) if self.chance.random() < 0.1 else None

    def price(self) -> int:
        """Return what a purchase comes to."""
        return self.chance.choice(PRICES) * self.chance.randrange(1, 4)


class YearDesk(town.Desk):
    """The streams of one command; a fact is found by its place at once, however long the year."""

    def __init__(self, year: Year) -> None:
        super().__init__(year)
        self._year = year

    def fact_of(self, public_id: str, version: int) -> Fact:
        return self._year.fact_at(ids.stream_id(public_id), version)


def month_ends() -> Iterator[tuple[str, datetime]]:
    """Yield each month with the last instant of it."""
    for number, month in enumerate(MONTHS, start=1):
        after = date(YEAR + number // 12, number % 12 + 1, 1)
        yield month, (start_of_day(after) - timedelta(microseconds=1)).astimezone(UTC)


def _open(year: Year, number: int) -> None:
    """Open an account; some bring a balance along from an older system."""
    name = f"{WORDS[number % 10]} {TRADES[number // 10 % 10]} {number}"
    if number < PREPAID:
        overdraft = {0: None, 1: 50_000}.get(number % 20, 0)
        account_id = year.do(OpenAccount(name, "prepaid", "KRW", None, overdraft))["id"]
        year.prepaid.append(account_id)
        if number % 8 == 0:
            booked_on = date(YEAR - 1, 12, 1 + number % 28)
            year.do(
                ImportMovement(account_id, 100_000 + number, booked_on, f"row-{number}"), happened=booked_on.isoformat()
            )
    else:
        account_id = year.do(OpenAccount(name, "postpaid", "KRW", 400_000, 0))["id"]
        year.postpaid.append(account_id)
        if number % 5 == 0:
            year.do(SetMemberLimit(account_id, "mem_a", 100_000, True, False, False))
            year.with_member.add(account_id)
    year.spends[account_id], year.charges[account_id], year.under_way[account_id] = [], [], []


def _charge(year: Year, account_id: str) -> None:
    amount = year.chance.choice((10_000, 50_000, 100_000, 123_456, 300_000))
    method = year.chance.choice(("card", "card", "transfer", "virtual_account"))
    made = year.attempt(ChargeAccount(account_id, amount, method, f"pay-{len(year.facts)}"), year.some_time_ago(72))
    if made is None:
        return
    year.charges[account_id].append(made["id"])
    if method == "virtual_account" and year.chance.random() < 0.9:
        year.attempt(DepositCharge(account_id, made["id"], amount - (year.chance.random() < 0.1)))


def _expire_deposit(year: Year, account_id: str) -> None:
    for charge_id in list(year.account(account_id).awaited):
        year.attempt(ExpireDeposit(account_id, charge_id))


def _parked(year: Year, account_id: str) -> None:
    for deposit_id in year.parked(account_id):
        decide = year.chance.choice((CreditParkedDeposit, ReturnParkedDeposit))
        year.attempt(decide(account_id, deposit_id, "payer called"))


def _buy(year: Year, account_id: str) -> None:
    amount = year.price()
    is_held = year.chance.random() < 0.4
    expires_at = year.now + timedelta(days=year.chance.randrange(10, 90)) if is_held else None
    member = "mem_a" if account_id in year.with_member and year.chance.random() < 0.3 else None
    command = Spend(account_id, amount, f"order-{len(year.facts)}", member, not is_held, expires_at)
    made = year.attempt(command, year.some_time_ago(48))
    if made is not None:
        year.spends[account_id].append((made["id"], amount))


def _settle(year: Year, account_id: str) -> None:
    """What is held is captured in full, in part, with the difference given back; or it comes back as a whole."""
    held = list(year.account(account_id).holds.items())
    if not held:
        _buy(year, account_id)
        return
    spend_id, hold = year.chance.choice(held)
    whole = hold.held_minor
    part = whole if whole < 3 else year.chance.choice((whole, whole // 3, whole - 1))
    release = year.chance.choice((None, "difference_refund"))
    command = year.chance.choice(
        (
            CaptureSpend(account_id, spend_id, part, release),
            CaptureSpend(account_id, spend_id, whole),
            RefundDifference(account_id, spend_id, part),
            ReturnSpend(account_id, spend_id, part, "issue failed"),
        )
    )
    year.attempt(command)


def _void(year: Year, account_id: str) -> None:
    """A coupon is voided: of this month's purchase, or of one that an invoice has billed long ago."""
    if year.spends[account_id]:
        recent = year.spends[account_id][-6:]
        spend_id, amount = year.chance.choice(recent)
        year.attempt(ReturnSpend(account_id, spend_id, year.chance.choice((amount, amount // 3)), "coupon void"))


def _cancel(year: Year, account_id: str) -> None:
    if year.charges[account_id]:
        year.attempt(CancelCharge(account_id, year.chance.choice(year.charges[account_id])))


def _charge_back(year: Year, account_id: str) -> None:
    if year.charges[account_id]:
        year.attempt(ChargeBack(account_id, year.chance.choice(year.charges[account_id]), 10_000))


def _settle_receivable(year: Year, account_id: str) -> None:
    year.attempt(SettleReceivable(account_id, 1_000, "wire"))


def _refund(year: Year, account_id: str) -> None:
    """Each call takes a refund one step further, and begins one where there is none."""
    year.owner = year.chance.choice(("Kim", "Lee", "Choi"))
    opened = list(year.account(account_id).refunds)
    if not opened:
        amount = year.chance.choice((2_000, 20_000, 50_000))
        made = year.attempt(RequestRefund(account_id, amount, "Tree Bank", "dst_1", year.chance.random() < 0.5, "over"))
        opened = [made["id"]] if made else []
    for refund_id in opened:
        for step in (ReviewRefund(refund_id), CompleteRefund(refund_id)):
            if year.chance.random() < 0.7:
                year.attempt(step)
        if year.chance.random() < 0.2:
            end = year.chance.choice((RejectRefund(refund_id, "papers"), CancelRefund(refund_id, "changed my mind")))
            year.attempt(end)
    year.owner = "Kim"


def _transfer(year: Year, account_id: str) -> None:
    year.attempt(Transfer(account_id, year.chance.choice(year.prepaid), year.price(), "between us"))


def _adjust(year: Year, account_id: str) -> None:
    asked = year.attempt(RequestAdjustment(account_id, year.chance.choice((-500, 700, 1_500)), "goodwill"))
    if asked is not None:
        year.owner = "Lee"
        year.attempt(ApproveAdjustment(asked["id"]))
        year.owner = "Kim"


def _freeze(year: Year, account_id: str) -> None:
    year.attempt(FreezeAccount(account_id, "asked for"))
    _buy(year, account_id)
    year.attempt(UnfreezeAccount(account_id, "asked for"))


def _limit(year: Year, account_id: str) -> None:
    year.attempt(SetCreditLimit(account_id, year.chance.choice((300_000, 500_000, 700_000)), "season"))


def _pay(year: Year, account_id: str) -> None:
    """A customer pays: all that is open at once, one invoice, a part of one, or whatever it likes."""
    open_invoices = list(year.account(account_id).billing.invoices.items())
    if not open_invoices:
        return
    reference = f"wire-{len(year.facts)}"
    invoice_id, first = open_invoices[0]
    way = year.chance.random()
    if way < 0.4:
        parts = tuple((each, invoice.outstanding_minor) for each, invoice in open_invoices)
    elif way < 0.6:
        parts = ((invoice_id, first.outstanding_minor),)
    elif way < 0.8:
        parts = ((invoice_id, max(1, first.outstanding_minor // 3)),)
    else:
        # It names none: the oldest first, and sometimes a little more than there is to pay.
        owed = sum(invoice.outstanding_minor for _, invoice in open_invoices)
        year.attempt(PaySettlement(account_id, owed + year.chance.choice((-100, 0, 500)), reference))
        return
    year.attempt(PayInvoices(account_id, sum(part for _, part in parts), parts, reference))


def _lift(year: Year, account_id: str) -> None:
    year.attempt(LiftOverdueBlock(account_id, "they called"))


def _correct_invoice(year: Year, account_id: str) -> None:
    for invoice_id, invoice in list(year.account(account_id).billing.invoices.items())[:1]:
        year.attempt(AdjustInvoice(account_id, invoice_id, max(0, invoice.billed_minor - 1_000), "agreed by phone"))


def _order(year: Year, account_id: str) -> None:
    """An order is placed, issued and chosen; or a coupon of an earlier one is voided, often after its invoice."""
    under_way = year.under_way[account_id]
    if under_way and year.chance.random() < 0.6:
        for command in under_way.pop(0):
            year.attempt(command)
        return
    is_choice, recipients = year.chance.random() < 0.5, year.chance.randrange(1, 4)
    lines = (line(29_700), line(9_900)) if is_choice else (line(3_913),)
    kind = "choice" if is_choice else "general"
    placed = year.attempt(
        PlaceOrder(account_id, None, "season's gift", kind, lines, "감사합니다", tokens(recipients), True)
    )
    if placed is None:
        return
    order_id, everyone = placed["id"], tuple(range(recipients))
    failed = everyone[:1] if not is_choice and year.chance.random() < 0.2 else ()
    issued = everyone[len(failed) :]
    if not is_choice:
        year.do(RequestIssue(order_id, 1, 0, everyone))
        year.do(RecordIssued(order_id, 1, issued, failed, "sold out" if failed else None))
    if issued:
        year.do(RequestMessages(order_id, 1, issued))
        year.do(RecordMessages(order_id, 1, issued, (), ()))
    if is_choice:
        # Whoever is last may stay silent: what is held for them stays held.
        issued = everyone if year.chance.random() < 0.7 else everyone[:-1]
        for batch, recipient in enumerate(issued, start=1):
            item = year.chance.randrange(2)
            year.do(ChooseItem(order_id, recipient, item))
            year.do(RequestIssue(order_id, batch, item, (recipient,)))
            year.do(RecordIssued(order_id, batch, (recipient,), ()))
    if issued and year.chance.random() < 0.3:
        voided = (issued[0],)
        under_way.append(
            [
                RequestVoid(order_id, voided, "sent by mistake"),
                ApproveVoid(order_id, 1),
                RecordVoided(order_id, 1, voided, ()),
            ]
        )


Life = Callable[[Year, str], None]

PREPAID_LIFE: tuple[tuple[Life, int], ...] = (
    (_charge, 26), (_buy, 34), (_settle, 18), (_void, 7), (_refund, 5), (_transfer, 3), (_cancel, 3),
    (_charge_back, 1), (_settle_receivable, 1), (_adjust, 2), (_parked, 2), (_expire_deposit, 1), (_freeze, 1),
    (_order, 12),
)  # fmt: skip
"""What happens to a prepaid account, and how often."""

POSTPAID_LIFE: tuple[tuple[Life, int], ...] = (
    (_buy, 46), (_settle, 22), (_void, 10), (_pay, 30), (_lift, 3), (_limit, 1), (_correct_invoice, 1), (_order, 24),
)  # fmt: skip
"""What happens to a postpaid account, and how often."""


def whole_year() -> Year:
    """Return the year, lived to its end."""
    return Year().live()
