"""Shapes of transactions, statements, journal and trial balance."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import Field

from api.shapes.base import ACCOUNT_ID, CHARGE_ID, DATE, TIME, Shape, example


class StatementRow(Shape):
    """One movement of a statement."""

    position: int
    occurred_at: str
    business_date: str
    type: str
    amount: int
    balance: int
    reference: str | None
    detail: dict[str, Any]


_ROW = {
    "position": 42,
    "occurred_at": TIME,
    "business_date": DATE,
    "type": "charge",
    "amount": 12222,
    "balance": 12222,
    "reference": "PAY-20260302-0007",
    "detail": {"charge_id": CHARGE_ID, "method": "card"},
}


BookName = Literal["prepaid", "collections", "payer_credit", "payout_hold"]


class Transaction(StatementRow):
    """One movement of one of the balances."""

    model_config = example(**_ROW, book="prepaid", currency="KRW")

    book: Annotated[BookName, Field(description="whose balance stands beside it")]
    currency: str


class Total(Shape):
    """How many movements of one type, and their sum."""

    count: int
    amount: int


class Statement(Shape):
    """All movements between two dates; the same version gives the same bytes."""

    model_config = example(
        **{"from": "2026-03-01", "to": "2026-03-31"},
        account_id=ACCOUNT_ID,
        name="Harbour Tea House",
        mode="prepaid",
        currency="KRW",
        version=7,
        opening_balance=0,
        rows=[_ROW],
        totals={"charge": {"count": 1, "amount": 12222}},
        closing_balance=12222,
        digest="5f0c8e8e6f0b5b7e9d5c2d1f0b7a4c115f0c8e8e6f0b5b7e9d5c2d1f0b7a4c11",
    )

    account_id: str
    name: str
    mode: Literal["prepaid", "postpaid"]
    book: Annotated[BookName | None, Field(description="left out of a statement of the prepaid balance")] = None
    currency: str
    from_date: Annotated[str, Field(alias="from")]
    to_date: Annotated[str, Field(alias="to")]
    version: int
    opening_balance: int
    rows: list[StatementRow]
    totals: dict[str, Total]
    closing_balance: int
    digest: str


class JournalLine(Shape):
    """One line of an entry: a debit or a credit on one account of the books."""

    account: str
    debit: int
    credit: int


class JournalEntry(Shape):
    """The balanced postings of one fact."""

    model_config = example(
        position=42,
        occurred_at=TIME,
        business_date=DATE,
        topic="account.charged",
        account_id=ACCOUNT_ID,
        version=3,
        currency="KRW",
        lines=[
            {"account": "asset.gateway_receivable.card", "debit": 12222, "credit": 0},
            {"account": "liability.prepaid", "debit": 0, "credit": 12222},
        ],
    )

    position: int
    occurred_at: str
    business_date: str
    topic: str
    account_id: str
    version: int
    currency: str
    lines: list[JournalLine]


class BookTotal(Shape):
    """Debits and credits in one currency; balance = debit - credit."""

    currency: str
    debit: int
    credit: int
    balance: int


class BookAccount(BookTotal):
    """Debits and credits of one account of the books."""

    account: str


class TrialBalance(Shape):
    """Every account of the books; debits equal credits in each currency."""

    model_config = example(
        position=42,
        accounts=[
            {
                "account": "asset.gateway_receivable.card",
                "currency": "KRW",
                "debit": 12222,
                "credit": 0,
                "balance": 12222,
            },
            {"account": "liability.prepaid", "currency": "KRW", "debit": 0, "credit": 12222, "balance": -12222},
        ],
        totals=[{"currency": "KRW", "debit": 12222, "credit": 12222, "balance": 0}],
    )

    position: int
    accounts: list[BookAccount]
    totals: list[BookTotal]


class PeriodTotal(Shape):
    """Balances at both ends of a period in one currency, and what moved in it; closing = opening + debit - credit."""

    currency: str
    opening: int
    debit: int
    credit: int
    closing: int


class PeriodAccount(PeriodTotal):
    """One account of the books in a period."""

    account: str


class Period(Shape):
    """One day or month; a ledger account that never moved until its end is left out."""

    period: str
    from_date: Annotated[str, Field(alias="from")]
    to_date: Annotated[str, Field(alias="to")]
    accounts: list[PeriodAccount]
    totals: list[PeriodTotal]


class TrialBalancePeriods(Shape):
    """Trial balances of consecutive days or months, oldest first."""

    model_config = example(
        position=42,
        by="month",
        account_id=None,
        periods=[
            {
                "period": "2026-03",
                "from": "2026-03-01",
                "to": "2026-03-31",
                "accounts": [
                    {
                        "account": "asset.gateway_receivable.card",
                        "currency": "KRW",
                        "opening": 0,
                        "debit": 12222,
                        "credit": 0,
                        "closing": 12222,
                    },
                    {
                        "account": "liability.prepaid",
                        "currency": "KRW",
                        "opening": 0,
                        "debit": 0,
                        "credit": 12222,
                        "closing": -12222,
                    },
                ],
                "totals": [{"currency": "KRW", "opening": 0, "debit": 12222, "credit": 12222, "closing": 0}],
            }
        ],
    )

    position: int
    by: Literal["day", "month"]
    account_id: str | None
    periods: list[Period]
