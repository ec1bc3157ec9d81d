"""A building of 1,000 units over 24 months, with late payers, moves and corrections: every won is where it belongs."""

from __future__ import annotations

import pytest

from aggregates.account import Account
from aggregates.postings import entry_of
from tests.ledger.building_years import Years, months


def test_a_thousand_units_over_24_months_with_late_payers_moves_and_corrections_add_up() -> None:
    years = Years(1_000, months((2024, 1), 24))
    years.estate.memory.keep = False

    years.live()

    years.check()
    years.check_months()


@pytest.mark.parametrize("seed", range(3))
def test_a_small_building_adds_up_in_its_journal_too(seed: int) -> None:
    years = Years(12, months((2025, 3), 14), seed)

    years.live()

    years.check()
    years.check_months()
    books: dict[str, int] = {}
    for fact in years.estate.memory.facts:
        for name, amount_minor in entry_of(fact)[1]:
            books[name] = books.get(name, 0) + amount_minor
    account = years.estate.memory.stream(Account, years.estate.account_id)
    assert sum(books.values()) == 0
    assert -books["liability.collections"] == account.collections_minor
    assert -books["liability.payer_credit"] == account.payer_credit_minor
    assert books["asset.gateway_receivable.card"] == years.arrived_minor - years.reversed_minor
