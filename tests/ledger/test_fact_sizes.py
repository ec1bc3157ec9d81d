"""A fact that names as many lots, or recipients, as it may still fits in a row."""

from __future__ import annotations

from dataclasses import fields
from datetime import date
from typing import get_type_hints

import pytest

import ledger.catalogue  # noqa: F401  (registers every fact)
from aggregates.account.lots import PARTS_MAX, LotPart
from aggregates.fact import FACTS, Fact, Mark, set_mark
from aggregates.money import AMOUNT_MINOR_MAX
from aggregates.order.form import CHOICE_LINES_MAX, LINE_TEXT_MAX
from aggregates.order.parts import BATCH_MAX, OrderCounts, OrderLine, OrderMoney
from aggregates.reconciliation.parts import LINES_MAX, StatementLine
from ledger.mapper import STATE_BYTES_MAX, pack
from ledger.reconcile.rows import REFERENCE_CHARS_MAX
from tests.aggregates.samples import sample

LARGEST = LotPart("chg_000123456789abcdefgzzzzz", date(2024, 10, 28), "account_transfer", AMOUNT_MINOR_MAX)
"""A part of a lot made by the 33 millionth fact of its account, with the longest words and the largest amount."""

MARK = Mark(request="f" * 32, answer="charge-cancellation-started/1", facts=2)


def lists(kind: type[Fact]) -> dict[str, object]:
    """Return the fields of a fact that hold one thing for each lot, as full as they can be."""
    hints = get_type_hints(kind)
    full: dict[str, object] = {}
    for field in fields(kind):
        if hints[field.name] == tuple[LotPart, ...]:
            full[field.name] = (LARGEST,) * (PARTS_MAX + 1)
        elif hints[field.name] == tuple[date, ...]:
            full[field.name] = (LARGEST.charged_on,) * (PARTS_MAX + 1)
    return full


@pytest.mark.parametrize("topic", [topic for topic, kind in sorted(FACTS.items()) if lists(kind)])
def test_a_fact_with_as_many_lots_as_it_may_name_fits_in_a_row(topic: str) -> None:
    kind = FACTS[topic]
    full = lists(kind)
    full.update({name: "x" * 200 for name in ("reason", "reference", "text") if name in get_type_hints(kind)})
    if topic in {"account.spend_returned", "account.difference_refunded", "account.hold_expired"}:
        # A spend that is partly returned names each of its lots once: what it keeps, or what went back.
        full["lots"] = (LARGEST,)
    largest = sample(kind, **full)
    set_mark(largest, MARK)

    assert len(pack(largest)) <= STATE_BYTES_MAX


EVERYONE = tuple(range(9_500, 10_000))
MONEY = OrderMoney(*(AMOUNT_MINOR_MAX,) * 4)
COUNTS = OrderCounts(*(10_000,) * 4)
LINE = OrderLine(
    product_id="p" * 22,
    sku="s" * 40,
    name="\N{HANGUL SYLLABLE GAG}" * (LINE_TEXT_MAX - 62),
    brand="",
    list_minor=AMOUNT_MINOR_MAX,
    sale_minor=AMOUNT_MINOR_MAX,
    validity_days=90,
    quantity=50,
    cash_convertible=False,
    duplicate_restricted=False,
    night_schedule_blocked=False,
)


@pytest.mark.parametrize(
    ("topic", "given"),
    [
        ("order.placed", {"lines": (LINE,) * CHOICE_LINES_MAX, "name": "\N{HANGUL SYLLABLE GAG}" * 50}),
        ("order.recipients_added", {"tokens": ("rcp_" + "0" * 40,) * BATCH_MAX}),
        ("order.issue_requested", {"recipients": EVERYONE}),
        (
            "order.issue_settled",
            {
                "issued": EVERYONE,
                "failed": EVERYONE,
                "reopened": EVERYONE,
                "errored": EVERYONE,
                "money": MONEY,
                "counts": COUNTS,
            },
        ),
        ("order.items_auto_chosen", {"recipients": EVERYONE}),
        ("order.recipients_given_up", {"recipients": EVERYONE, "money": MONEY}),
        ("order.messages_requested", {"recipients": EVERYONE}),
        ("order.messages_settled", {"alimtalk": EVERYONE, "mms": EVERYONE, "failed": EVERYONE, "counts": COUNTS}),
        ("order.void_requested", {"coupons": tuple(range(499_500, 500_000)), "reason": "x" * 1_000}),
        ("order.void_approved", {"coupons": tuple(range(499_500, 500_000))}),
        ("order.void_settled", {"voided": tuple(range(499_500, 500_000)), "refused": (), "money": MONEY}),
    ],
)
def test_a_fact_about_500_recipients_fits_in_a_row(topic: str, given: dict[str, object]) -> None:
    largest = sample(FACTS[topic], **given)
    set_mark(largest, MARK)

    assert len(pack(largest)) <= STATE_BYTES_MAX


def test_a_fact_with_as_many_lines_of_a_bank_as_it_may_hold_fits_in_a_row() -> None:
    line = StatementLine(
        no=20_000,
        row=20_001,
        mark="f" * 32,
        content="f" * 32,
        amount_minor=-AMOUNT_MINOR_MAX,
        fee_minor=AMOUNT_MINOR_MAX,
        method="virtual_account",
        reference="r" * REFERENCE_CHARS_MAX,
        remittance_id="rmt_" + "z" * 18,
        note="nte_" + "z" * 32,
    )
    largest = sample(FACTS["tally.lines_taken"], lines=(line,) * LINES_MAX)
    set_mark(largest, MARK)

    assert len(pack(largest)) <= STATE_BYTES_MAX
