"""Shapes of reconciliation: files, lines, what they stand for, and the daily proof."""

from __future__ import annotations

from typing import Any, Literal

from api.shapes.base import ACCOUNT_ID, DATE, Shape, example

FILE_ID = "fil_01k7q4m2x9w3t8r5z6"
LINE_ID = "lin_01k7q4m2x9w3t8r5z61"
ITEM_ID = "itm_01k7q4m2x9w3t8r5z66"
REMITTANCE_ID = "rmt_01k7q4m2x9w3t8r5z6"

_FILE: dict[str, Any] = {
    "id": FILE_ID,
    "source": "example-bank",
    "side": "bank",
    "sha256": "5f0c8e8e6f0b5b7e9d5c2d1f0b7a4c115f0c8e8e6f0b5b7e9d5c2d1f0b7a4c11",
    "currency": "KRW",
    "rows": 12,
    "new": 12,
    "known": 0,
    "first_day": DATE,
    "last_day": DATE,
    "amount_in": 1284500,
    "amount_out": -95000,
    "new_in": 1284500,
    "new_out": -95000,
}
_LINE: dict[str, Any] = {
    "id": LINE_ID,
    "source": "example-bank",
    "side": "bank",
    "day": DATE,
    "currency": "KRW",
    "amount": 59100,
    "fee": 0,
    "method": None,
    "reference": "MCOM-1290000001",
    "remittance_id": None,
    "status": "parked",
    "rule": None,
    "items": [],
    "account_id": None,
    "reason": None,
    "has_notes": True,
    "file_id": FILE_ID,
    "file_row": 3,
    "position": 42,
}
_ITEM: dict[str, Any] = {
    "id": ITEM_ID,
    "side": "bank",
    "account_id": ACCOUNT_ID,
    "topic": "account.settlement_paid",
    "day": DATE,
    "currency": "KRW",
    "amount": 59100,
    "method": None,
    "references": ["MCOM-1290000001"],
    "line_id": None,
    "position": 41,
}
_REMITTANCE: dict[str, Any] = {
    "id": REMITTANCE_ID,
    "source": "example-provider",
    "reference": "RMT20260302",
    "currency": "KRW",
    "last_day": DATE,
    "lines": 2,
    "gross": 42222,
    "fee": 1222,
    "net": 41000,
    "received": None,
    "difference": 0,
    "status": "expected",
    "line_id": None,
    "parts": [{"method": "card", "gross": 42222, "fee": 1222}],
    "position": 40,
}
_MATCHED: dict[str, Any] = {
    "id": LINE_ID,
    "status": "matched",
    "amount": 59100,
    "currency": "KRW",
    "day": DATE,
    "items": [ITEM_ID],
    "remittance_id": None,
    "rule": "manual",
    "reason": "The customer told us on the phone",
}
_NONE = {"count": 0, "amount": 0}


class SourceFile(Shape):
    """A file that was taken: rows of it that were known before brought nothing."""

    model_config = example(**_FILE)

    id: str
    source: str
    side: Literal["provider", "bank"]
    sha256: str
    currency: str
    rows: int
    new: int
    known: int
    first_day: str
    last_day: str
    amount_in: int
    amount_out: int
    new_in: int
    new_out: int


class ListedSourceFile(SourceFile):
    """A file that was taken, and the position of its fact."""

    model_config = example(**_FILE, position=42)

    position: int


class Sources(Shape):
    """The sources that files can be sent for."""

    model_config = example(sources=["example-bank", "example-provider"])

    sources: list[str]


class Line(Shape):
    """A line of a provider or a bank."""

    model_config = example(**_LINE)

    id: str
    source: str
    side: Literal["provider", "bank"]
    day: str
    currency: str
    amount: int
    fee: int
    method: str | None
    reference: str | None
    remittance_id: str | None
    status: Literal["open", "matched", "parked", "credited", "returned"]
    rule: Literal["reference", "amount_date", "manual"] | None
    items: list[str]
    account_id: str | None
    reason: str | None
    has_notes: bool
    file_id: str
    file_row: int
    position: int


class LineNotes(Shape):
    """What a line says of people, by column."""

    model_config = example(notes={"의뢰인": "***"})

    notes: dict[str, str]


class Item(Shape):
    """What the ledger says of money at a provider or a bank."""

    model_config = example(**_ITEM)

    id: str
    side: Literal["provider", "bank"]
    account_id: str | None
    topic: str
    day: str
    currency: str
    amount: int
    method: str | None
    references: list[str]
    line_id: str | None
    position: int


class RemittancePart(Shape):
    """What one method has brought to a remittance."""

    method: str
    gross: int
    fee: int


class Remittance(Shape):
    """What a provider sends to the bank in one sum."""

    model_config = example(**_REMITTANCE)

    id: str
    source: str
    reference: str
    currency: str
    last_day: str
    lines: int
    gross: int
    fee: int
    net: int
    received: int | None
    difference: int
    status: Literal["expected", "received"]
    line_id: str | None
    parts: list[RemittancePart]
    position: int


