"""Virtual accounts: charges that wait for a deposit, and money that arrived where it could not be booked (SPEC R-062).

The deposit must be exact and in time, both judged when it happened and never by whether a job has run. Money that
matches nothing is parked, never refused: it is in the bank already, and an operator decides what becomes of it.
"""

from __future__ import annotations

from datetime import date
from typing import TYPE_CHECKING

from aggregates import ids
from aggregates.account import funds, standing
from aggregates.account.charges import METHODS as CHARGE_METHODS
from aggregates.account.charges import check_charge, lot_made
from aggregates.account.lots import LotPart
from aggregates.account.parts import AwaitedDeposit, ParkedDeposit
from aggregates.charge import Charge
from aggregates.dates import business_date, last_day_within
from aggregates.errors import Conflict
from aggregates.fact import Fact, Stamp, fact

if TYPE_CHECKING:
    from aggregates.account.account import Account

METHOD = "virtual_account"

DEPOSIT_DAYS = 7
"""A virtual account takes its deposit until 24:00 KST of the day of issue + this (SPEC R-062)."""

AWAITED_MAX = 10_000
"""Most virtual accounts of one account that wait at the same time, so that its state stays bounded."""


@fact("account.deposit_awaited")
class DepositAwaited(Fact):
    """A virtual account was issued for a charge; nothing is paid yet.

    Attributes:
        charge_id: public id, named after this fact.
        amount_minor: exactly what must be deposited.
        currency: that of the account.
        reference: the caller's own number; None when not given.
        issued_on: KST date of issue.
        expires_on: last KST day on which a deposit is booked (issue + 7 days).
    """

    charge_id: str
    amount_minor: int
    currency: str
    reference: str | None
    issued_on: date
    expires_on: date

    def apply(self, account: Account) -> None:
        account.own("awaited")[self.charge_id] = AwaitedDeposit(
            amount_minor=self.amount_minor, reference=self.reference, expires_on=self.expires_on
        )


@fact("account.deposited")
class Deposited(Fact):
    """The awaited amount arrived; the charge is paid. Fields as of `Charged`, method virtual_account."""

    charge_id: str
    amount_minor: int
    currency: str
    reference: str | None
    charged_on: date
    overdrawn_paid_minor: int
    remaining_minor: int
    balance_minor: int

    @property
    def lots(self) -> tuple[LotPart, ...]:
        """The lot it made; none when all of it paid what was overdrawn."""
        return lot_made(self.charge_id, self.charged_on, METHOD, self.remaining_minor)

    def apply(self, account: Account) -> None:
        account.own("awaited").pop(self.charge_id, None)
        account.balance_minor = self.balance_minor
        account.overdrawn_minor -= self.overdrawn_paid_minor
        account.lots.put_back(self.lots)


@fact("account.deposit_expired")
class DepositExpired(Fact):
    """The window of a virtual account closed without its deposit (recorded by a job; the clock had decided before).

    Attributes:
        expires_on: the last KST day on which a deposit would have been booked. One that happened until then, and is
            reported only now, is booked all the same.
    """

    charge_id: str
    amount_minor: int
    currency: str
    expires_on: date

    def apply(self, account: Account) -> None:
        account.own("awaited").pop(self.charge_id, None)


@fact("account.deposit_parked")
class DepositParked(Fact):
    """Money arrived that matches no open virtual account; it is kept apart until an operator decides.

    Attributes:
        deposit_id: public id of the parked money ("dep_...").
        charge_id: the virtual account it came in on.
        amount_minor: what arrived.
        expected_minor: what the charge had asked for.
        why: already_paid, account_closed, after_expiry, amount_mismatch or balance_out_of_range.
        charge_status: the charge as it stands: awaiting_deposit, expired or paid.
        charge_expires_on: last KST day on which its deposit is booked.
        charged_on: KST date on which the charge was paid; None when it was not.
        charge_remaining_minor: what its lot still holds.
    """

    deposit_id: str
    charge_id: str
    amount_minor: int
    expected_minor: int
    currency: str
    why: str
    charge_status: str
    charge_expires_on: date
    charged_on: date | None
    charge_remaining_minor: int

    def apply(self, account: Account) -> None:
        account.own("parked")[self.deposit_id] = ParkedDeposit(charge_id=self.charge_id, amount_minor=self.amount_minor)


