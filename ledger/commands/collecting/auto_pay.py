"""Commands on auto-pay: the payer's switch, and what time causes of it (SPEC K3, R-120, R-121, R-123).

The switch is the customer's, the announcement and the charge are a bill's. Whether it is on is asked again in the
decision that starts a charge, so that OFF holds until then.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from aggregates.account import standing
from aggregates.billing_key import BillingKey
from aggregates.collecting.auto_pay import in_time, told_in_time
from aggregates.collecting.bill import CARD, MISSED, STARTED, TOO_LATE, AutoPayNotDue
from aggregates.collecting.bill_customer import BillCustomer, CustomerNotFound
from aggregates.collecting.telling import TOLD, Telling
from aggregates.errors import Conflict
from aggregates.fact import Fact, Stamp
from ledger.command import Answer, Streams, answer
from ledger.commands.collecting.bills import announce, known_bill, miss, money_of, start_payment, tell_payer
from ledger.commands.collecting.tellings import tell

BY_PAYER, BY_CARD = "payer", "card"
"""Why auto-pay was turned off."""


class AutoPayIsOn(Conflict):
    """The customer's bills are paid automatically already; another card can be named."""

    code = "auto_pay_on"


class CardNeeded(Conflict):
    """There is no registered card that could be charged; name one."""

    code = "card_needed"


@dataclass(frozen=True, slots=True)
class TurnAutoPayOn:
    """Have this and further bills paid automatically.

    Attributes:
        one_time: vault token of the one-time token of the gateway's own page; None = the card that is registered.
        person: vault token of who wants it; None = the payer.
    """

    ANSWER: ClassVar[str] = "auto-pay/1"

    bill_id: str
    one_time: str | None = None
    person: str | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `BillCustomer.AutoPayOn`, and the registration of a card where one is named.

        Raises:
            BillNotFound, ForwardNotActive, ForwardeeMayNot, BillNotOpen, AccountIsClosed.
            AutoPayIsOn, CardNeeded: no card is named, and it is on already, or none is registered.

        Source: SPEC K3, R-120, R-121, R-123.
        """
        bill = known_bill(streams, self.bill_id)
        sheet = bill.sheet
        money = money_of(streams, bill)
        account = streams.account(sheet.account_id)
        customer = streams.stream(BillCustomer, sheet.customer_id)
        old = streams.held(BillingKey, customer.billing_key_id) if customer.billing_key_id else None
        bill.require_payer(self.person)
        bill.require_sent()
        standing.refuse_closed(account)
        has_card = old is not None and old.status == "active"
        if self.one_time is None and customer.on:
            raise AutoPayIsOn("the customer's bills are paid automatically already")
        if self.one_time is None and not has_card:
            raise CardNeeded("no card is registered that could be charged; give a token of the gateway's page")
        billing_key_id = customer.billing_key_id
        if self.one_time is not None:
            billing_key_id, key = streams.new_child(BillingKey, "bky", sheet.account_id)
            key.request(
                stamp,
                billing_key_id=billing_key_id,
                account_id=sheet.account_id,
                one_time=self.one_time,
                label=None,
                customer_id=sheet.customer_id,
            )
            if old is not None and has_card:
                old.remove(stamp)
        customer.turn_on(
            stamp,
            customer_id=sheet.customer_id,
            account_id=sheet.account_id,
            billing_key_id=billing_key_id,
            bill_id=self.bill_id,
            person=sheet.person,
        )
        tell_payer(streams, stamp, bill, "bill.auto_pay_on")
        is_open = money is not None and not money.is_paid and sheet.auto_pay.state not in (STARTED, MISSED)
        if is_open and not in_time(sheet.due_on, stamp.recorded_at):
            miss(streams, stamp, bill, TOO_LATE)


@dataclass(frozen=True, slots=True)
class TurnAutoPayOff:
    """Have nothing paid automatically any more. person: vault token of who wants it; None = the payer."""

    ANSWER: ClassVar[str] = "auto-pay/1"

    bill_id: str
    person: str | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `BillCustomer.AutoPayOff`: no charge is started after it.

        Raises:
            BillNotFound, ForwardNotActive, ForwardeeMayNot. AutoPayOff: it is off.

        Source: SPEC K3, R-121.
        """
        bill = known_bill(streams, self.bill_id)
        customer = streams.stream(BillCustomer, bill.sheet.customer_id)
        bill.require_payer(self.person)
        customer.turn_off(stamp, reason=BY_PAYER)
        tell_payer(streams, stamp, bill, "bill.auto_pay_off", code=BY_PAYER)


