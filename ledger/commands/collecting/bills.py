"""Commands on bills: the biller's, the payer's, and the reminders (SPEC 10.3, R-120..R-126).

What a payer decides may come from a public page, from an internal service that has checked who asks, or, for payment
alone, from whom the payer has asked; `person` says who. Money goes through the bill's obligation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, ClassVar, Literal

from aggregates.account import standing
from aggregates.collecting.auto_pay import announce_by, in_time
from aggregates.collecting.bill import (
    ANNOUNCED,
    CANCELLED,
    CHANGED,
    DRAFT,
    PREFIX,
    TOO_LATE,
    Bill,
    BillNotFound,
    BillReminderNotDue,
    ForwardNotActive,
    bill_status,
)
from aggregates.collecting.bill_customer import BillCustomer
from aggregates.collecting.bill_facts import BillFact, BillPaymentStarted, BillSheet
from aggregates.collecting.debit import DebitNotFound
from aggregates.collecting.obligation import Obligation
from aggregates.dates import business_date, rfc3339
from aggregates.errors import Conflict, Rejected
from aggregates.fact import Fact, Stamp
from aggregates.ids import parse
from ledger.command import Answer, Streams, answer
from ledger.commands.collecting.debits import known_debit, switch_to_bill
from ledger.commands.collecting.obligations import (
    METHODS,
    Method,
    RefundCollection,
    StartCollection,
    change_due,
    open_obligation,
)
from ledger.commands.collecting.tellings import tell

PayMethod = Literal["card", "debit_card", "transfer"]
PAY_METHODS: tuple[PayMethod, ...] = ("card", "debit_card", "transfer")
"""By which a bill is paid, chosen each time (SPEC K2)."""

AT_GATEWAY: dict[PayMethod, Method] = {"card": "card", "debit_card": "card", "transfer": "transfer"}
"""What the gateway calls each of them."""


class NothingToRefund(Conflict):
    """No money of this bill has settled here that has neither gone back nor is going back."""

    code = "nothing_to_refund"


@dataclass(frozen=True, slots=True)
class CreateBill:
    """Write a bill.

    Attributes:
        customer_id: of the phone number that it goes to. person: vault token of name, phone and what it is for.
        due_on: last KST day to pay. reference: the biller's own number; None = none.
    """

    ANSWER: ClassVar[str] = "bill/1"

    account_id: str
    customer_id: str
    person: str
    amount_minor: int
    due_on: date
    reference: str | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Bill.Created`. Raises: AccountNotFound, AccountIsClosed; as of `Bill.create`. Source: SPEC K1."""
        account = streams.account(self.account_id)
        standing.refuse_closed(account)
        bill_id, bill = streams.new_child(Bill, PREFIX, self.account_id)
        bill.create(
            stamp,
            bill_id=bill_id,
            account_id=self.account_id,
            customer_id=self.customer_id,
            person=self.person,
            amount_minor=self.amount_minor,
            currency=account.currency,
            due_on=self.due_on,
            reference=self.reference,
        )


