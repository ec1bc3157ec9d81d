"""The one table of all double entries, what is asked of it, and the check that stands before each commit."""

from __future__ import annotations

from aggregates.fact import Fact
from aggregates.postings import (
    billing,
    charges,
    collections,
    payouts,
    reconciliation,
    refunds,
    spends,
    transfers,
    withdrawals,
)
from aggregates.postings.entry import Entry, Posting, Postings, Rule

NO_ENTRY: Entry = ("", ())

RULES: dict[type[Fact], Rule] = {
    **charges.RULES,
    **spends.RULES,
    **refunds.RULES,
    **billing.RULES,
    **transfers.RULES,
    **collections.RULES,
    **payouts.RULES,
    **withdrawals.RULES,
    **reconciliation.RULES,
}
"""Kind of fact -> its double entry."""


class Unbalanced(RuntimeError):
    """A programmer's mistake: a fact's postings do not sum to 0. It must never reach the store."""


def postings_of(fact: Fact) -> Postings:
    """Return the double entry of a fact; () when it moves no money. Source: SPEC 14."""
    currency, lines = entry_of(fact)
    return tuple([Posting(account, amount_minor, currency) for account, amount_minor in lines if amount_minor])


def entry_of(fact: Fact) -> Entry:
    """Return what `postings_of` does, for sums over many facts: lines of 0 are still among them."""
    rule = RULES.get(type(fact))
    return NO_ENTRY if rule is None else rule(fact)


def check_balanced(fact: Fact) -> None:
    """Assert that a fact's postings sum to 0 in its currency, before each commit. Raises: Unbalanced."""
    currency, lines = entry_of(fact)
    sum_minor = 0
    for _, amount_minor in lines:
        sum_minor += amount_minor
    if sum_minor:
        text = f"do not balance: {sum_minor} {currency}"
        raise Unbalanced(f"postings of {fact.TOPIC} version {fact.originator_version} {text}")
