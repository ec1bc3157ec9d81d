"""What is recorded about a bill: each fact carries the whole sheet after it, so that the last one alone tells the bill.

Its money is not here: that is its obligation's. Names, numbers and what the bill is for lie in the vault.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING

from aggregates.fact import Fact, fact

if TYPE_CHECKING:
    from aggregates.collecting.bill import Bill


@dataclass(frozen=True, slots=True)
class AutoPay:
    """How far the automatic payment of one bill is.

    Attributes:
        state: none, announced, started or missed.
        code: why it is missed: too_late (SPEC R-120), changed_after_notice (R-121), not_told (the announcement reached
            nobody), forwarded, day_passed, card (it cannot be charged), or the gateway's word; null when it is not.
        turn: of the customer's auto-pay under which it was announced; 0 = none.
        amount_minor: what was announced. pay_on: for which KST date. Null = nothing was.
        telling_id: the announcement. announced_at: when it was recorded. Null = there is none.
        payment_id: the charge that was started; null before.
    """

    state: str
    code: str | None
    turn: int
    amount_minor: int | None
    pay_on: date | None
    telling_id: str | None
    announced_at: datetime | None
    payment_id: str | None


NO_AUTO_PAY = AutoPay("none", None, 0, None, None, None, None, None)
"""Before anything is announced."""


@dataclass(frozen=True, slots=True)
class BillSheet:
    """All that is known of one bill, beside its money.

    Attributes:
        bill_id, account_id: public ids. customer_id: whom the biller asks: one phone number of that biller's.
        person: vault token of the payer: name, phone, and what the bill is for.
        reference: the biller's own number; null = none.
        amount_minor: what is asked for. currency: ISO 4217. due_on: last KST day to pay, and payment date of auto-pay.
        obligation_id: what is paid; null before it is sent.
        status: draft, sent, viewed or cancelled.
        sent_at: when it was sent; null before.
        forward: vault token of whom the payer has asked to pay instead; null = nobody now.
        forwards: how many were asked so far.
        reminded_on: KST date of the last reminder; null = none.
        auto_pay: of this bill.
    """

    bill_id: str
    account_id: str
    customer_id: str
    person: str
    reference: str | None
    amount_minor: int
    currency: str
    due_on: date
    obligation_id: str | None
    status: str
    sent_at: datetime | None
    forward: str | None
    forwards: int
    reminded_on: date | None
    auto_pay: AutoPay


@dataclass(frozen=True, slots=True, kw_only=True)
class BillFact(Fact):
    """Base of every fact about a bill.

    Attributes:
        sheet: the bill after it.
    """

    sheet: BillSheet

    def apply(self, bill: Bill) -> None:
        bill.known = self.sheet


@fact("bill.created")
class BillCreated(BillFact):
    """A biller has written a bill; nobody knows of it yet.

    Attributes:
        sheet: the bill after it.
    """


@fact("bill.sent")
class BillSent(BillFact):
    """The bill goes to its payer, and can be paid.

    Attributes:
        sheet: the bill after it.
    """


@fact("bill.changed")
class BillChanged(BillFact):
    """The biller asks for another amount, or by another day; what was announced does not count any more.

    Attributes:
        sheet: the bill after it.
    """


@fact("bill.viewed")
class BillViewed(BillFact):
    """The payer, or whom the payer has asked, has opened it.

    Attributes:
        sheet: the bill after it.
    """


@fact("bill.cancelled")
class BillCancelled(BillFact):
    """The biller does not ask for it any more.

    Attributes:
        sheet: the bill after it.
    """


@fact("bill.forwarded")
class BillForwarded(BillFact):
    """The payer has asked somebody else to pay; the payer stays liable (SPEC R-123).

    Attributes:
        sheet: the bill after it.
    """


@fact("bill.forward_revoked")
class BillForwardRevoked(BillFact):
    """The payer does not ask that person any more.

    Attributes:
        sheet: the bill after it.
    """


@fact("bill.reminded")
class BillReminded(BillFact):
    """Whoever has to pay is reminded.

    Attributes:
        sheet: the bill after it.
        days_before: how many days before the last day.
    """

    days_before: int


@fact("bill.payment_started")
class BillPaymentStarted(BillFact):
    """Somebody pays; nothing has moved.

    Attributes:
        sheet: the bill after it.
        payment_id: the attempt on its obligation.
        by: payer, forwardee or auto_pay.
        method: card, debit_card or transfer, as chosen this time.
    """

    payment_id: str
    by: str
    method: str


@fact("bill.auto_pay_announced")
class BillAutoPayAnnounced(BillFact):
    """The payer is told what will be charged, and on which day (SPEC K3).

    Attributes:
        sheet: the bill after it.
    """


@fact("bill.auto_pay_missed")
class BillAutoPayMissed(BillFact):
    """This bill is not paid automatically, and the payer is told to pay by hand (SPEC R-120, R-121).

    Attributes:
        sheet: the bill after it.
    """
