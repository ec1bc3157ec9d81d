"""Commands on charges: pay in, cancel at once or in two steps, take a chargeback, settle what it left owing.

What a later decision must know of a charge that the account has forgotten goes on the charge's own stream in the same
commit.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

from aggregates import charge as past
from aggregates import ids
from aggregates.account import Account
from aggregates.account.cancellations import ChargeCancelFailed, ChargeCancelled, ChargeCancelStarted
from aggregates.account.chargebacks import ChargedBack, ReceivableSettled
from aggregates.account.charges import METHODS, Charged
from aggregates.account.deposits import DepositAwaited, Deposited
from aggregates.errors import NotFound
from aggregates.fact import Fact, Stamp
from ledger.command import Answer, Streams, answer
from ledger.commands.origins import origin_of, require_child

Born = Charged | DepositAwaited
"""The fact that gave birth to a charge."""


PAYMENTS_ACTOR = "reaction:payments"
"""Who records what the gateway says of payments; no API key is called so."""


class ChargeNotFound(NotFound):
    """The account has no such charge."""

    code = "charge_not_found"


@dataclass(frozen=True, slots=True)
class ChargeAccount:
    """Put money on an account: received already (card, transfer), or awaited on a virtual account.

    Attributes:
        reference: the caller's payment number; None when it has none.
        enabled_methods: those of card, transfer and virtual_account that the operator allows (SPEC R-061).
        maximum_minor: the operator's maximum for this method; None = none (SPEC R-060).
    """

    ANSWER: ClassVar[str] = "charge/1"

    account_id: str
    amount_minor: int
    method: str
    reference: str | None = None
    enabled_methods: tuple[str, ...] = METHODS
    maximum_minor: int | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.Charged` or `Account.DepositAwaited`.

        Raises:
            NotFound: no such account.
            LedgerError: as of `Account.charge`, `Account.await_deposit`.
        """
        account = streams.account(self.account_id)
        if self.method == "virtual_account":
            account.await_deposit(
                stamp,
                amount_minor=self.amount_minor,
                reference=self.reference,
                enabled_methods=self.enabled_methods,
                maximum_minor=self.maximum_minor,
            )
        else:
            account.charge(
                stamp,
                amount_minor=self.amount_minor,
                method=self.method,
                reference=self.reference,
                enabled_methods=self.enabled_methods,
                maximum_minor=self.maximum_minor,
            )


@dataclass(frozen=True, slots=True)
class CancelCharge:
    """Cancel a wholly unspent charge: at once, or where the gateway has to be asked, as a first step (SPEC R-068)."""

    ANSWER: ClassVar[str] = "charge-cancel/1"

    account_id: str
    charge_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.ChargeCancelled` and the charge's own fact; of a payment, `ChargeCancelStarted`.

        Raises:
            NotFound: no such account, no such charge.
            LedgerError: as of `Account.cancel_charge`.
        """
        account, own = charge_streams(streams, self.account_id, self.charge_id)
        born = birth_of(streams, account, self.charge_id)
        if is_payment(born):
            account.start_charge_cancellation(stamp, charge=born, past=own)
            return
        _note(own, stamp, account.cancel_charge(stamp, charge=born, past=own))


@dataclass(frozen=True, slots=True)
class StartChargeCancellation:
    """Freeze the charge before the provider is asked to cancel it."""

    ANSWER: ClassVar[str] = "charge-cancel/1"

    account_id: str
    charge_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.ChargeCancelStarted`.

        Raises:
            NotFound: no such account, no such charge.
            LedgerError: as of `Account.start_charge_cancellation`.
        """
        account, own = charge_streams(streams, self.account_id, self.charge_id)
        born = birth_of(streams, account, self.charge_id)
        account.start_charge_cancellation(stamp, charge=born, past=own)


@dataclass(frozen=True, slots=True)
class FinishChargeCancellation:
    """Take the provider's definite yes."""

    ANSWER: ClassVar[str] = "charge-cancel/1"

    account_id: str
    charge_id: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.ChargeCancelled` and the charge's own fact.

        Raises:
            NotFound: no such account, no such charge.
            LedgerError: as of `Account.finish_charge_cancellation`.
        """
        account, own = charge_streams(streams, self.account_id, self.charge_id)
        birth_of(streams, account, self.charge_id)
        _note(own, stamp, account.finish_charge_cancellation(stamp, charge_id=self.charge_id, past=own))


@dataclass(frozen=True, slots=True)
class FailChargeCancellation:
    """Take the provider's definite no.

    Attributes:
        reason_code: why, e.g. partial_cancel_unsupported.
    """

    ANSWER: ClassVar[str] = "charge-cancel-failed/1"

    account_id: str
    charge_id: str
    reason_code: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.ChargeCancelFailed`.

        Raises:
            NotFound: no such account, no such charge.
            LedgerError: as of `Account.fail_charge_cancellation`.
        """
        account, own = charge_streams(streams, self.account_id, self.charge_id)
        birth_of(streams, account, self.charge_id)
        account.fail_charge_cancellation(stamp, charge_id=self.charge_id, past=own, reason_code=self.reason_code)


@dataclass(frozen=True, slots=True)
class ChargeBack:
    """Record that the card company or a gateway took money of a charge back by itself."""

    ANSWER: ClassVar[str] = "charge-back/1"

    account_id: str
    charge_id: str
    amount_minor: int

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.ChargedBack` and the charge's own fact.

        Raises:
            NotFound: no such account, no such charge.
            LedgerError: as of `Account.charge_back`.
        """
        account, own = charge_streams(streams, self.account_id, self.charge_id)
        born = birth_of(streams, account, self.charge_id)
        account.charge_back(stamp, charge=born, past=own, amount_minor=self.amount_minor)
        own.charge_back(stamp, charge_id=self.charge_id, amount_minor=self.amount_minor, currency=account.currency)