@dataclass(frozen=True, slots=True)
class SendBill:
    """Send a draft to its payer by Alimtalk, with the link to its page."""

    ANSWER: ClassVar[str] = "bill-sent/1"

    bill_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Bill.Sent`, its obligation and a telling; and that it is paid by hand where auto-pay is too late.

        Raises:
            BillNotFound, AccountIsClosed; as of `Bill.require_draft`.

        Source: SPEC K1, R-120.
        """
        bill = known_bill(streams, self.bill_id)
        sheet = bill.sheet
        account = streams.account(sheet.account_id)
        customer = streams.held(BillCustomer, sheet.customer_id)
        standing.refuse_closed(account)
        bill.require_draft(stamp)
        obligation = open_obligation(
            streams,
            stamp,
            account_id=sheet.account_id,
            source="bill",
            source_id=self.bill_id,
            due_minor=sheet.amount_minor,
            due_on=sheet.due_on,
        )
        bill.send(stamp, obligation_id=obligation.obligation_id)
        tell_payer(streams, stamp, bill, "bill.sent")
        if customer.on and not in_time(sheet.due_on, stamp.recorded_at):
            miss(streams, stamp, bill, TOO_LATE)


class BillForAnotherAmount(Rejected):
    """A bill in the place of a debit asks for just what is left of it."""

    code = "bill_for_another_amount"


@dataclass(frozen=True, slots=True)
class SendBillForDebit:
    """Send a draft for what a debit asks for: one obligation, which the debit does not collect any more."""

    ANSWER: ClassVar[str] = "bill-sent/1"

    bill_id: str
    debit_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Debit.Billed`, as of `SendBill`, and `Debit.Cancelled` where it waits for a file.

        Raises:
            BillNotFound, DebitNotFound, AccountIsClosed; as of `Bill.require_draft`.
            ObligationClosed, ObligationPaid, AttemptInFlight: nothing is left, or it is being paid now.
            BillForAnotherAmount: the bill is not for what is left.
            DebitAskedElsewhere, DebitStep: a bill asks for it already; the debit is at the bank.

        Source: SPEC N7, R-116.
        """
        bill = known_bill(streams, self.bill_id)
        sheet = bill.sheet
        account = streams.account(sheet.account_id)
        customer = streams.held(BillCustomer, sheet.customer_id)
        debit = known_debit(streams, self.debit_id)
        obligation = streams.held(Obligation, debit.obligation_id)
        standing.refuse_closed(account)
        bill.require_draft(stamp)
        if obligation.account_id != sheet.account_id:
            raise DebitNotFound("the account of the bill has no such debit")
        left = obligation.outstanding_minor or 0
        obligation.require_payable(left or 1)
        if left != sheet.amount_minor:
            raise BillForAnotherAmount(f"the bill must be for {left}, what is left of the debit", left=left)
        switch_to_bill(streams, stamp, debit, obligation, self.bill_id)
        bill.send(stamp, obligation_id=obligation.obligation_id)
        tell_payer(streams, stamp, bill, "bill.sent")
        if customer.on and not in_time(sheet.due_on, stamp.recorded_at):
            miss(streams, stamp, bill, TOO_LATE)


@dataclass(frozen=True, slots=True)
class ChangeBill:
    """Ask for another amount, or by another day. What is None stays."""

    ANSWER: ClassVar[str] = "bill/1"

    bill_id: str
    amount_minor: int | None
    due_on: date | None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Bill.Changed` and what is due; what was announced has to be announced anew, if there is time.

        Raises:
            BillNotFound; as of `Bill.change`.

        Source: SPEC R-121.
        """
        bill = known_bill(streams, self.bill_id)
        money = money_of(streams, bill)
        streams.account(bill.sheet.account_id)
        customer = streams.held(BillCustomer, bill.sheet.customer_id)
        was_announced = bill.sheet.auto_pay.state == ANNOUNCED
        amount_minor = bill.sheet.amount_minor if self.amount_minor is None else self.amount_minor
        due_on = self.due_on or bill.sheet.due_on
        # What a debit has collected before the bill took its place is due beside the bill's amount.
        beside_minor = 0 if money is None else (money.due_minor or 0) - bill.sheet.amount_minor
        bill.change(stamp, amount_minor=amount_minor, due_on=due_on, money=money)
        if money is None:
            return
        change_due(streams, stamp, money, due_minor=amount_minor + beside_minor, due_on=due_on)
        tell_payer(streams, stamp, bill, "bill.changed")
        tell_forwardee(streams, stamp, bill, "bill.changed")
        if customer.on and not in_time(due_on, stamp.recorded_at):
            miss(streams, stamp, bill, CHANGED if was_announced else TOO_LATE)


