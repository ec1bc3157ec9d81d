"""Commands about an account's standing: open, freeze, unfreeze, close, switch mode. Each answers with the account."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from aggregates.account import Account
from aggregates.fact import Fact, Stamp
from ledger.command import Answer, Streams, answer
from ledger.shapes import account_json


@dataclass(frozen=True, slots=True)
class OpenAccount:
    """Open an account.

    Attributes:
        mode: prepaid or postpaid.
        credit_limit_minor: monthly limit of a postpaid account; None for prepaid.
        overdraft_limit_minor: how far below zero a prepaid balance may go; None = unlimited.
    """

    ANSWER: ClassVar[str] = "account-opened/1"

    name: str
    mode: str
    currency: str
    credit_limit_minor: int | None
    overdraft_limit_minor: int | None

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.Opened`. Raises: as of `Account.open`."""
        account_id, account = streams.new_account()
        account.open(
            stamp,
            account_id=account_id,
            name=self.name,
            mode=self.mode,
            currency=self.currency,
            credit_limit_minor=self.credit_limit_minor,
            overdraft_limit_minor=self.overdraft_limit_minor,
        )


@dataclass(frozen=True, slots=True)
class FreezeAccount:
    """Stop all new debits of an account."""

    ANSWER: ClassVar[str] = "account/1"

    account_id: str
    reason: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.Frozen`. Raises: as of `Account.freeze`."""
        streams.account(self.account_id).freeze(stamp, reason=self.reason)


@dataclass(frozen=True, slots=True)
class UnfreezeAccount:
    """Allow debits of an account again."""

    ANSWER: ClassVar[str] = "account/1"

    account_id: str
    reason: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.Unfrozen`. Raises: as of `Account.unfreeze`."""
        streams.account(self.account_id).unfreeze(stamp, reason=self.reason)


@dataclass(frozen=True, slots=True)
class CloseAccount:
    """End an account on which everything is at zero."""

    ANSWER: ClassVar[str] = "account/1"

    account_id: str
    reason: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.Closed`. Raises: as of `Account.close`."""
        streams.account(self.account_id).close(stamp, reason=self.reason)


@dataclass(frozen=True, slots=True)
class SwitchMode:
    """Make a prepaid account postpaid, or a postpaid one prepaid.

    Attributes:
        mode, credit_limit_minor, overdraft_limit_minor: as of `OpenAccount`.
        orders_under_way: scheduled or sending orders of the account, as its caller has counted them.
        reason: why, in the operator's words.
    """

    ANSWER: ClassVar[str] = "account/1"

    account_id: str
    mode: str
    credit_limit_minor: int | None
    overdraft_limit_minor: int | None
    orders_under_way: int
    reason: str

    def decide(self, streams: Streams, stamp: Stamp) -> None:
        """Record `Account.ModeSwitched`. Raises: as of `Account.switch_mode`."""
        streams.account(self.account_id).switch_mode(
            stamp,
            mode=self.mode,
            credit_limit_minor=self.credit_limit_minor,
            overdraft_limit_minor=self.overdraft_limit_minor,
            orders_under_way=self.orders_under_way,
            reason=self.reason,
        )


@answer("account-opened/1")
def account_opened(facts: Sequence[Fact]) -> Answer:
    """Answer with the account as opened."""
    return Answer(201, _account(facts))


@answer("account/1")
def account(facts: Sequence[Fact]) -> Answer:
    """Answer with the account after a change of its standing, its mode or its credit limit."""
    return Answer(200, _account(facts))


def _account(facts: Sequence[Fact]) -> dict[str, object]:
    kinds = (
        Account.Opened, Account.Frozen, Account.Unfrozen, Account.Closed, Account.CreditLimitSet, Account.ModeSwitched,
    )  # fmt: skip
    fact = next(fact for fact in facts if isinstance(fact, kinds))
    return account_json(fact.figures, fact.originator_version)