@dataclass(frozen=True, slots=True)
class SettleReceivable:
    """Take the member's payment of what chargebacks left owing."""

    ANSWER: ClassVar[str] = "receivable-settlement/1"

    account_id: str
    amount_minor: int
    reference: str | None = None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.ReceivableSettled`. Raises: as of `Account.settle_receivable`."""
        account = streams.account(self.account_id)
        account.settle_receivable(stamp, amount_minor=self.amount_minor, reference=self.reference)


def charge_streams(streams: Streams, account_id: str, charge_id: str) -> tuple[Account, past.Charge]:
    """Return the account and the charge's own stream. Raises: NotFound."""
    account = streams.account(account_id)
    require_child(account, charge_id, "chg", ChargeNotFound)
    return account, streams.stream(past.Charge, charge_id)


def birth_of(streams: Streams, account: Account, charge_id: str) -> Born:
    """Return the fact that gave birth to a charge of this account. Raises: NotFound."""
    born = origin_of(streams, account, charge_id, "chg", Fact, ChargeNotFound)
    if not isinstance(born, Charged | DepositAwaited):
        raise ChargeNotFound("the account has no such charge")
    return born


def is_payment(born: Born) -> bool:
    """Say whether a charge came through a payment that the ledger started at the gateway: its own fact tells.

    (A caller may give any reference; only the reaction to the gateway's answers records under a name of its own.)
    """
    return born.actor == PAYMENTS_ACTOR and (born.reference or "").startswith("pay_")


def _note(own: past.Charge, stamp: Stamp, cancelled: ChargeCancelled) -> None:
    own.cancel(
        stamp,
        charge_id=cancelled.charge_id,
        amount_minor=cancelled.amount_minor,
        currency=cancelled.currency,
        fee_minor=cancelled.fee_minor,
        payout_minor=cancelled.payout_minor,
    )


@answer("charge/1")
def charge(facts: Sequence[Fact]) -> Answer:
    """Answer with a new charge: paid, or awaiting its deposit."""
    fact = facts[0]
    assert isinstance(fact, Charged | DepositAwaited)
    return Answer(201, paid_json(fact, fact.method) if isinstance(fact, Charged) else _awaited_json(fact))


@answer("charge-cancel/1")
def charge_cancel(facts: Sequence[Fact]) -> Answer:
    """Answer with a cancellation: done, or sent to the provider and pending."""
    fact = facts[0]
    assert isinstance(fact, ChargeCancelled | ChargeCancelStarted)
    return Answer(
        200,
        {
            "id": fact.charge_id,
            "status": "cancelled" if isinstance(fact, ChargeCancelled) else "cancel_pending",
            "fee": fact.fee_minor,
            "payout": fact.payout_minor,
        },
    )


@answer("charge-cancel-failed/1")
def charge_cancel_failed(facts: Sequence[Fact]) -> Answer:
    """Answer with a charge that the provider would not cancel: paid as before, nothing given back."""
    fact = facts[0]
    assert isinstance(fact, ChargeCancelFailed)
    return Answer(200, {"id": fact.charge_id, "status": "paid", "fee": 0, "payout": 0, "code": fact.code})


@answer("charge-back/1")
def charge_back(facts: Sequence[Fact]) -> Answer:
    """Answer with what was taken back, from the lot and as a shortfall, and what the member owes."""
    fact = facts[0]
    assert isinstance(fact, ChargedBack)
    return Answer(
        200,
        {
            "id": fact.charge_id,
            "account_id": ids.account_of(fact.charge_id),
            "amount": fact.amount_minor,
            "currency": fact.currency,
            "from_lot": fact.from_lot_minor,
            "shortfall": fact.shortfall_minor,
            "balance": fact.balance_minor,
            "member_receivable": fact.member_receivable_minor,
        },
    )


@answer("receivable-settlement/1")
def receivable_settlement(facts: Sequence[Fact]) -> Answer:
    """Answer with a payment of what was owing, and what is still owed."""
    fact = facts[0]
    assert isinstance(fact, ReceivableSettled)
    return Answer(
        200,
        {
            "amount": fact.amount_minor,
            "currency": fact.currency,
            "reference": fact.reference,
            "member_receivable": fact.member_receivable_minor,
        },
    )


def charge_json(
    charge_id: str,
    *,
    amount_minor: int,
    currency: str,
    method: str,
    status: str,
    charged_on: str | None,
    remaining_minor: int,
) -> dict[str, Any]:
    """Return a charge in the shape of the HTTP face."""
    return {
        "id": charge_id,
        "account_id": ids.account_of(charge_id),
        "amount": amount_minor,
        "currency": currency,
        "method": method,
        "status": status,
        "charged_on": charged_on,
        "remaining": remaining_minor,
    }


def paid_json(fact: Charged | Deposited, method: str) -> dict[str, Any]:
    """Return a paid charge."""
    return charge_json(
        fact.charge_id,
        amount_minor=fact.amount_minor,
        currency=fact.currency,
        method=method,
        status="paid",
        charged_on=fact.charged_on.isoformat(),
        remaining_minor=fact.remaining_minor,
    )


def _awaited_json(fact: DepositAwaited) -> dict[str, Any]:
    body = charge_json(
        fact.charge_id,
        amount_minor=fact.amount_minor,
        currency=fact.currency,
        method="virtual_account",
        status="awaiting_deposit",
        charged_on=None,
        remaining_minor=0,
    )
    return {**body, "expires_on": fact.expires_on.isoformat()}