@dataclass(frozen=True, slots=True)
class ViewBill:
    """Say that a bill was opened. person: vault token of who opened it; None = its payer."""

    ANSWER: ClassVar[str] = "bill-viewed/1"

    bill_id: str
    person: str | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Bill.Viewed`. Raises: BillNotFound, ForwardNotActive; as of `Bill.view`."""
        bill = known_bill(streams, self.bill_id)
        bill.party(self.person)
        bill.view(stamp)


@dataclass(frozen=True, slots=True)
class CancelBill:
    """Ask for a bill no more, overdue or not; a draft is thrown away."""

    ANSWER: ClassVar[str] = "bill/1"

    bill_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Bill.Cancelled` and `Obligation.Closed`. Raises: BillNotFound; as of `Bill.cancel`.

        Source: SPEC R-125.
        """
        bill = known_bill(streams, self.bill_id)
        money = money_of(streams, bill)
        forward = bill.sheet.forward
        bill.cancel(stamp, money=money)
        if money is None:
            return
        money.close(stamp, reason=CANCELLED)
        tell_payer(streams, stamp, bill, "bill.cancelled")
        tell_somebody(streams, stamp, bill, "bill.cancelled", forward)


@dataclass(frozen=True, slots=True)
class PayBill:
    """Pay what is asked for.

    Attributes:
        method: card, debit_card or transfer.
        person: vault token of who pays; None = its payer, or, if `forwarded`, whom the payer asks now.
    """

    ANSWER: ClassVar[str] = "bill-payment/1"

    bill_id: str
    method: PayMethod
    person: str | None = None
    forwarded: bool = False

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Bill.PaymentStarted`, and as of `StartCollection`.

        Raises:
            BillNotFound, ForwardNotActive, BillNotOpen, ObligationPaid; as of `StartCollection`.

        Source: SPEC K2, R-123, R-124, R-125.
        """
        bill = known_bill(streams, self.bill_id)
        money = money_of(streams, bill)
        streams.account(bill.sheet.account_id)
        if self.forwarded and bill.sheet.forward is None:
            raise ForwardNotActive("nobody else is asked to pay this bill")
        by = bill.party(bill.sheet.forward if self.forwarded else self.person)
        bill.require_unpaid(money)
        start_payment(streams, stamp, bill, by=by, method=self.method)


@dataclass(frozen=True, slots=True)
class RefundBill:
    """Give the money of a bill back.

    Attributes:
        amount_minor: None = all that is left. reason: a stable word of the biller's.
    """

    ANSWER: ClassVar[str] = "collection-refund/1"

    bill_id: str
    amount_minor: int | None
    reason: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record as `RefundCollection` does, of the payment that counts for the bill.

        Raises:
            BillNotFound. NothingToRefund: nothing has settled here, or all of it has gone back.
            LedgerError: as of `RefundCollection`.

        Source: SPEC R-121.
        """
        bill = known_bill(streams, self.bill_id)
        money = money_of(streams, bill)
        streams.account(bill.sheet.account_id)
        payments = {} if money is None else money.payments
        counted = [payment_id for payment_id, paid in payments.items() if paid.applied_minor]
        counted.sort(key=lambda payment_id: payments[payment_id].method not in METHODS)
        if money is None or not counted:
            raise NothingToRefund("no money of this bill has settled here that could go back")
        amount = money.payments[counted[0]].left_minor if self.amount_minor is None else self.amount_minor
        RefundCollection(money.obligation_id, counted[0], amount, self.reason).decide(streams, stamp)


@dataclass(frozen=True, slots=True)
class ForwardBill:
    """Ask somebody else to pay.

    Attributes:
        to: vault token of the name and number of who is asked. to_customer_id: that number's customer id.
        person: vault token of who asks; None = its payer.
    """

    ANSWER: ClassVar[str] = "bill/1"

    bill_id: str
    to: str
    to_customer_id: str
    person: str | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Bill.Forwarded`, and tell who is asked. Raises: BillNotFound; as of `Bill.forward`.

        Source: SPEC K5, R-123.
        """
        bill = known_bill(streams, self.bill_id)
        money = money_of(streams, bill)
        bill.forward(stamp, by=self.person, to=self.to, to_customer_id=self.to_customer_id, money=money)
        tell_forwardee(streams, stamp, bill, "bill.forwarded")


