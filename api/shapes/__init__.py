"""The shapes of answers, for the OpenAPI document and for the tests that hold real answers against it.

Answers are written by the ledger's formatters and by the views; nothing is converted through these models at run time.
Every amount is an integer in minor units of the currency beside it. A field that may be missing has a default of null.
"""

from api.shapes.accounts import Account, Key
from api.shapes.base import LotPart, Shape, list_of
from api.shapes.books import (
    BookAccount,
    BookTotal,
    JournalEntry,
    JournalLine,
    Statement,
    StatementRow,
    Total,
    Transaction,
    TrialBalance,
)
from api.shapes.charges import (
    Charge,
    ChargeCancelled,
    ChargedBack,
    ListedCharge,
    Lot,
    Parked,
    ParkedDeposit,
    ReceivablePayment,
)
from api.shapes.limits import CashFigures, CashLimit, Limits, MemberLimit, Settlement
from api.shapes.refunds import (
    ListedRefundRequest,
    RefundDecision,
    RefundPart,
    RefundPayout,
    RefundPreview,
    RefundRequest,
    RefundStatus,
)
from api.shapes.service import BatchItem, BatchResult, FactRecord, Health, Readiness, Seal, ViewLag
from api.shapes.spends import ListedSpend, Spend
from api.shapes.transfers import Adjustment, AdjustmentStatus, ListedAdjustment, Movement, ReceivedMovement, Transfer

__all__ = [
    "Account",
    "Adjustment",
    "AdjustmentStatus",
    "BatchItem",
    "BatchResult",
    "BookAccount",
    "BookTotal",
    "CashFigures",
    "CashLimit",
    "Charge",
    "ChargeCancelled",
    "ChargedBack",
    "FactRecord",
    "Health",
    "JournalEntry",
    "JournalLine",
    "Key",
    "Limits",
    "ListedAdjustment",
    "ListedCharge",
    "ListedRefundRequest",
    "ListedSpend",
    "Lot",
    "LotPart",
    "MemberLimit",
    "Movement",
    "Parked",
    "ParkedDeposit",
    "Readiness",
    "ReceivablePayment",
    "ReceivedMovement",
    "RefundDecision",
    "RefundPart",
    "RefundPayout",
    "RefundPreview",
    "RefundRequest",
    "RefundStatus",
    "Seal",
    "Settlement",
    "Shape",
    "Spend",
    "Statement",
    "StatementRow",
    "Total",
    "Transaction",
    "Transfer",
    "TrialBalance",
    "ViewLag",
    "list_of",
]
