"""Money held for pay-out links: funded by the creator, paid to the payee, sent back by the bank, refunded (SPEC R-135).

It is a book of its own beside the prepaid balance: it never buys anything, and it never falls below zero. What others
take back of a funding after the money is gone is owed by the customer. What happened outside has happened, so nothing
here is refused for the standing of the account.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from aggregates.errors import Conflict
from aggregates.fact import Fact, Stamp, fact

if TYPE_CHECKING:
    from aggregates.account.account import Account


@fact("account.payout_funded")
class PayoutFunded(Fact):
    """The creator's payment for a pay-out link has settled: the money is held for its payee.

    Attributes:
        payout_link_id: public id.
        obligation_id: public id of what the creator has paid.
        payment_id: of the payment that brought it.
        via: what the payment was started through.
        method: how it was paid.
        amount_minor: what is held of it.
        currency: that of the account.
        paid_on: KST date of the payment.
        balance_minor: all that is held for pay-out links after it.
    """

    payout_link_id: str
    obligation_id: str
    payment_id: str
    via: str
    method: str
    amount_minor: int
    currency: str
    paid_on: date
    balance_minor: int

    def apply(self, account: Account) -> None:
        account.payout_hold_minor = self.balance_minor


@fact("account.payout_paid")
class PayoutPaid(Fact):
    """The bank has paid the payee of a pay-out link.

    Attributes:
        payout_link_id: public id.
        transfer: the bank's key for it.
        amount_minor: what was paid.
        currency: that of the account.
        paid_on: KST date.
        balance_minor: all that is held for pay-out links after it.
    """

    payout_link_id: str
    transfer: str
    amount_minor: int
    currency: str
    paid_on: date
    balance_minor: int

    def apply(self, account: Account) -> None:
        account.payout_hold_minor = self.balance_minor


@fact("account.payout_returned")
class PayoutReturned(Fact):
    """The bank sent a pay-out back days later: the money is held again (SPEC R-135).

    Attributes:
        payout_link_id: public id.
        transfer: as of `PayoutPaid`.
        amount_minor: what came back.
        currency: that of the account.
        code: the bank's reason.
        returned_on: KST date.
        balance_minor: all that is held for pay-out links after it.
    """

    payout_link_id: str
    transfer: str
    amount_minor: int
    currency: str
    code: str
    returned_on: date
    balance_minor: int

    def apply(self, account: Account) -> None:
        account.payout_hold_minor = self.balance_minor


@fact("account.payout_refunded")
class PayoutRefunded(Fact):
    """Money held for a pay-out link has gone back to its creator, the way it came (SPEC R-135).

    Attributes:
        payout_link_id: public id.
        obligation_id: as of `PayoutFunded`.
        payment_id: as of `PayoutFunded`.
        refund: the provider's key for it.
        method: how it had been paid.
        amount_minor: what went back.
        currency: that of the account.
        balance_minor: all that is held for pay-out links after it.
    """

    payout_link_id: str
    obligation_id: str
    payment_id: str
    refund: str
    method: str
    amount_minor: int
    currency: str
    balance_minor: int

    def apply(self, account: Account) -> None:
        account.payout_hold_minor = self.balance_minor


@fact("account.payout_funding_reversed")
class PayoutFundingReversed(Fact):
    """The creator's payment was taken back by others: from what is still held of it; the rest is owed by the customer.

    Attributes:
        payout_link_id: public id.
        obligation_id: as of `PayoutFunded`.
        payment_id: as of `PayoutFunded`.
        method: how it had been paid.
        amount_minor: what was taken = from_hold_minor + shortfall_minor.
        currency: that of the account.
        from_hold_minor: what of it was still held.
        shortfall_minor: the rest, now owed.
        code: why, a stable word, e.g. chargeback.
        balance_minor: all that is held for pay-out links after it.
        member_receivable_minor: all that the customer owes after it; blocks spends and refunds while > 0.
    """

    payout_link_id: str
    obligation_id: str
    payment_id: str
    method: str
    amount_minor: int
    currency: str
    from_hold_minor: int
    shortfall_minor: int
    code: str
    balance_minor: int
    member_receivable_minor: int

    def apply(self, account: Account) -> None:
        account.payout_hold_minor = self.balance_minor
        account.member_receivable_minor = self.member_receivable_minor


@fact("account.payout_hold_applied")
class PayoutHoldApplied(Fact):
    """Money that was held again paid what the reversal of its own funding had left owing.

    Attributes:
        payout_link_id: public id.
        amount_minor: what it paid.
        currency: that of the account.
        balance_minor: all that is held for pay-out links after it.
        member_receivable_minor: what is still owed.
    """

    payout_link_id: str
    amount_minor: int
    currency: str
    balance_minor: int
    member_receivable_minor: int

    def apply(self, account: Account) -> None:
        account.payout_hold_minor = self.balance_minor
        account.member_receivable_minor = self.member_receivable_minor


class PayoutNotHeld(Conflict):
    """So much is not held for pay-out links."""

    code = "payout_not_held"


def fund_payout(
    account: Account,
    stamp: Stamp,
    *,
    payout_link_id: str,
    obligation_id: str,
    payment_id: str,
    via: str,
    method: str,
    amount_minor: int,
    paid_on: date,
) -> PayoutFunded:
    """Hold what the creator has paid for a pay-out link; never refused: the money is there. Source: SPEC R-135."""
    funded: PayoutFunded = account.record(
        PayoutFunded,
        stamp,
        payout_link_id=payout_link_id,
        obligation_id=obligation_id,
        payment_id=payment_id,
        via=via,
        method=method,
        amount_minor=amount_minor,
        currency=account.currency,
        paid_on=paid_on,
        balance_minor=account.payout_hold_minor + amount_minor,
    )
    return funded


def pay_payout(
    account: Account, stamp: Stamp, *, payout_link_id: str, transfer: str, amount_minor: int, paid_on: date
) -> PayoutPaid:
    """Record that the bank has paid what was held. Raises: PayoutNotHeld. Source: SPEC R-135."""
    require_held(account, amount_minor)
    paid: PayoutPaid = account.record(
        PayoutPaid,
        stamp,
        payout_link_id=payout_link_id,
        transfer=transfer,
        amount_minor=amount_minor,
        currency=account.currency,
        paid_on=paid_on,
        balance_minor=account.payout_hold_minor - amount_minor,
    )
    return paid


def return_paid_payout(
    account: Account,
    stamp: Stamp,
    *,
    payout_link_id: str,
    transfer: str,
    amount_minor: int,
    reason_code: str,
    returned_on: date,
) -> PayoutReturned:
    """Hold again what the bank has sent back; on a closed account too. Source: SPEC R-135."""
    returned: PayoutReturned = account.record(
        PayoutReturned,
        stamp,
        payout_link_id=payout_link_id,
        transfer=transfer,
        amount_minor=amount_minor,
        currency=account.currency,
        code=reason_code,
        returned_on=returned_on,
        balance_minor=account.payout_hold_minor + amount_minor,
    )
    return returned


def refund_payout(
    account: Account,
    stamp: Stamp,
    *,
    payout_link_id: str,
    obligation_id: str,
    payment_id: str,
    refund: str,
    method: str,
    amount_minor: int,
) -> PayoutRefunded:
    """Record that held money has gone back to the creator. Raises: PayoutNotHeld. Source: SPEC R-135."""
    require_held(account, amount_minor)
    refunded: PayoutRefunded = account.record(
        PayoutRefunded,
        stamp,
        payout_link_id=payout_link_id,
        obligation_id=obligation_id,
        payment_id=payment_id,
        refund=refund,
        method=method,
        amount_minor=amount_minor,
        currency=account.currency,
        balance_minor=account.payout_hold_minor - amount_minor,
    )
    return refunded


def reverse_payout_funding(
    account: Account,
    stamp: Stamp,
    *,
    payout_link_id: str,
    obligation_id: str,
    payment_id: str,
    method: str,
    amount_minor: int,
    from_hold_minor: int,
    reason_code: str,
) -> PayoutFundingReversed:
    """Record that the creator's payment was taken back; it has happened, so on a closed account too.

    Args:
        amount_minor: what was taken.
        from_hold_minor: what of it the link still holds and is not on its way to the payee; the rest is owed.

    Raises:
        PayoutNotHeld: so much is not held.

    Source: SPEC R-064, R-135.
    """
    require_held(account, from_hold_minor)
    shortfall_minor = amount_minor - from_hold_minor
    taken: PayoutFundingReversed = account.record(
        PayoutFundingReversed,
        stamp,
        payout_link_id=payout_link_id,
        obligation_id=obligation_id,
        payment_id=payment_id,
        method=method,
        amount_minor=amount_minor,
        currency=account.currency,
        from_hold_minor=from_hold_minor,
        shortfall_minor=shortfall_minor,
        code=reason_code,
        balance_minor=account.payout_hold_minor - from_hold_minor,
        member_receivable_minor=account.member_receivable_minor + shortfall_minor,
    )
    return taken


def apply_payout_hold(account: Account, stamp: Stamp, *, payout_link_id: str, amount_minor: int) -> PayoutHoldApplied:
    """Let held money pay what the reversal of its funding left owing; at most what is owed. Raises: PayoutNotHeld."""
    require_held(account, amount_minor)
    applied: PayoutHoldApplied = account.record(
        PayoutHoldApplied,
        stamp,
        payout_link_id=payout_link_id,
        amount_minor=amount_minor,
        currency=account.currency,
        balance_minor=account.payout_hold_minor - amount_minor,
        member_receivable_minor=account.member_receivable_minor - amount_minor,
    )
    return applied


def require_held(account: Account, amount_minor: int) -> None:
    """Refuse to take more than is held for pay-out links. Raises: PayoutNotHeld."""
    if amount_minor > account.payout_hold_minor:
        raise PayoutNotHeld(
            "so much is not held for pay-out links", held=account.payout_hold_minor, requested=amount_minor
        )