@dataclass(frozen=True, slots=True)
class RevokeForward:
    """Ask nobody else any more. person: vault token of who says so; None = its payer."""

    ANSWER: ClassVar[str] = "bill-forward/1"

    bill_id: str
    person: str | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Bill.ForwardRevoked`, and tell who was asked. Raises: BillNotFound; as of `Bill.revoke_forward`.

        Source: SPEC R-123.
        """
        bill = known_bill(streams, self.bill_id)
        forward = bill.sheet.forward
        bill.revoke_forward(stamp, by=self.person)
        tell_somebody(streams, stamp, bill, "bill.forward_revoked", forward)


@dataclass(frozen=True, slots=True)
class RemindOfBill:
    """Remind whoever has to pay. days_before: how many days before the last day it is."""

    ANSWER: ClassVar[str] = "bill/1"

    bill_id: str
    days_before: int

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Bill.Reminded`, and tell the payer and whom the payer has asked.

        Raises:
            BillNotFound; as of `Bill.remind`. BillReminderNotDue: it is announced that the bill pays itself.

        Source: SPEC K4, R-122.
        """
        bill = known_bill(streams, self.bill_id)
        money = money_of(streams, bill)
        customer = streams.held(BillCustomer, bill.sheet.customer_id)
        if customer.on and bill.is_announced(customer):
            raise BillReminderNotDue("the bill will be paid automatically; nobody has to do anything")
        bill.remind(stamp, days_before=self.days_before, money=money)
        tell_payer(streams, stamp, bill, "bill.reminder", days=self.days_before)
        tell_forwardee(streams, stamp, bill, "bill.reminder", days=self.days_before)


def known_bill(streams: Streams, bill_id: str) -> Bill:
    """Return a bill. Raises: BillNotFound."""
    parse(bill_id, PREFIX)
    return streams.known(Bill, bill_id, BillNotFound)


def money_of(streams: Streams, bill: Bill) -> Obligation | None:
    """Return the obligation of a bill; None while it is a draft, or was thrown away as one."""
    obligation_id = bill.sheet.obligation_id
    return None if obligation_id is None else streams.held(Obligation, obligation_id)


def start_payment(
    streams: Streams,
    stamp: Stamp,
    bill: Bill,
    *,
    by: str,
    method: PayMethod,
    billing_key_id: str | None = None,
) -> None:
    """Start a payment of all that is left of a bill, and record who pays.

    Args:
        by: payer, forwardee or auto_pay. billing_key_id: the customer's registered card; None = on the gateway's page.

    Raises:
        LedgerError: as of `StartCollection`.
    """
    money = money_of(streams, bill)
    assert money is not None, "a bill that is paid was sent"
    StartCollection(
        obligation_id=money.obligation_id,
        amount_minor=money.outstanding_minor or 0,
        method=AT_GATEWAY[method],
        via={"payer": "bill", "forwardee": "forward"}.get(by, by),
        billing_key_id=billing_key_id,
        reference=bill.sheet.bill_id,
        customer_id=None if billing_key_id is None else bill.sheet.customer_id,
    ).decide(streams, stamp)
    assert money.attempt is not None, "it was started in the line above"
    bill.start_payment(stamp, payment_id=money.attempt.attempt_id, by=by, method=method)


def miss(streams: Streams, stamp: Stamp, bill: Bill, code: str) -> None:
    """Record that a bill is not paid automatically, and tell its payer to pay by hand (SPEC R-120)."""
    bill.miss(stamp, code=code)
    tell_payer(streams, stamp, bill, "bill.auto_pay_missed", code=code)


def tell_payer(streams: Streams, stamp: Stamp, bill: Bill, kind: str, **more: int | str) -> None:
    """Tell the payer of a bill something; the message says amount, currency and last day, and what is given."""
    _tell(streams, stamp, bill, kind, bill.sheet.person, **more)


def tell_forwardee(streams: Streams, stamp: Stamp, bill: Bill, kind: str, **more: int | str) -> None:
    """Tell whom the payer has asked, if anybody; as `tell_payer`."""
    tell_somebody(streams, stamp, bill, kind, bill.sheet.forward, **more)


def tell_somebody(streams: Streams, stamp: Stamp, bill: Bill, kind: str, person: str | None, **more: int | str) -> None:
    """Tell one person, or nobody; as `tell_payer`."""
    if person is not None:
        _tell(streams, stamp, bill, kind, person, **more)


def tell_biller(streams: Streams, stamp: Stamp, bill: Bill, kind: str, **more: int | str) -> None:
    """Tell the account's own people; as `tell_payer`."""
    _tell(streams, stamp, bill, kind, None, **more)