@fact("account.parked_deposit_credited")
class ParkedDepositCredited(Fact):
    """An operator put parked money on the account; it becomes a lot under its deposit id, method virtual_account.

    Attributes:
        deposit_id: the parked money, and the id of the lot.
        charged_on: KST date of this decision; the fee-free days count from it.
        overdrawn_paid_minor, remaining_minor, balance_minor: as of `Charged`.
        reason: why, in the operator's words.
    """

    deposit_id: str
    amount_minor: int
    currency: str
    charged_on: date
    overdrawn_paid_minor: int
    remaining_minor: int
    balance_minor: int
    reason: str

    @property
    def lots(self) -> tuple[LotPart, ...]:
        """The lot it made; none when all of it paid what was overdrawn."""
        return lot_made(self.deposit_id, self.charged_on, METHOD, self.remaining_minor)

    def apply(self, account: Account) -> None:
        del account.parked[self.deposit_id]
        account.balance_minor = self.balance_minor
        account.overdrawn_minor -= self.overdrawn_paid_minor
        account.lots.put_back(self.lots)


@fact("account.parked_deposit_returned")
class ParkedDepositReturned(Fact):
    """An operator sent parked money back to where it came from.

    Attributes:
        reason: why, in the operator's words.
    """

    deposit_id: str
    amount_minor: int
    currency: str
    reason: str

    def apply(self, account: Account) -> None:
        del account.parked[self.deposit_id]


class TooManyAwaited(Conflict):
    """An account has only so many virtual accounts that wait at the same time."""

    code = "too_many_awaited_deposits"


class DepositNotAwaited(Conflict):
    """The charge does not wait for a deposit any more."""

    code = "deposit_not_awaited"


class DepositWindowOpen(Conflict):
    """A virtual account expires only after its last day (SPEC R-062)."""

    code = "deposit_window_open"


class DepositNotParked(Conflict):
    """The money was already credited or returned."""

    code = "deposit_not_parked"


def await_deposit(
    account: Account,
    stamp: Stamp,
    *,
    amount_minor: int,
    reference: str | None,
    enabled_methods: tuple[str, ...] = CHARGE_METHODS,
    maximum_minor: int | None = None,
) -> DepositAwaited:
    """Issue a virtual account for a charge; nothing is paid until its deposit arrives.

    Args:
        amount_minor: exactly what must be deposited, in minor units.
        reference, enabled_methods, maximum_minor: as of `charges.charge`.

    Raises:
        TooManyAwaited, after all that `charges.charge` raises.

    Source: SPEC C1, C2, R-060..R-062.
    """
    check_charge(
        account, amount_minor=amount_minor, method=METHOD, enabled_methods=enabled_methods, maximum_minor=maximum_minor
    )
    if len(account.awaited) >= AWAITED_MAX:
        raise TooManyAwaited(f"at most {AWAITED_MAX} virtual accounts may wait for a deposit", maximum=AWAITED_MAX)
    issued_on = business_date(stamp.occurred_at)
    awaited: DepositAwaited = account.record(
        DepositAwaited,
        stamp,
        charge_id=ids.child_id("chg", account.account_id, account.version + 1),
        amount_minor=amount_minor,
        currency=account.currency,
        reference=reference,
        issued_on=issued_on,
        expires_on=last_day_within(issued_on, DEPOSIT_DAYS),
    )
    return awaited


def deposit(
    account: Account, stamp: Stamp, *, awaited: DepositAwaited, past: Charge, amount_minor: int
) -> Deposited | DepositParked:
    """Take money that arrived on a virtual account: booked when it is the awaited amount in time, else parked.

    In time is judged by the KST date of `stamp.occurred_at`, whether or not a job has recorded the expiry. No amount,
    day or standing of the account refuses it.

    Args:
        awaited: the fact that issued the virtual account.
        past: the charge's own stream, which knows whether it was paid.
        amount_minor: what arrived, in minor units.

    Raises:
        InvalidAmount: not an amount at all.

    Source: SPEC R-062, R-131, 14 (overdraft).
    """
    standing.require_amount(amount_minor)
    why = _why_parked(account, stamp, awaited, past, amount_minor)
    if why is not None:
        return _parked(account, stamp, awaited, past, amount_minor, why)
    overdrawn_paid_minor = funds.settle_overdrawn(account, amount_minor)
    deposited: Deposited = account.record(
        Deposited,
        stamp,
        charge_id=awaited.charge_id,
        amount_minor=amount_minor,
        currency=account.currency,
        reference=awaited.reference,
        charged_on=business_date(stamp.occurred_at),
        overdrawn_paid_minor=overdrawn_paid_minor,
        remaining_minor=amount_minor - overdrawn_paid_minor,
        balance_minor=account.balance_minor + amount_minor,
    )
    return deposited


