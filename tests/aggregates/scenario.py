"""A small stage for decisions: an account with money on it, a clock that the test sets, and the facts that came of it.

Given: `Scenario(...)`, `charged(...)` and other facts by `given(...)`. When: decisions of `scenario.account` with
`scenario.stamp`. Then: the facts returned, and the state. Times are written as people in Seoul would write them.
"""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any, Self

from aggregates import ids
from aggregates.account import Account
from aggregates.account.charges import Charged
from aggregates.dates import KST, business_date
from aggregates.fact import Fact, Stamp

SEED = b"seed-of-a-fictitious-account"


def kst(text: str) -> datetime:
    """Return the UTC instant of "2024-10-28", "2024-10-28 15:00" or "2024-10-28 23:59:59" in Seoul."""
    return datetime.fromisoformat(text).replace(tzinfo=KST).astimezone(UTC)


class Scenario:
    """One account, opened, and a clock.

    Attributes:
        account: the account under test. account_id: its public id.
        now: the instant of the next decision; it never moves by itself.
        opening: the facts that opened it.
    """

    def __init__(
        self,
        *,
        mode: str = "prepaid",
        currency: str = "KRW",
        credit_limit: int | None = None,
        overdraft: int | None = 0,
        at: str = "2024-10-28 10:00",
        number: int = 1,
    ) -> None:
        self.now = kst(at)
        self.actor = "key_tester"
        self.owner = ""
        self.account_id = ids.account_id(0, number.to_bytes(2, "big") + SEED)
        self.account = Account.blank(ids.stream_id(self.account_id))
        self.account.open(
            self.stamp,
            account_id=self.account_id,
            name="Pine Street Bakery",
            mode=mode,
            currency=currency,
            credit_limit_minor=1_000_000 if mode == "postpaid" and credit_limit is None else credit_limit,
            overdraft_limit_minor=overdraft,
        )
        self.opening = self.account.collect_events()

    @property
    def stamp(self) -> Stamp:
        """Who, when and on whose request: everything happens at `now`."""
        return Stamp(self.now, self.now, self.actor, "req_test", self.owner)

    def happened(self, text: str) -> Stamp:
        """Return a stamp for what happened at a time of Seoul and is recorded now."""
        return self.stamp._replace(occurred_at=kst(text))

    def at(self, text: str) -> Self:
        """Set the clock to a time of Seoul."""
        self.now = kst(text)
        return self

    def pass_days(self, days: int) -> Self:
        """Move the clock."""
        self.now += timedelta(days=days)
        return self

    def by(self, actor: str, owner: str = "") -> Self:
        """Let another principal act from now on."""
        self.actor, self.owner = actor, owner
        return self

    def given(self, kind: type[Fact], **fields: Any) -> Any:
        """Record a fact as it is, without asking a decision."""
        made = self.account.record(kind, self.stamp, **fields)
        self.account.collect_events()
        return made

    def charged(self, amount: int, on: str | None = None, method: str = "card") -> str:
        """Put money on the account, paid on a day of Seoul (default: today). Returns the charge's id."""
        account = self.account
        charge_id = ids.child_id("chg", self.account_id, account.version + 1)
        paid = min(amount, account.overdrawn_minor)
        self.given(
            Charged,
            charge_id=charge_id,
            amount_minor=amount,
            currency=account.currency,
            method=method,
            reference=None,
            charged_on=business_date(self.now) if on is None else date.fromisoformat(on),
            overdrawn_paid_minor=paid,
            remaining_minor=amount - paid,
            balance_minor=account.balance_minor + amount,
        )
        return charge_id

    def facts(self) -> list[Fact]:
        """Hand over what was recorded since the last call."""
        return list(self.account.collect_events())

    def topics(self) -> list[str]:
        """Hand over the topics of what was recorded since the last call."""
        return [fact.TOPIC for fact in self.facts()]

    def lots(self) -> dict[str, int]:
        """Return what remains in each open lot, by its charge id, oldest first."""
        return {lot.charge_id: lot.remaining_minor for lot in self.account.lots}


def replayed(facts: list[Fact]) -> Account:
    """Fold facts from nothing."""
    account: Account | None = None
    for fact in facts:
        account = fact.mutate(account)
    assert account is not None
    return account
