"""Transfers between two prepaid accounts, adjustments under four eyes, imported history."""

from __future__ import annotations

from datetime import date

from aggregates.account.lots import LotPart
from aggregates.fact import Fact, fact


@fact("account.transfer_sent")
class TransferSent(Fact):
    """Money left for another account of this ledger; the other side is recorded in the same commit.

    Attributes:
        transfer_id: public id, named after this fact ("trf_...").
        lots: parts taken, oldest first; they keep their dates on the other account.
        overdrawn_minor: part that no lot covered; it arrives dated on the day of the transfer.
    """

    transfer_id: str
    to_account_id: str
    amount_minor: int
    currency: str
    lots: tuple[LotPart, ...]
    overdrawn_minor: int
    reference: str | None
    balance_minor: int


@fact("account.transfer_received")
class TransferReceived(Fact):
    """Money came from another account of this ledger.

    Attributes:
        receipt_id: public id of the new lots, named after this fact ("trr_...").
        lots: lots made, one for each (date, method) of the money that arrived, method "card", ... as sent.
        overdrawn_paid_minor: part that paid what was overdrawn; sum(lots) + this = amount.
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


@fact("account.adjustment_requested")
class AdjustmentRequested(Fact):
    """An operator proposed a correction; no money moved.

    Attributes:
        adjustment_id: public id ("adj_...").
        amount_minor: signed, not 0; > 0 is in the customer's favour.
        made_by: the person (or principal) who may not approve it.
    """

    adjustment_id: str
    amount_minor: int
    currency: str
    made_by: str
    reason: str


@fact("account.adjustment_approved")
class AdjustmentApproved(Fact):
    """Another operator approved a correction; the balance moved.

    Attributes:
        lots: parts taken (amount < 0) or the lot made under the adjustment's id (amount > 0, method adjustment).
        overdrawn_minor: part that no lot covered (amount < 0) or that paid what was overdrawn (amount > 0).
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


@fact("account.adjustment_rejected")
class AdjustmentRejected(Fact):
    """Another operator, or the maker, turned a correction down."""

    adjustment_id: str
    amount_minor: int
    currency: str
    made_by: str
    rejected_by: str
    reason: str


@fact("account.imported")
class Imported(Fact):
    """A movement of an older system was taken over as it was: no minimum, no method, no cancellation.

    Attributes:
        import_id: public id of the row ("imp_..."); the lot of a credit has it.
        amount_minor: signed, not 0.
        booked_on: KST date of the movement.
        lots: parts taken (debit) or the lot made (credit).
        overdrawn_minor: part that no lot covered (debit) or that paid what was overdrawn (credit).
        reference: the row's own number in its file.
        text: the row's own words for it; None when the profile names none.
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
