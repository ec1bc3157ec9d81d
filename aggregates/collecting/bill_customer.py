"""A customer of a biller: whoever has one phone number, so that the next bill finds what was agreed (SPEC K1, K3).

Who it is lies in the vault; the id is drawn from account and number under the key file's secret. What is kept here is
whether the customer's bills are paid by themselves, and from which card.
"""

from __future__ import annotations

from typing import Self
from uuid import UUID

from aggregates.errors import Conflict, NotFound
from aggregates.fact import Fact, Stamp, Stream, fact, stream_class

PREFIX = "cus"


class CustomerNotFound(NotFound):
    """The biller has no such customer."""

    code = "customer_not_found"


class AutoPayOff(Conflict):
    """The customer's bills are not paid automatically."""

    code = "auto_pay_off"


@fact("bill_customer.auto_pay_on")
class CustomerAutoPayOn(Fact):
    """A customer wants bills to be paid automatically; what was announced before does not count any more.

    Attributes:
        customer_id, account_id: public ids.
        turn: how many times it was turned on, this one counted; an announcement belongs to one turn.
        billing_key_id: the card that is charged.
        bill_id: the bill on whose page it was turned on.
        person: vault token of the customer, as on that bill.
    """

    customer_id: str
    account_id: str
    turn: int
    billing_key_id: str
    bill_id: str
    person: str

    def apply(self, customer: BillCustomer) -> None:
        customer.customer_id = self.customer_id
        customer.account_id = self.account_id
        customer.on = True
        customer.turn = self.turn
        customer.billing_key_id = self.billing_key_id
        customer.bill_id = self.bill_id
        customer.person = self.person


@fact("bill_customer.auto_pay_off")
class CustomerAutoPayOff(Fact):
    """Nothing is paid automatically any more.

    Attributes:
        customer_id, account_id: public ids.
        reason: payer (the customer's wish) or card (the gateway does not keep the card, or it was taken away).
    """

    customer_id: str
    account_id: str
    reason: str

    def apply(self, customer: BillCustomer) -> None:
        customer.on = False


@stream_class("bill_customer")
class BillCustomer(Stream):
    """One customer of one biller; blank until something is agreed.

    Attributes:
        customer_id, account_id: public ids; "" before the first fact.
        on: whether bills are paid automatically. turn: how many times that was turned on.
        billing_key_id: the card that was named last; "" = none.
        bill_id, person: where it was turned on last, and as whom.
    """

    __slots__ = ("account_id", "bill_id", "billing_key_id", "customer_id", "on", "person", "turn")

    AutoPayOn = CustomerAutoPayOn
    AutoPayOff = CustomerAutoPayOff

    def __init__(self, id: UUID) -> None:
        super().__init__(id)
        self.customer_id = self.account_id = self.billing_key_id = self.bill_id = self.person = ""
        self.on = False
        self.turn = 0

    def turn_on(
        self, stamp: Stamp, *, customer_id: str, account_id: str, billing_key_id: str, bill_id: str, person: str
    ) -> CustomerAutoPayOn:
        """Record that bills are to be paid automatically; again with another card is another turn.

        Source: SPEC K3, R-121.
        """
        turned: CustomerAutoPayOn = self.record(
            CustomerAutoPayOn,
            stamp,
            customer_id=customer_id,
            account_id=account_id,
            turn=self.turn + 1,
            billing_key_id=billing_key_id,
            bill_id=bill_id,
            person=person,
        )
        return turned

    def turn_off(self, stamp: Stamp, *, reason: str) -> CustomerAutoPayOff:
        """Record that nothing is paid automatically any more; charges that have not begun are not made.

        Raises:
            AutoPayOff: it is off already.

        Source: SPEC K3, R-121.
        """
        if not self.on:
            raise AutoPayOff("the customer's bills are not paid automatically")
        turned: CustomerAutoPayOff = self.record(
            CustomerAutoPayOff, stamp, customer_id=self.customer_id, account_id=self.account_id, reason=reason
        )
        return turned

    def copy(self) -> Self:
        """Return an independent copy."""
        twin = type(self)(self.id)
        for name in (*Stream.__slots__, *BillCustomer.__slots__):
            setattr(twin, name, getattr(self, name))
        twin.pending = list(self.pending)
        return twin
