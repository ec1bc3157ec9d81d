"""The document of the books says what is so: the chart is that of the code, the datasets are those that there are."""

from __future__ import annotations

import re

from aggregates.postings import CHART
from projections.exports.accounting import ROOTS, account_name
from projections.exports.datasets import DATASETS
from tests.books.chart import DOCUMENT, chart_table


def test_the_chart_of_accounts_is_that_of_the_code() -> None:
    assert chart_table() in DOCUMENT.read_text(), "write it again: python -m tests.books.chart"


def test_the_datasets_are_described_with_all_their_columns() -> None:
    described = dict(re.findall(r"^\| `(\w+)` \| [^|]+ \| ([^|`]+) \|$", DOCUMENT.read_text(), re.MULTILINE))

    assert described == {
        what: ", ".join(column.name for column in dataset.columns) for what, dataset in DATASETS.items()
    }


def test_every_ledger_account_has_a_name_of_its_own_in_plain_text_accounting() -> None:
    names = {account_name(account, "acc_01k7q4m2x9w3t8r5z6") for account in CHART}

    assert len(names) == len(CHART)
    assert all(re.fullmatch(r"[A-Z][A-Za-z]+(:[A-Z][A-Za-z0-9-]*)+", name) for name in names)
    assert {account.split(".")[0] for account in CHART} <= ROOTS.keys()
