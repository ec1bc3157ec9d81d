"""Money that is collected for an account: what it is owed, and what its payers have as credit (SPEC 9 to 11, 14).

Two balances beside the prepaid one. What settled for something due is `collections`; what came in beyond it is
`payer_credit`, the payers' own until it counts for something or goes back (SPEC R-102). Every fact moves one of them
and stands in one commit with the obligation's own. The money is there, or gone: nothing is refused.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from aggregates.errors import Rejected
from aggregates.fact import Fact, Stamp, fact

if TYPE_CHECKING:
    from aggregates.account.account import Account

DIRECT_DEBIT = "direct_debit"
PAYER_CREDIT = "payer_credit"

Book = Literal["collections", "payer_credit"]


@fact("account.collected")
class Collected(Fact):
    """Money was collected for the account: it has settled.

    Attributes:
        obligation_id: what it was due for ("obl_...").
        source: what asked for it: request, link, bill, debit, unit.
        source_id: its public id.
        payment_id: the payment or the debit that brought it.
        method: card, transfer, virtual_account or direct_debit; payer_credit = it was the payer's credit before.
        amount_minor: what was collected, > 0.
        balance_minor: what is owed to the account after it.
        currency: ISO 4217.
    """

    obligation_id: str
    source: str
    source_id: str
    payment_id: str
    method: str
    amount_minor: int
    balance_minor: int
    currency: str

    def apply(self, account: Account) -> None:
        account.collections_minor = self.balance_minor


@fact("account.collection_reversed")
class CollectionReversed(Fact):
    """Collected money was taken back by others: what is due is open again; below zero, the account owes it.

    Attributes:
        obligation_id: as of the collection.
        source: as of the collection.
        source_id: as of the collection.
        payment_id: as of the collection.
        method: how it had come.
        amount_minor: what was taken, > 0.
        balance_minor: what is owed to the account after it; negative = what the account owes.
        currency: ISO 4217.
    """

    obligation_id: str
    source: str
    source_id: str
    payment_id: str
    method: str
    amount_minor: int
    balance_minor: int
    currency: str

    def apply(self, account: Account) -> None:
        account.collections_minor = self.balance_minor


@fact("account.collection_refunded")
class CollectionRefunded(Fact):
    """Collected money went back to its payer, as the payee wanted.

    Attributes:
        obligation_id: as of the collection.
        source: as of the collection.
        source_id: as of the collection.
        payment_id: as of the collection.
        method: how it had come, and how it went back; payer_credit = it is the payer's credit again.
        amount_minor: what went back, > 0.
        balance_minor: what is owed to the account after it.
        currency: ISO 4217.
    """

    obligation_id: str
    source: str
    source_id: str
    payment_id: str
    method: str
    amount_minor: int
    balance_minor: int
    currency: str

    def apply(self, account: Account) -> None:
        account.collections_minor = self.balance_minor


@fact("account.payer_credited")
class PayerCredited(Fact):
    """More came in than was due, or for what is not asked for any more: it is the payer's credit (SPEC R-102).

    Attributes:
        obligation_id: what it was paid for.
        source: what asked for it.
        source_id: its public id.
        payment_id: the payment or the debit that brought it.
        method: card, transfer, virtual_account or direct_debit; payer_credit = it had counted before.
        amount_minor: what is credit, > 0.
        balance_minor: credit of all payers of this account after it.
        currency: ISO 4217.
    """

    obligation_id: str
    source: str
    source_id: str
    payment_id: str
    method: str
    amount_minor: int
    balance_minor: int
    currency: str

    def apply(self, account: Account) -> None:
        account.payer_credit_minor = self.balance_minor


@fact("account.payer_credit_applied")
class PayerCreditApplied(Fact):
    """A payer's credit counts for something due now; `account.collected` by payer_credit stands beside it.

    Attributes:
        obligation_id: what it counts for.
        source: what asks for it.
        source_id: its public id.
        amount_minor: what counts, > 0.
        balance_minor: credit of all payers of this account after it.
        currency: ISO 4217.
    """

    obligation_id: str
    source: str
    source_id: str
    amount_minor: int
    balance_minor: int
    currency: str

    def apply(self, account: Account) -> None:
        account.payer_credit_minor = self.balance_minor


@fact("account.payer_credit_refunded")
class PayerCreditRefunded(Fact):
    """A payer's credit went back.

    Attributes:
        obligation_id: what it had been paid for.
        source: what had asked for it.
        source_id: its public id.
        payment_id: the payment that had brought it.
        method: how it had come, and how it went back.
        amount_minor: what went back, > 0.
        balance_minor: credit of all payers of this account after it.
        currency: ISO 4217.
    """

    obligation_id: str
    source: str
    source_id: str
    payment_id: str
    method: str
    amount_minor: int
    balance_minor: int
    currency: str

    def apply(self, account: Account) -> None:
        account.payer_credit_minor = self.balance_minor


@fact("account.payer_credit_reversed")
class PayerCreditReversed(Fact):
    """Money that was a payer's credit was taken back by others.

    Attributes:
        obligation_id: what it had been paid for.
        source: what had asked for it.
        source_id: its public id.
        payment_id: the payment or the debit that had brought it.
        method: how it had come.
        amount_minor: what was taken, > 0.
        balance_minor: credit of all payers of this account after it.
        currency: ISO 4217.
    """

    obligation_id: str
    source: str
    source_id: str
    payment_id: str
    method: str
    amount_minor: int
    balance_minor: int
    currency: str

    def apply(self, account: Account) -> None:
        account.payer_credit_minor = self.balance_minor


@fact("account.debits_collected")
class DebitsCollected(Fact):
    """Direct debits of one batch were collected: one fact for a part of the batch, the debits' own say which.

    Attributes:
        batch_id: public id of the batch.
        part: which part of it, from 1.
        count: how many debits.
        amount_minor: what they brought all in all, > 0.
        balance_minor: what is owed to the account after it.
        currency: ISO 4217.
    """

    batch_id: str
    part: int
    count: int
    amount_minor: int
    balance_minor: int
    currency: str

    def apply(self, account: Account) -> None:
        account.collections_minor = self.balance_minor


@fact("account.collection_refund_started")
class CollectionRefundStarted(Fact):
    """Collected money shall go back to its payer: until the provider's answer it can go nowhere else.

    Attributes:
        obligation_id: what it was due for.
        refund_id: public id of the refund.
        amount_minor: what shall go back of what is collected, > 0.
        currency: ISO 4217.
        refunding_minor: all that is on its way back after it; part of what is collected.
    """

    obligation_id: str
    refund_id: str
    amount_minor: int
    currency: str
    refunding_minor: int

    def apply(self, account: Account) -> None:
        account.refunding_minor = self.refunding_minor


@fact("account.collection_refund_ended")
class CollectionRefundEnded(Fact):
    """A refund of collected money has its result; where it went back, `account.collection_refunded` stands beside it.

    Attributes:
        obligation_id: what it was due for.
        refund_id: public id of the refund.
        amount_minor: as started.
        currency: ISO 4217.
        refunding_minor: all that is on its way back after it.
    """

    obligation_id: str
    refund_id: str
    amount_minor: int
    currency: str
    refunding_minor: int

    def apply(self, account: Account) -> None:
        account.refunding_minor = self.refunding_minor


class RefundNotCovered(Rejected):
    """More would go back than was collected and has not left (SPEC 14)."""

    code = "refund_exceeds_collections"


_KINDS: dict[tuple[Book, str], tuple[type[Fact], int]] = {
    ("collections", "settled"): (Collected, 1),
    ("collections", "reversed"): (CollectionReversed, -1),
    ("collections", "refunded"): (CollectionRefunded, -1),
    ("payer_credit", "settled"): (PayerCredited, 1),
    ("payer_credit", "reversed"): (PayerCreditReversed, -1),
    ("payer_credit", "refunded"): (PayerCreditRefunded, -1),
}


def move_collected(
    account: Account,
    stamp: Stamp,
    book: Book,
    how: Literal["settled", "reversed", "refunded"],
    *,
    obligation_id: str,
    source: str,
    source_id: str,
    payment_id: str,
    method: str,
    amount_minor: int,
) -> None:
    """Record what became of money of a payment in one of the two balances; nothing for an amount of 0.

    Never refused, on a closed account neither: the provider has the money, or has taken it. Source: SPEC 14, R-102.
    """
    if not amount_minor:
        return
    kind, sign = _KINDS[book, how]
    balance_minor = account.collections_minor if book == "collections" else account.payer_credit_minor
    account.record(
        kind,
        stamp,
        obligation_id=obligation_id,
        source=source,
        source_id=source_id,
        payment_id=payment_id,
        method=method,
        amount_minor=amount_minor,
        balance_minor=balance_minor + sign * amount_minor,
        currency=account.currency,
    )


def start_collection_refund(
    account: Account, stamp: Stamp, *, obligation_id: str, refund_id: str, amount_minor: int
) -> None:
    """Set collected money aside that shall go back to its payer; nothing for an amount of 0.

    Raises:
        RefundNotCovered: it has been withdrawn, or is on its way elsewhere.
    """
    if not amount_minor:
        return
    left = account.collections_minor - account.refunding_minor
    if amount_minor > left:
        raise RefundNotCovered(
            f"at most {max(0, left)} of what was collected has not left; the rest cannot go back",
            maximum=max(0, left),
        )
    _refunding(account, CollectionRefundStarted, stamp, obligation_id, refund_id, amount_minor, 1)


def end_collection_refund(
    account: Account, stamp: Stamp, *, obligation_id: str, refund_id: str, amount_minor: int
) -> None:
    """Set collected money free again, whether it went back or not; nothing for an amount of 0."""
    if amount_minor:
        _refunding(account, CollectionRefundEnded, stamp, obligation_id, refund_id, amount_minor, -1)


def _refunding(
    account: Account,
    kind: type[Fact],
    stamp: Stamp,
    obligation_id: str,
    refund_id: str,
    amount_minor: int,
    sign: int,
) -> None:
    account.record(
        kind,
        stamp,
        obligation_id=obligation_id,
        refund_id=refund_id,
        amount_minor=amount_minor,
        currency=account.currency,
        refunding_minor=account.refunding_minor + sign * amount_minor,
    )


def apply_payer_credit(
    account: Account, stamp: Stamp, *, obligation_id: str, source: str, source_id: str, amount_minor: int
) -> None:
    """Let a payer's credit count for something due: two facts, so that each of the two balances has its own line.

    Source: SPEC R-102, R-143.
    """
    named: dict[str, Any] = {"obligation_id": obligation_id, "source": source, "source_id": source_id}
    account.record(
        PayerCreditApplied,
        stamp,
        **named,
        amount_minor=amount_minor,
        balance_minor=account.payer_credit_minor - amount_minor,
        currency=account.currency,
    )
    account.record(
        Collected,
        stamp,
        **named,
        payment_id=obligation_id,
        method=PAYER_CREDIT,
        amount_minor=amount_minor,
        balance_minor=account.collections_minor + amount_minor,
        currency=account.currency,
    )


def collect_debits(
    account: Account, stamp: Stamp, *, batch_id: str, part: int, count: int, amount_minor: int
) -> DebitsCollected:
    """Record what direct debits of a part of a batch have brought. Source: SPEC 10.2, 14."""
    collected: DebitsCollected = account.record(
        DebitsCollected,
        stamp,
        batch_id=batch_id,
        part=part,
        count=count,
        amount_minor=amount_minor,
        balance_minor=account.collections_minor + amount_minor,
        currency=account.currency,
    )
    return collected