def _tell(streams: Streams, stamp: Stamp, bill: Bill, kind: str, to: str | None, **more: int | str) -> str:
    sheet = bill.sheet
    detail = {"amount": sheet.amount_minor, "currency": sheet.currency, "due_on": sheet.due_on.isoformat(), **more}
    requested = tell(
        streams, stamp, account_id=sheet.account_id, thing_id=sheet.bill_id, kind=kind, to=to, detail=detail
    )
    return requested.telling_id


def announce(streams: Streams, stamp: Stamp, bill: Bill) -> str:
    """Tell the payer what will be charged on which day; return the telling."""
    return _tell(streams, stamp, bill, "bill.auto_pay_notice", bill.sheet.person)


def bill_json(sheet: BillSheet, status: str) -> dict[str, Any]:
    """Return a bill in the shape of the HTTP face, in a state as people see it."""
    auto_pay = sheet.auto_pay
    return {
        "id": sheet.bill_id,
        "account_id": sheet.account_id,
        "customer_id": sheet.customer_id,
        "obligation_id": sheet.obligation_id,
        "reference": sheet.reference,
        "amount": sheet.amount_minor,
        "currency": sheet.currency,
        "due_on": sheet.due_on.isoformat(),
        "status": status,
        "sent_at": None if sheet.sent_at is None else rfc3339(sheet.sent_at),
        "forwarded": sheet.forward is not None,
        "auto_pay": {
            "state": auto_pay.state,
            "code": auto_pay.code,
            "announce_by": announce_by(sheet.due_on).isoformat(),
            "announced_at": None if auto_pay.announced_at is None else rfc3339(auto_pay.announced_at),
            "amount": auto_pay.amount_minor,
            "pay_on": None if auto_pay.pay_on is None else auto_pay.pay_on.isoformat(),
        },
    }


def _last(facts: Sequence[Fact]) -> BillFact:
    return [fact for fact in facts if isinstance(fact, BillFact)][-1]


def _shown(fact: BillFact) -> dict[str, Any]:
    """Return a bill that is not paid, as it is after a fact."""
    sheet = fact.sheet
    status = bill_status(
        sheet.status,
        is_paid=False,
        amount_minor=sheet.amount_minor,
        refunded_minor=0,
        due_on=sheet.due_on,
        today=business_date(fact.recorded_at),
    )
    return bill_json(sheet, status)


@answer("bill/1")
def bill(facts: Sequence[Fact]) -> Answer:
    """Answer with a bill that is not paid; a new one, with 201."""
    fact = _last(facts)
    return Answer(201 if fact.sheet.status == DRAFT and fact.originator_version == 1 else 200, _shown(fact))


@answer("bill-sent/1")
def bill_sent(facts: Sequence[Fact]) -> Answer:
    """Answer with a bill that went out."""
    return Answer(200, _shown(_last(facts)))


@answer("bill-viewed/1")
def bill_viewed(facts: Sequence[Fact]) -> Answer:
    """Answer that a bill was opened: what is paid of it, its resource tells."""
    fact = _last(facts)
    return Answer(200, {"id": fact.sheet.bill_id, "viewed_at": rfc3339(fact.recorded_at)})


@answer("bill-forward/1")
def bill_forward(facts: Sequence[Fact]) -> Answer:
    """Answer whether somebody else is asked to pay."""
    fact = _last(facts)
    return Answer(200, {"id": fact.sheet.bill_id, "forwarded": fact.sheet.forward is not None})


@answer("bill-payment/1")
def bill_payment(facts: Sequence[Fact]) -> Answer:
    """Answer with a payment that was started: what becomes of it, the bill tells."""
    fact = next(fact for fact in facts if isinstance(fact, BillPaymentStarted))
    shape = {
        "id": fact.payment_id,
        "bill_id": fact.sheet.bill_id,
        "obligation_id": fact.sheet.obligation_id,
        "amount": fact.sheet.amount_minor,
        "currency": fact.sheet.currency,
        "method": fact.method,
        "by": fact.by,
        "status": "pending",
    }
    return Answer(201, shape)
