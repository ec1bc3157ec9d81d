"""Transfers between two prepaid accounts, adjustments under four eyes, imported history."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING

from aggregates.account import funds, standing
from aggregates.account.lots import LotPart, without_first
from aggregates.account.parts import PendingAdjustment
from aggregates.dates import business_date
from aggregates.errors import Conflict, Rejected
from aggregates.fact import Fact, Stamp, fact
from aggregates.ids import child_id

if TYPE_CHECKING:
    from aggregates.account.account import Account


class SameAccount(Rejected):
    """A transfer needs two accounts."""

    code = "same_account"


class CurrencyMismatch(Rejected):
    """Both sides of a transfer must count the same currency."""

    code = "currency_mismatch"


class AdjustmentDecided(Conflict):
    """The correction has been approved or rejected before."""

    code = "adjustment_already_decided"


class SamePerson(Rejected):
    """A correction must be approved by another person than the one who proposed it."""

    code = "same_person"


@fact("account.transfer_sent")
class TransferSent(Fact):
    """Money left for another account of this ledger; the other side is recorded in the same commit.

    Attributes:
        transfer_id: public id, named after this fact ("trf_...").
        to_account_id: the other account.
        amount_minor: > 0.
        currency: of both accounts.
        lots: parts taken, oldest first; they keep their dates on the other account.
        overdrawn_minor: part that no lot covered; it arrives dated on the day of the transfer.
        reference: the caller's own number for it; None when not given.
        balance_minor: the balance after it.
    """

    transfer_id: str
    to_account_id: str
    amount_minor: int
    currency: str
    lots: tuple[LotPart, ...]
    overdrawn_minor: int
    reference: str | None
    balance_minor: int

    def apply(self, stream: Account) -> None:
        stream.balance_minor = self.balance_minor
        stream.overdrawn_minor += self.overdrawn_minor
        stream.lots.take(self.lots)


@fact("account.transfer_received")
class TransferReceived(Fact):
    """Money came from another account of this ledger.

    Attributes:
        receipt_id: public id of the new lots, named after this fact ("trr_...").
        transfer_id: of the other side.
        from_account_id: the other account.
        amount_minor: > 0.
        currency: of both accounts.
        lots: lots made, one for each (date, method) of the money that arrived, as sent; method account_transfer for
            what was overdrawn there.
        overdrawn_paid_minor: part that paid what was overdrawn, oldest first; sum(lots) + this = amount.
        reference: the caller's own number for it; None when not given.
        balance_minor: the balance after it.
    """

    receipt_id: str
    transfer_id: str
    from_account_id: str
    amount_minor: int
    currency: str
    lots: tuple[LotPart, ...]
    overdrawn_paid_minor: int
    reference: str | None
    balance_minor: int

    def apply(self, stream: Account) -> None:
        stream.balance_minor = self.balance_minor
        stream.overdrawn_minor -= self.overdrawn_paid_minor
        stream.lots.put_back(self.lots)


@fact("account.adjustment_requested")
class AdjustmentRequested(Fact):
    """An operator proposed a correction; no money moved.

    Attributes:
        adjustment_id: public id ("adj_...").
        amount_minor: signed, not 0; > 0 is in the customer's favour.
        currency: that of the account.
        made_by: the person (or principal) who may not approve it.
        reason: why, in the operator's words.
    """

    adjustment_id: str
    amount_minor: int
    currency: str
    made_by: str
    reason: str

    def apply(self, stream: Account) -> None:
        stream.own("adjustments")[self.adjustment_id] = PendingAdjustment(self.amount_minor, self.made_by, self.reason)


@fact("account.adjustment_approved")
class AdjustmentApproved(Fact):
    """Another operator approved a correction; the balance moved.

    Attributes:
        adjustment_id: public id of the correction.
        amount_minor: signed, not 0; > 0 is in the customer's favour.
        currency: that of the account.
        made_by, approved_by: two persons (or principals).
        reason: why, in the words of the one who proposed it.
        lots: parts taken (amount < 0) or the lot made under the adjustment's id (amount > 0, method adjustment).
        overdrawn_minor: part that no lot covered (amount < 0) or that paid what was overdrawn (amount > 0).
        balance_minor: the balance after it.
    """

    adjustment_id: str
    amount_minor: int
    currency: str
    made_by: str
    approved_by: str
    reason: str
    lots: tuple[LotPart, ...]
    overdrawn_minor: int
    balance_minor: int

    def apply(self, stream: Account) -> None:
        del stream.adjustments[self.adjustment_id]
        _move(stream, self.amount_minor, self.lots, self.overdrawn_minor, self.balance_minor)


@fact("account.adjustment_rejected")
class AdjustmentRejected(Fact):
    """Another operator, or the maker, turned a correction down.

    Attributes:
        adjustment_id: public id of the correction.
        amount_minor: signed; it never moved.
        currency: that of the account.
        made_by, rejected_by: the persons (or principals).
        reason: why it was turned down.
    """

    adjustment_id: str
    amount_minor: int
    currency: str
    made_by: str
    rejected_by: str
    reason: str

    def apply(self, stream: Account) -> None:
        del stream.adjustments[self.adjustment_id]


@fact("account.imported")
class Imported(Fact):
    """A movement of an older system was taken over as it was: no minimum, no method, no cancellation.

    Attributes:
        import_id: public id of the row ("imp_..."); the lot of a credit has it.
        amount_minor: signed, not 0.
        currency: that of the account.
        booked_on: KST date of the movement.
        lots: parts taken (debit) or the lot made (credit).
        overdrawn_minor: part that no lot covered (debit) or that paid what was overdrawn (credit).
        reference: the row's own number in its file.
        text: the row's own words for it; None when the profile names none.
        balance_minor: the balance after it.
    """

    import_id: str
    amount_minor: int
    currency: str
    booked_on: date
    lots: tuple[LotPart, ...]
    overdrawn_minor: int
    reference: str
    text: str | None
    balance_minor: int

    def apply(self, stream: Account) -> None:
        _move(stream, self.amount_minor, self.lots, self.overdrawn_minor, self.balance_minor)


def transfer(
    account: Account, stamp: Stamp, *, to: Account, amount_minor: int, reference: str | None = None
) -> TransferSent:
    """Move money to another prepaid account; both sides are recorded together.

    Its lots keep their dates on the other side, one lot for each (date, method); what was overdrawn here arrives dated
    on the day of the transfer.

    Raises:
        InvalidAmount: amount out of bounds.
        SameAccount: both sides are one account.
        AccountIsClosed, AccountIsFrozen: of this account, then of the other.
        PrepaidOnly: of this account, then of the other.
        CurrencyMismatch: they count different currencies.
        MemberReceivableOutstanding: a chargeback is unsettled here (SPEC R-064).
        TooManyLots, InsufficientFunds, BalanceOutOfRange: what this account has; what the other may have.

    Source: SPEC R-070, R-076 (dates stay), 14.
    """
    standing.require_amount(amount_minor)
    if to.account_id == account.account_id:
        raise SameAccount("from_account_id and to_account_id must be two accounts")
    standing.refuse_stopped(account)
    standing.refuse_stopped(to)
    standing.refuse_postpaid(account)
    standing.refuse_postpaid(to)
    if account.currency != to.currency:
        raise CurrencyMismatch("both accounts of a transfer must have the same currency")
    funds.refuse_owing(account)
    parts, overdrawn_minor = funds.cover(account, amount_minor)
    paid_minor = funds.settle_overdrawn(to, amount_minor)
    transfer_id = child_id("trf", account.account_id, account.version + 1)
    receipt_id = child_id("trr", to.account_id, to.version + 1)
    uncovered = LotPart(receipt_id, business_date(stamp.occurred_at), "account_transfer", overdrawn_minor)
    arriving = _regrouped((*parts, uncovered) if overdrawn_minor else parts, receipt_id)
    sent: TransferSent = account.record(
        TransferSent,
        stamp,
        transfer_id=transfer_id,
        to_account_id=to.account_id,
        amount_minor=amount_minor,
        currency=account.currency,
        lots=parts,
        overdrawn_minor=overdrawn_minor,
        reference=reference,
        balance_minor=account.balance_minor - amount_minor,
    )
    to.record(
        TransferReceived,
        stamp,
        receipt_id=receipt_id,
        transfer_id=transfer_id,
        from_account_id=account.account_id,
        amount_minor=amount_minor,
        currency=to.currency,
        lots=without_first(arriving, paid_minor),
        overdrawn_paid_minor=paid_minor,
        reference=reference,
        balance_minor=to.balance_minor + amount_minor,
    )
    return sent


def request_adjustment(account: Account, stamp: Stamp, *, amount_minor: int, reason: str) -> AdjustmentRequested:
    """Propose a correction of a prepaid balance; nothing moves until another person approves it.

    Args:
        amount_minor: signed, not 0; > 0 is in the customer's favour.

    Raises:
        InvalidAmount: amount 0 or out of bounds.
        AccountIsClosed: the account is closed.
        PrepaidOnly: the account is postpaid.
    """
    _require_signed(amount_minor)
    standing.refuse_closed(account)
    standing.refuse_postpaid(account)
    requested: AdjustmentRequested = account.record(
        AdjustmentRequested,
        stamp,
        adjustment_id=child_id("adj", account.account_id, account.version + 1),
        amount_minor=amount_minor,
        currency=account.currency,
        made_by=_person(stamp),
        reason=reason,
    )
    return requested


def approve_adjustment(account: Account, stamp: Stamp, *, adjustment_id: str) -> AdjustmentApproved:
    """Approve a correction that another person proposed; the balance moves now.

    Raises:
        AccountIsClosed: the account is closed.
        AdjustmentDecided: it waits no longer.
        SamePerson: the approver proposed it.
        TooManyLots, InsufficientFunds, BalanceOutOfRange: what the account has now.
    """
    pending = _pending(account, adjustment_id)
    approved_by = _person(stamp)
    if approved_by == pending.made_by:
        raise SamePerson("an adjustment must be approved by another person than the one who proposed it")
    lots, overdrawn_minor = _placed(
        account, pending.amount_minor, adjustment_id, business_date(stamp.occurred_at), "adjustment"
    )
    approved: AdjustmentApproved = account.record(
        AdjustmentApproved,
        stamp,
        adjustment_id=adjustment_id,
        amount_minor=pending.amount_minor,
        currency=account.currency,
        made_by=pending.made_by,
        approved_by=approved_by,
        reason=pending.reason,
        lots=lots,
        overdrawn_minor=overdrawn_minor,
        balance_minor=account.balance_minor + pending.amount_minor,
    )
    return approved


def reject_adjustment(account: Account, stamp: Stamp, *, adjustment_id: str, reason: str) -> AdjustmentRejected:
    """Turn a correction down; its maker may do so too.

    Raises:
        AccountIsClosed: the account is closed.
        AdjustmentDecided: it waits no longer.
    """
    pending = _pending(account, adjustment_id)
    rejected: AdjustmentRejected = account.record(
        AdjustmentRejected,
        stamp,
        adjustment_id=adjustment_id,
        amount_minor=pending.amount_minor,
        currency=account.currency,
        made_by=pending.made_by,
        rejected_by=_person(stamp),
        reason=reason,
    )
    return rejected


def import_movement(
    account: Account, stamp: Stamp, *, amount_minor: int, booked_on: date, reference: str, text: str | None = None
) -> Imported:
    """Take over a movement of an older system as it was.

    Args:
        amount_minor: signed, not 0; a debit beyond the lots is overdrawn, as far as the account's allowance goes.
        booked_on: KST date of the movement; the lot of a credit has it.

    Raises:
        InvalidAmount: amount 0 or out of bounds.
        AccountIsClosed, AccountIsFrozen: the account takes no movement.
        PrepaidOnly: the account is postpaid.
        TooManyLots, InsufficientFunds, BalanceOutOfRange: what the account has.

    Source: SPEC 14 (imported), R-070.
    """
    _require_signed(amount_minor)
    standing.refuse_stopped(account)
    standing.refuse_postpaid(account)
    import_id = child_id("imp", account.account_id, account.version + 1)
    lots, overdrawn_minor = _placed(account, amount_minor, import_id, booked_on, "imported")
    imported: Imported = account.record(
        Imported,
        stamp,
        import_id=import_id,
        amount_minor=amount_minor,
        currency=account.currency,
        booked_on=booked_on,
        lots=lots,
        overdrawn_minor=overdrawn_minor,
        reference=reference,
        text=text,
        balance_minor=account.balance_minor + amount_minor,
    )
    return imported


def _require_signed(amount_minor: int) -> None:
    if not amount_minor:
        raise standing.InvalidAmount("amount must not be 0", field="amount")
    standing.require_amount(abs(amount_minor))


def _person(stamp: Stamp) -> str:
    return stamp.owner or stamp.actor


def _pending(account: Account, adjustment_id: str) -> PendingAdjustment:
    standing.refuse_closed(account)
    pending = account.adjustments.get(adjustment_id)
    if pending is None:
        raise AdjustmentDecided("the adjustment has been approved or rejected before")
    return pending


def _placed(
    account: Account, amount_minor: int, lot_id: str, dated: date, method: str
) -> tuple[tuple[LotPart, ...], int]:
    """Return the parts taken and overdrawn of a debit, or the lot made and overdrawn paid of a credit."""
    if amount_minor < 0:
        return funds.cover(account, -amount_minor)
    paid_minor = funds.settle_overdrawn(account, amount_minor)
    rest_minor = amount_minor - paid_minor
    return ((LotPart(lot_id, dated, method, rest_minor),) if rest_minor else ()), paid_minor


def _move(stream: Account, amount_minor: int, lots: tuple[LotPart, ...], overdrawn_minor: int, balance: int) -> None:
    """Fold a signed movement."""
    stream.balance_minor = balance
    if amount_minor < 0:
        stream.lots.take(lots)
        stream.overdrawn_minor += overdrawn_minor
    else:
        stream.lots.put_back(lots)
        stream.overdrawn_minor -= overdrawn_minor


def _regrouped(parts: Iterable[LotPart], receipt_id: str) -> tuple[LotPart, ...]:
    """Return parts as lots of one receipt: one for each (date, method), oldest first."""
    sums: dict[tuple[date, str], int] = {}
    for part in parts:
        key = (part.charged_on, part.method)
        sums[key] = sums.get(key, 0) + part.amount_minor
    return tuple(LotPart(receipt_id, dated, method, sums[dated, method]) for dated, method in sorted(sums))
