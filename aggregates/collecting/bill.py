"""A bill: what a biller asks one customer for by name and phone, and how it may be paid (SPEC 10.3, R-120..R-126).

Whether it is paid, overdue or refunded is read from its obligation and the day; only what somebody does to the bill
itself is decided here. The payer stays liable whoever pays, and decides alone about auto-pay and about forwarding.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from typing import Any, Literal, Self
from uuid import UUID

from aggregates.collecting.auto_pay import in_time, may_charge
from aggregates.collecting.bill_customer import BillCustomer
from aggregates.collecting.bill_facts import (
    NO_AUTO_PAY,
    BillAutoPayAnnounced,
    BillAutoPayMissed,
    BillCancelled,
    BillChanged,
    BillCreated,
    BillForwarded,
    BillForwardRevoked,
    BillPaymentStarted,
    BillReminded,
    BillSent,
    BillSheet,
    BillViewed,
)
from aggregates.collecting.obligation import Obligation
from aggregates.collecting.obligation_parts import AMOUNT_MAX, AmountNotAllowed, AttemptInFlight, ObligationPaid
from aggregates.dates import business_date
from aggregates.errors import Conflict, NotFound, Rejected
from aggregates.fact import Stamp, Stream, stream_class

PREFIX = "bil"
DRAFT, SENT, VIEWED, CANCELLED = "draft", "sent", "viewed", "cancelled"
OVERDUE, PAID, REFUNDED, PART_REFUNDED = "overdue", "paid", "refunded", "part_refunded"
STATUSES = (DRAFT, SENT, VIEWED, OVERDUE, PAID, PART_REFUNDED, REFUNDED, CANCELLED)
"""As people see it (SPEC R-121)."""

Party = Literal["payer", "forwardee"]
NONE, ANNOUNCED, STARTED, MISSED = "none", "announced", "started", "missed"
"""States of the automatic payment of one bill."""

TOO_LATE, CHANGED, NOT_TOLD, FORWARDED, DAY_PASSED, CARD = (
    "too_late", "changed_after_notice", "not_told", "forwarded", "day_passed", "card",
)  # fmt: skip
"""Why a bill is not paid automatically."""

DUE_AHEAD_MAX = timedelta(days=731)
"""How far ahead a bill may fall due."""


class BillNotFound(NotFound):
    """There is no such bill."""

    code = "bill_not_found"


class BillNotDraft(Conflict):
    """The bill has been sent, or cancelled."""

    code = "bill_not_draft"


class BillNotOpen(Conflict):
    """The bill has not been sent, or is not asked for any more; `state` says which."""

    code = "bill_not_open"


class BillSeen(Conflict):
    """It is on record already that the bill was opened."""

    code = "bill_seen"


class BillUnchanged(Conflict):
    """The bill says that already."""

    code = "bill_unchanged"


class DueDateInvalid(Rejected):
    """A bill falls due today or later, at most two years ahead."""

    code = "due_date_invalid"


class BillForwardActive(Conflict):
    """Somebody else has been asked to pay; take that back first (SPEC R-123)."""

    code = "bill_forwarded"


class ForwardNotActive(Conflict):
    """This person is not asked to pay, or not any more."""

    code = "forward_not_active"


class ForwardeeMayNot(Rejected):
    """Only the payer may forward a bill or switch auto-pay (SPEC R-123)."""

    code = "forwardee_may_not"


class ForwardToSelf(Rejected):
    """A bill is forwarded to somebody else than its payer."""

    code = "forward_to_self"


class BillReminderNotDue(Conflict):
    """No reminder is due: one was sent today, or the bill is not to be paid on such a day."""

    code = "reminder_not_due"


class AutoPayNotDue(Conflict):
    """Nothing is to be announced, charged or missed now."""

    code = "auto_pay_not_due"


def bill_status(own: str, *, is_paid: bool, amount_minor: int, refunded_minor: int, due_on: date, today: date) -> str:
    """Return a bill's state as people see it, read from its own, its money and the day.

    Args:
        own: draft, sent, viewed or cancelled. is_paid, refunded_minor: as its obligation says.

    Source: SPEC R-121.
    """
    if own not in (SENT, VIEWED):
        return own
    if is_paid:
        if not refunded_minor:
            return PAID
        return REFUNDED if refunded_minor >= amount_minor else PART_REFUNDED
    return OVERDUE if today > due_on else own


@stream_class("bill")
class Bill(Stream):
    """One bill.

    Attributes:
        known: its sheet; None before it is created.
    """

    TOLD_BY_LAST_FACT = True

    __slots__ = ("known",)

    Created = BillCreated
    Sent = BillSent
    Changed = BillChanged
    Viewed = BillViewed
    Cancelled = BillCancelled
    Forwarded = BillForwarded
    ForwardRevoked = BillForwardRevoked
    Reminded = BillReminded
    PaymentStarted = BillPaymentStarted
    AutoPayAnnounced = BillAutoPayAnnounced
    AutoPayMissed = BillAutoPayMissed

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.known: BillSheet | None = None

    @property
    def sheet(self) -> BillSheet:
        """All that is known of it."""
        assert self.known is not None, "the bill was created"
        return self.known

    def create(
        self,
        stamp: Stamp,
        *,
        bill_id: str,
        account_id: str,
        customer_id: str,
        person: str,
        amount_minor: int,
        currency: str,
        due_on: date,
        reference: str | None,
    ) -> BillCreated:
        """Record a draft.

        Args:
            person: vault token of name, phone and what it is for.

        Raises:
            AmountNotAllowed: not 1 to 1,000,000,000,000. DueDateInvalid.

        Source: SPEC K1.
        """
        _check_terms(stamp, amount_minor, due_on)
        sheet = BillSheet(
            bill_id=bill_id,
            account_id=account_id,
            customer_id=customer_id,
            person=person,
            reference=reference,
            amount_minor=amount_minor,
            currency=currency,
            due_on=due_on,
            obligation_id=None,
            status=DRAFT,
            sent_at=None,
            forward=None,
            forwards=0,
            reminded_on=None,
            auto_pay=NO_AUTO_PAY,
        )
        created: BillCreated = self.record(BillCreated, stamp, sheet=sheet)
        return created

    def require_draft(self, stamp: Stamp) -> None:
        """Refuse to send what cannot be sent.

        Raises:
            BillNotDraft. DueDateInvalid: its last day has passed while it was a draft.
        """
        if self.sheet.status != DRAFT:
            raise BillNotDraft("only a draft is sent", state=self.sheet.status)
        _check_terms(stamp, self.sheet.amount_minor, self.sheet.due_on)

    def send(self, stamp: Stamp, *, obligation_id: str) -> BillSent:
        """Record that it goes out, beside its obligation. Raises: as `require_draft`. Source: SPEC K1."""
        self.require_draft(stamp)
        sent: BillSent = self._record(
            BillSent, stamp, status=SENT, obligation_id=obligation_id, sent_at=stamp.recorded_at
        )
        return sent

    def change(self, stamp: Stamp, *, amount_minor: int, due_on: date, money: Obligation | None) -> BillChanged:
        """Record other terms; what was announced of auto-pay falls with the old ones.

        Args:
            money: its obligation; None while it is a draft.

        Raises:
            BillNotOpen: it is cancelled. ObligationPaid. AttemptInFlight. AmountNotAllowed, DueDateInvalid.
            BillUnchanged.

        Source: SPEC R-121.
        """
        if self.sheet.status != DRAFT:
            self.require_unpaid(money)
            if money is not None and money.attempt is not None:
                raise AttemptInFlight("a payment is under way; the bill cannot change until it has its result")
        _check_terms(stamp, amount_minor, due_on)
        if (amount_minor, due_on) == (self.sheet.amount_minor, self.sheet.due_on):
            raise BillUnchanged("the bill has this amount and this last day already")
        changed: BillChanged = self._record(
            BillChanged, stamp, amount_minor=amount_minor, due_on=due_on, auto_pay=NO_AUTO_PAY
        )
        return changed

    def view(self, stamp: Stamp) -> BillViewed:
        """Record that it was opened for the first time.

        Raises:
            BillSeen: it was before. BillNotOpen: it is a draft, or cancelled.
        """
        if self.sheet.status == VIEWED:
            raise BillSeen("it is on record that the bill was opened")
        self.require_sent()
        viewed: BillViewed = self._record(BillViewed, stamp, status=VIEWED)
        return viewed

    def cancel(self, stamp: Stamp, *, money: Obligation | None) -> BillCancelled:
        """Record that it is not asked for any more, overdue or not (SPEC R-125); what is paid is refunded instead.

        Args:
            money: its obligation; None while it is a draft.

        Raises:
            BillNotOpen: it is cancelled already. ObligationPaid. AttemptInFlight: wait for the result.
        """
        if self.sheet.status != DRAFT:
            self.require_unpaid(money)
            if money is not None and money.attempt is not None:
                raise AttemptInFlight("a payment is under way; wait until it has its result")
        cancelled: BillCancelled = self._record(
            BillCancelled, stamp, status=CANCELLED, forward=None, auto_pay=NO_AUTO_PAY
        )
        return cancelled

    def party(self, person: str | None) -> Party:
        """Say who acts: the payer (None, or the payer's own token), or whom the payer has asked.

        Raises:
            ForwardNotActive: somebody else, or whom the payer does not ask any more.
        """
        if person in (None, self.sheet.person):
            return "payer"
        if person == self.sheet.forward:
            return "forwardee"
        raise ForwardNotActive("this person is not asked to pay this bill, or not any more")

    def require_payer(self, person: str | None) -> None:
        """Refuse what only the payer decides. Raises: ForwardNotActive, ForwardeeMayNot. Source: SPEC R-123."""
        if self.party(person) != "payer":
            raise ForwardeeMayNot("only the payer may forward the bill and switch auto-pay")

    def forward(
        self, stamp: Stamp, *, by: str | None, to: str, to_customer_id: str, money: Obligation | None
    ) -> BillForwarded:
        """Record that the payer asks somebody else.

        Args:
            by: vault token of who asks; None = the payer. to: vault token of who is asked, with name and phone.
            to_customer_id: which customer of the biller's that would be.

        Raises:
            ForwardNotActive, ForwardeeMayNot: not the payer: there are no chains. BillNotOpen, ObligationPaid.
            BillForwardActive: one at a time. ForwardToSelf.

        Source: SPEC K5, R-123.
        """
        self.require_payer(by)
        self.require_unpaid(money)
        if self.sheet.forward is not None:
            raise BillForwardActive("somebody else is asked to pay this bill; take that back first")
        if to_customer_id == self.sheet.customer_id:
            raise ForwardToSelf("a bill is forwarded to another number than the payer's own")
        forwarded: BillForwarded = self._record(BillForwarded, stamp, forward=to, forwards=self.sheet.forwards + 1)
        return forwarded

    def revoke_forward(self, stamp: Stamp, *, by: str | None) -> BillForwardRevoked:
        """Record that nobody else is asked any more.

        Raises:
            ForwardNotActive: nobody is. ForwardeeMayNot: not the payer.

        Source: SPEC R-123.
        """
        self.require_payer(by)
        self.require_sent()
        if self.sheet.forward is None:
            raise ForwardNotActive("nobody else is asked to pay this bill")
        revoked: BillForwardRevoked = self._record(BillForwardRevoked, stamp, forward=None)
        return revoked

    def remind(self, stamp: Stamp, *, days_before: int, money: Obligation | None) -> BillReminded:
        """Record that whoever has to pay is reminded.

        Raises:
            BillNotOpen, ObligationPaid. BillReminderNotDue: it is not that day, there was one today, or it is announced
            that the bill pays itself.

        Source: SPEC R-122.
        """
        self.require_unpaid(money)
        today = business_date(stamp.recorded_at)
        sheet = self.sheet
        if sheet.due_on - today != timedelta(days=days_before) or sheet.reminded_on == today:
            raise BillReminderNotDue("no reminder of this bill is due now")
        reminded: BillReminded = self._record(BillReminded, stamp, {"days_before": days_before}, reminded_on=today)
        return reminded

    def start_payment(self, stamp: Stamp, *, payment_id: str, by: str, method: str) -> BillPaymentStarted:
        """Record beside the obligation's attempt who pays, and how. What pays itself is started by that.

        Args:
            by: payer, forwardee or auto_pay. method: card, debit_card or transfer.
        """
        auto_pay = self.sheet.auto_pay
        if by == "auto_pay":
            auto_pay = replace(auto_pay, state=STARTED, payment_id=payment_id)
        started: BillPaymentStarted = self._record(
            BillPaymentStarted, stamp, {"payment_id": payment_id, "by": by, "method": method}, auto_pay=auto_pay
        )
        return started

    def require_announceable(self, stamp: Stamp, customer: BillCustomer, money: Obligation | None) -> None:
        """Refuse to announce an automatic payment that will not be, or that is announced.

        Raises:
            BillNotOpen, ObligationPaid. AutoPayNotDue: it is off, paused by a forward, announced already, missed, or
            too late for it.

        Source: SPEC K3, R-120, R-123.
        """
        self.require_unpaid(money)
        if (
            not customer.on
            or self.sheet.forward is not None
            or self.sheet.auto_pay.state in (STARTED, MISSED)
            or self.is_announced(customer)
            or not in_time(self.sheet.due_on, stamp.recorded_at)
        ):
            raise AutoPayNotDue("no automatic payment of this bill is to be announced now")

    def announce(self, stamp: Stamp, *, telling_id: str, turn: int) -> BillAutoPayAnnounced:
        """Record beside the telling what will be charged on the payment date. Check `require_announceable` before.

        Args:
            turn: of the customer's auto-pay.
        """
        auto_pay = replace(
            NO_AUTO_PAY,
            state=ANNOUNCED,
            turn=turn,
            amount_minor=self.sheet.amount_minor,
            pay_on=self.sheet.due_on,
            telling_id=telling_id,
            announced_at=stamp.recorded_at,
        )
        announced: BillAutoPayAnnounced = self._record(BillAutoPayAnnounced, stamp, auto_pay=auto_pay)
        return announced

    def is_announced(self, customer: BillCustomer) -> bool:
        """Say whether the automatic payment is announced as it would be made now (SPEC R-121)."""
        auto_pay = self.sheet.auto_pay
        return auto_pay.state == ANNOUNCED and auto_pay.turn == customer.turn

    def why_not_charged(self, stamp: Stamp, customer: BillCustomer, *, told: bool) -> str | None:
        """Return why the bill will not be paid automatically any more; None = it may be charged now.

        Args:
            told: whether its announcement reached the payer in time.

        Raises:
            AutoPayNotDue: auto-pay is off, has begun or is missed already, or everything is still possible.

        Source: SPEC R-120, R-121, R-123.
        """
        sheet = self.sheet
        if not customer.on or sheet.auto_pay.state in (STARTED, MISSED):
            raise AutoPayNotDue("no automatic payment of this bill is to be made")
        today = business_date(stamp.recorded_at)
        if today > sheet.due_on:
            if sheet.forward is not None:
                return FORWARDED
            return DAY_PASSED if self.is_announced(customer) else TOO_LATE
        if not self.is_announced(customer):
            if in_time(sheet.due_on, stamp.recorded_at):
                raise AutoPayNotDue("the automatic payment of this bill may still be announced")
            return TOO_LATE
        if sheet.forward is not None or not may_charge(sheet.due_on, stamp.recorded_at):
            raise AutoPayNotDue("the bill is charged on its payment date, unless somebody else is asked to pay")
        return None if told else NOT_TOLD

    def miss(self, stamp: Stamp, *, code: str) -> BillAutoPayMissed:
        """Record that this bill is to be paid by hand; the next one is not touched by that (SPEC R-120)."""
        missed: BillAutoPayMissed = self._record(
            BillAutoPayMissed, stamp, auto_pay=replace(self.sheet.auto_pay, state=MISSED, code=code)
        )
        return missed

    def require_unpaid(self, money: Obligation | None) -> None:
        """Refuse what makes sense only while somebody has to pay. Raises: BillNotOpen, ObligationPaid."""
        self.require_sent()
        if money is not None and money.is_paid:
            raise ObligationPaid("nothing is left to pay")

    def copy(self) -> Self:
        """Return an independent copy."""
        twin = type(self)(self.id)
        twin.version, twin.recorded_at, twin.known = self.version, self.recorded_at, self.known
        twin.pending = list(self.pending)
        return twin

    def require_sent(self) -> None:
        """Refuse what nobody but the biller knows of. Raises: BillNotOpen: a draft, or cancelled."""
        if self.sheet.status not in (SENT, VIEWED):
            raise BillNotOpen("the bill has not been sent, or is cancelled", state=self.sheet.status)

    def _record(self, kind: Any, stamp: Stamp, more: dict[str, Any] | None = None, /, **changed: Any) -> Any:
        """Record a fact with the sheet after it."""
        return self.record(kind, stamp, sheet=replace(self.sheet, **changed), **(more or {}))


def _check_terms(stamp: Stamp, amount_minor: int, due_on: date) -> None:
    if not 1 <= amount_minor <= AMOUNT_MAX:
        raise AmountNotAllowed(f"amount must be 1 to {AMOUNT_MAX}", minimum=1, maximum=AMOUNT_MAX)
    today = business_date(stamp.occurred_at)
    if not today <= due_on <= today + DUE_AHEAD_MAX:
        last = today + DUE_AHEAD_MAX
        raise DueDateInvalid(f"due_on must be {today} to {last}", earliest=str(today), latest=str(last))