class Suggestion(Shape):
    """What a line may stand for; why: it carries its number, or has its amount."""

    item_id: str | None
    remittance_id: str | None
    account_id: str | None
    topic: str
    day: str
    amount: int
    references: list[str]
    why: Literal["reference", "amount"]
    difference: int
    days: int


class Suggestions(Shape):
    """What a line may stand for, the likeliest first."""

    model_config = example(
        items=[
            {
                "item_id": ITEM_ID,
                "remittance_id": None,
                "account_id": ACCOUNT_ID,
                "topic": "account.settlement_paid",
                "day": DATE,
                "amount": 59100,
                "references": ["MCOM-1290000001"],
                "why": "reference",
                "difference": 0,
                "days": 0,
            }
        ]
    )

    items: list[Suggestion]


class MatchedLine(Shape):
    """A line and what it stands for, or stood for."""

    model_config = example(**_MATCHED)

    id: str
    status: Literal["matched", "parked", "open"]
    amount: int
    currency: str
    day: str
    items: list[str]
    remittance_id: str | None
    rule: Literal["reference", "amount_date", "manual"] | None
    reason: str | None


class ParkedMoney(Shape):
    """What became of money that nothing explained."""

    model_config = example(
        id=LINE_ID,
        status="credited",
        amount=59100,
        currency="KRW",
        account_id=ACCOUNT_ID,
        deposit_id="dep_01k7q4m2x9w3t8r5z67",
        item_id=None,
        reason="The depositor's name is the member's",
    )

    id: str
    status: Literal["credited", "returned", "matched"]
    amount: int
    currency: str
    account_id: str | None
    deposit_id: str | None
    item_id: str | None
    reason: str


class PaidPart(Shape):
    """What one invoice got."""

    invoice_id: str
    amount: int


class ParkedMoneyPaid(ParkedMoney):
    """Money that nothing explained, as a payment of invoices; advance: what no invoice has billed yet."""

    model_config = example(
        id=LINE_ID,
        status="matched",
        amount=59100,
        currency="KRW",
        account_id=ACCOUNT_ID,
        deposit_id=None,
        item_id=ITEM_ID,
        reason="The customer told us on the phone",
        invoices=[{"invoice_id": "inv_01k7q4m2x9w3t8r5z66", "amount": 59100}],
        advance=0,
    )

    invoices: list[PaidPart]
    advance: int


class Figures(Shape):
    """How many, and their sum in minor units."""

    count: int
    amount: int


class AtBank(Shape):
    """What the bank has of a provider's money: gross, the fee in it, and what has not come."""

    gross: int
    fee: int
    in_transit: int


class Unexplained(Shape):
    """What is matched with nothing: in the ledger, and outside."""

    ledger: Figures
    provider: Figures | None = None
    bank: Figures | None = None


class ProviderProof(Shape):
    """One method: what the ledger says and what the providers say; difference = provider - ledger."""

    method: str | None
    currency: str
    ledger: Figures
    provider: Figures
    difference: int
    at_bank: AtBank
    unexplained: Unexplained
    proven: bool


class BankProof(Shape):
    """The bank in one currency; booked = what the books' account of it moved by; difference = bank - booked."""

    currency: str
    ledger: Figures
    bank: Figures
    booked: int
    difference: int
    explained: Figures
    credited: Figures
    returned: Figures
    parked: Figures
    unexplained: Unexplained
    proven: bool


class OtherDay(Shape):
    """A line and what it stands for, of different days."""

    line_id: str
    line_day: str
    item_id: str
    item_day: str
    side: str
    method: str | None
    currency: str
    amount: int


class Proof(Shape):
    """A day: ledger = provider = bank, and every difference."""

    model_config = example(
        day=DATE,
        proven=False,
        providers=[
            {
                "method": "card",
                "currency": "KRW",
                "ledger": {"count": 2, "amount": 42222},
                "provider": {"count": 2, "amount": 42222},
                "difference": 0,
                "at_bank": {"gross": 42222, "fee": 1222, "in_transit": 0},
                "unexplained": {"ledger": _NONE, "provider": _NONE},
                "proven": True,
            }
        ],
        bank=[
            {
                "currency": "KRW",
                "ledger": _NONE,
                "bank": {"count": 2, "amount": 100100},
                "booked": 100100,
                "difference": 0,
                "explained": {"count": 1, "amount": 41000},
                "credited": _NONE,
                "returned": _NONE,
                "parked": {"count": 1, "amount": 59100},
                "unexplained": {"ledger": _NONE, "bank": _NONE},
                "proven": False,
            }
        ],
        only_in_ledger=[],
        only_outside=[_LINE],
        other_day=[],
        remittances=[_REMITTANCE],
    )

    day: str
    proven: bool
    providers: list[ProviderProof]
    bank: list[BankProof]
    only_in_ledger: list[Item]
    only_outside: list[Line]
    other_day: list[OtherDay]
    remittances: list[Remittance]