@dataclass(frozen=True, slots=True)
class DropAutoPay:
    """Turn auto-pay off whose card the gateway does not keep, or which was taken away, and say so."""

    ANSWER: ClassVar[str] = "auto-pay/1"

    customer_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `BillCustomer.AutoPayOff`.

        Raises:
            CustomerNotFound. AutoPayOff: it is off. AutoPayNotDue: the card is active, or still being registered.
        """
        customer = streams.known(BillCustomer, self.customer_id, CustomerNotFound)
        key = streams.held(BillingKey, customer.billing_key_id)
        if key.status in ("active", "requested"):
            raise AutoPayNotDue("the card of this customer can be charged, or is being registered")
        customer.turn_off(stamp, reason=BY_CARD)
        tell(
            streams,
            stamp,
            account_id=customer.account_id,
            thing_id=customer.bill_id,
            kind="bill.auto_pay_off",
            to=customer.person,
            detail={"code": BY_CARD},
        )


@dataclass(frozen=True, slots=True)
class AnnounceAutoPay:
    """Tell a payer what will be charged on the payment date."""

    ANSWER: ClassVar[str] = "bill-auto-pay/1"

    bill_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Bill.AutoPayAnnounced` and the telling.

        Raises:
            BillNotFound; as of `Bill.require_announceable`. AutoPayNotDue: the card is not registered yet.

        Source: SPEC K3, R-120.
        """
        bill = known_bill(streams, self.bill_id)
        money = money_of(streams, bill)
        customer = streams.held(BillCustomer, bill.sheet.customer_id)
        key = streams.held(BillingKey, customer.billing_key_id) if customer.billing_key_id else None
        bill.require_announceable(stamp, customer, money)
        if key is None or key.status != "active":
            raise AutoPayNotDue("the card is not registered; nothing can be announced")
        bill.announce(stamp, telling_id=announce(streams, stamp, bill), turn=customer.turn)


@dataclass(frozen=True, slots=True)
class RunAutoPay:
    """Charge a bill on its payment date, or say that it is to be paid by hand."""

    ANSWER: ClassVar[str] = "bill-auto-pay/1"

    bill_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Bill.PaymentStarted` and as of `StartCollection`, or `Bill.AutoPayMissed` and a telling.

        Raises:
            BillNotFound, BillNotOpen, ObligationPaid; as of `Bill.why_not_charged`.
            AttemptInFlight: somebody is paying; ask again when that has its result.

        Source: SPEC K3, R-116, R-120, R-121, R-123.
        """
        bill = known_bill(streams, self.bill_id)
        sheet = bill.sheet
        money = money_of(streams, bill)
        streams.account(sheet.account_id)
        customer = streams.held(BillCustomer, sheet.customer_id)
        key = streams.held(BillingKey, customer.billing_key_id) if customer.billing_key_id else None
        telling = streams.held(Telling, sheet.auto_pay.telling_id) if sheet.auto_pay.telling_id else None
        told = telling is not None and telling.status == TOLD and told_in_time(sheet.due_on, telling.recorded_at)
        bill.require_unpaid(money)
        code = bill.why_not_charged(stamp, customer, told=told)
        if code is None and (key is None or key.status != "active"):
            code = CARD
        if code is not None:
            miss(streams, stamp, bill, code)
            return
        start_payment(streams, stamp, bill, by="auto_pay", method="card", billing_key_id=customer.billing_key_id)


def auto_pay_json(customer_id: str, *, on: bool, billing_key_id: str | None) -> dict[str, Any]:
    """Return the switch in the shape of the HTTP face."""
    return {"customer_id": customer_id, "on": on, "billing_key_id": billing_key_id}


@answer("auto-pay/1")
def auto_pay(facts: Sequence[Fact]) -> Answer:
    """Answer with the switch as it stands now."""
    fact: Any = next(fact for fact in facts if isinstance(fact, BillCustomer.AutoPayOn | BillCustomer.AutoPayOff))
    is_on = isinstance(fact, BillCustomer.AutoPayOn)
    shape = auto_pay_json(fact.customer_id, on=is_on, billing_key_id=fact.billing_key_id if is_on else None)
    return Answer(200, shape)


@answer("bill-auto-pay/1")
def bill_auto_pay(facts: Sequence[Fact]) -> Answer:
    """Answer how far the automatic payment of a bill is."""
    fact: Any = [fact for fact in facts if fact.TOPIC.startswith("bill.")][-1]
    sheet = fact.sheet
    return Answer(200, {"id": sheet.bill_id, "state": sheet.auto_pay.state, "code": sheet.auto_pay.code})