def expire_deposit(account: Account, stamp: Stamp, *, charge_id: str) -> DepositExpired:
    """Record that a virtual account's window has closed; asked for by a job.

    Raises:
        DepositNotAwaited: it was paid, or its expiry is recorded already.
        DepositWindowOpen: its last day is not over.

    Source: SPEC R-062.
    """
    waiting = account.awaited.get(charge_id)
    if waiting is None:
        raise DepositNotAwaited("this charge does not wait for a deposit any more")
    if business_date(stamp.occurred_at) <= waiting.expires_on:
        raise DepositWindowOpen(
            "the virtual account takes its deposit until the end of its last day",
            expires_on=waiting.expires_on.isoformat(),
        )
    expired: DepositExpired = account.record(
        DepositExpired,
        stamp,
        charge_id=charge_id,
        amount_minor=waiting.amount_minor,
        currency=account.currency,
        expires_on=waiting.expires_on,
    )
    return expired


def credit_parked_deposit(account: Account, stamp: Stamp, *, deposit_id: str, reason: str) -> ParkedDepositCredited:
    """Put parked money on the account: an operator's decision, so no minimum applies.

    Raises:
        AccountIsClosed, DepositNotParked, BalanceOutOfRange: in this order.

    Source: SPEC R-062, 14 (overdraft).
    """
    standing.refuse_closed(account)
    parked = _find_parked(account, deposit_id)
    overdrawn_paid_minor = funds.settle_overdrawn(account, parked.amount_minor)
    credited: ParkedDepositCredited = account.record(
        ParkedDepositCredited,
        stamp,
        deposit_id=deposit_id,
        amount_minor=parked.amount_minor,
        currency=account.currency,
        charged_on=business_date(stamp.occurred_at),
        overdrawn_paid_minor=overdrawn_paid_minor,
        remaining_minor=parked.amount_minor - overdrawn_paid_minor,
        balance_minor=account.balance_minor + parked.amount_minor,
        reason=reason,
    )
    return credited


def return_parked_deposit(account: Account, stamp: Stamp, *, deposit_id: str, reason: str) -> ParkedDepositReturned:
    """Send parked money back to where it came from; on a closed account too, where nothing else can become of it.

    Raises:
        DepositNotParked: it was credited or returned before.

    Source: SPEC R-062.
    """
    parked = _find_parked(account, deposit_id)
    returned: ParkedDepositReturned = account.record(
        ParkedDepositReturned,
        stamp,
        deposit_id=deposit_id,
        amount_minor=parked.amount_minor,
        currency=account.currency,
        reason=reason,
    )
    return returned


def _why_parked(account: Account, stamp: Stamp, awaited: DepositAwaited, past: Charge, amount_minor: int) -> str | None:
    """Return why a deposit cannot be booked; None when it can."""
    if past.deposited_on is not None:
        return "already_paid"
    if account.status == "closed":
        return "account_closed"
    if business_date(stamp.occurred_at) > awaited.expires_on:
        return "after_expiry"
    if amount_minor != awaited.amount_minor:
        return "amount_mismatch"
    if account.balance_minor + amount_minor > standing.BALANCE_MINOR_MAX:
        return "balance_out_of_range"
    return None


def _parked(
    account: Account, stamp: Stamp, awaited: DepositAwaited, past: Charge, amount_minor: int, why: str
) -> DepositParked:
    charged_on = past.deposited_on
    in_time = business_date(stamp.occurred_at) <= awaited.expires_on
    lot = None if charged_on is None else account.lots.find(awaited.charge_id, charged_on, METHOD)
    parked: DepositParked = account.record(
        DepositParked,
        stamp,
        deposit_id=ids.child_id("dep", account.account_id, account.version + 1),
        charge_id=awaited.charge_id,
        amount_minor=amount_minor,
        expected_minor=awaited.amount_minor,
        currency=account.currency,
        why=why,
        charge_status="paid" if charged_on is not None else "awaiting_deposit" if in_time else "expired",
        charge_expires_on=awaited.expires_on,
        charged_on=charged_on,
        charge_remaining_minor=lot.remaining_minor if lot else 0,
    )
    return parked


def _find_parked(account: Account, deposit_id: str) -> ParkedDeposit:
    try:
        return account.parked[deposit_id]
    except KeyError:
        raise DepositNotParked("this money was already credited or returned") from None
