"""The account statement: opening balance, movements with running balance, totals by type, closing balance, lots."""

from __future__ import annotations

from typing import Any

from ledger.documents.page import Column, Content, Page, Table
from ledger.documents.pages import parts
from ledger.documents.shown import number

WORDS = {
    "ko": {
        "title": "계정 거래내역서",
        "period": "조회기간",
        "mode": "결제방식",
        "prepaid": "선불",
        "postpaid": "후불",
        "book": "장부",
        "collections": "수납금",
        "payer_credit": "납부자 초과 납부금",
        "payout_hold": "지급 링크 보관금",
        "currency": "통화",
        "closing": "기말 잔액",
        "closing_postpaid": "기간 순증감",
        "at": "{day} 기준",
        "summary": "요약",
        "item": "구분",
        "count": "건수",
        "amount": "금액",
        "opening": "기초 잔액",
        "rows": "거래 내역",
        "date": "거래일",
        "reference": "참조",
        "balance": "잔액",
        "lots": "충전 건별 잔여 금액",
        "charge": "충전번호",
        "charged_on": "충전일",
        "method": "결제수단",
        "age": "경과일",
        "remaining": "잔여 금액",
        "overdrawn": "한도 초과 사용액",
        "notice": "금액은 {currency} 단위이며, 거래일은 대한민국 표준시 기준입니다.",
        "age_notice": "경과일은 기말일까지 충전일 다음 날부터 센 날수입니다.",
    },
    "en": {
        "title": "Account Statement",
        "period": "Period",
        "mode": "Payment mode",
        "prepaid": "prepaid",
        "postpaid": "postpaid",
        "book": "Book",
        "collections": "collections",
        "payer_credit": "payers' credit",
        "payout_hold": "held for pay-out links",
        "currency": "Currency",
        "closing": "Closing balance",
        "closing_postpaid": "Net movement of the period",
        "at": "as of {day}",
        "summary": "Summary",
        "item": "Item",
        "count": "Count",
        "amount": "Amount",
        "opening": "Opening balance",
        "rows": "Movements",
        "date": "Date",
        "reference": "Reference",
        "balance": "Balance",
        "lots": "Remainder of each charge",
        "charge": "Charge",
        "charged_on": "Charged on",
        "method": "Method",
        "age": "Age (days)",
        "remaining": "Remaining",
        "overdrawn": "Overdrawn",
        "notice": "Amounts are in {currency}. Business dates are those of Seoul.",
        "age_notice": "Age counts the days after the day of the charge, up to the last day of the period.",
    },
}
TYPES = {
    "ko": {
        "charge": "충전",
        "charge_cancel": "충전취소",
        "use": "사용",
        "use_cancel": "사용취소",
        "difference_refund": "차액환급",
        "refund": "환불",
        "refund_return": "환불 반환",
        "transfer": "계정 간 이체",
        "imported": "이관",
        "adjustment": "조정",
        "chargeback": "결제 철회",
        "settlement": "정산 입금",
        "collection": "수납",
        "collection_reversal": "수납 철회",
        "collection_refund": "수납 환불",
        "payer_credit": "초과 납부",
        "payer_credit_use": "초과 납부금 충당",
        "payer_credit_reversal": "초과 납부 철회",
        "payer_credit_refund": "초과 납부 환불",
        "payout_funding": "지급 자금 입금",
        "payout": "지급",
        "payout_return": "지급 반환",
        "payout_refund": "지급 자금 환불",
        "payout_reversal": "지급 자금 철회",
        "payout_offset": "미납액 충당",
        "withdrawal": "수납금 출금",
        "withdrawal_return": "출금 반환",
    },
    "en": {
        "charge": "Charge",
        "charge_cancel": "Charge cancelled",
        "use": "Use",
        "use_cancel": "Use cancelled",
        "difference_refund": "Difference refund",
        "refund": "Refund",
        "refund_return": "Refund returned",
        "transfer": "Transfer",
        "imported": "Imported",
        "adjustment": "Adjustment",
        "chargeback": "Chargeback",
        "settlement": "Settlement payment",
        "collection": "Collected",
        "collection_reversal": "Collection taken back",
        "collection_refund": "Collection refunded",
        "payer_credit": "Over-payment",
        "payer_credit_use": "Over-payment used",
        "payer_credit_reversal": "Over-payment taken back",
        "payer_credit_refund": "Over-payment refunded",
        "payout_funding": "Paid in for a pay-out",
        "payout": "Paid out",
        "payout_return": "Pay-out returned",
        "payout_refund": "Pay-out refunded",
        "payout_reversal": "Funding taken back",
        "payout_offset": "Set off against what is owed",
        "withdrawal": "Withdrawn",
        "withdrawal_return": "Withdrawal returned",
    },
}


def page_of(content: Content) -> Page:
    """Return the page of an account statement."""
    figures, language = content["figures"], content["language"]
    words, prepaid = WORDS[language], figures["mode"] == "prepaid" and "book" not in figures
    closing = words["closing" if _has_balance(figures) else "closing_postpaid"]
    return Page(
        title=words["title"],
        language=language,
        currency=figures["currency"],
        created_at=content["issued_at"],
        head=[*parts.head(content), (words["period"], f"{figures['from']} ~ {figures['to']}")],
        parties=[parts.supplier(content), parts.recipient(content)],
        headline=(closing, figures["closing_balance"], words["at"].format(day=figures["to"])),
        facts=[
            (words["mode"], words[figures["mode"]]),
            *([(words["book"], words[figures["book"]])] if "book" in figures else []),
            (words["currency"], figures["currency"]),
        ],
        tables=[_summary(content, closing), _rows(content), *([_lots(content)] if prepaid else [])],
        notices=[words["notice"].format(currency=figures["currency"]), *([words["age_notice"]] if prepaid else [])],
        foot=parts.foot(content),
    )


def _has_balance(figures: dict[str, Any]) -> bool:
    """Say whether a statement is of a balance: the prepaid one of a postpaid account is none."""
    return figures["mode"] == "prepaid" or "book" in figures


def _summary(content: Content, closing: str) -> Table:
    figures, words, types = content["figures"], WORDS[content["language"]], TYPES[content["language"]]
    totals = figures["totals"]
    return Table(
        words["summary"],
        [Column(words["item"], weight=3), Column(words["count"], "number", 1), Column(words["amount"], "money", 2)],
        [
            *([[words["opening"], None, figures["opening_balance"]]] if _has_balance(figures) else []),
            *([types.get(name, name), total["count"], total["amount"]] for name, total in totals.items()),
        ],
        [[closing, sum(total["count"] for total in totals.values()), figures["closing_balance"]]],
    )


def _rows(content: Content) -> Table:
    figures, words, types = content["figures"], WORDS[content["language"]], TYPES[content["language"]]
    return Table(
        words["rows"],
        [
            Column(words["date"], "date"),
            Column(words["item"]),
            Column(words["reference"], weight=1),
            Column(words["amount"], "money"),
            Column(words["balance"], "money"),
        ],
        [
            [row["business_date"], types.get(row["type"], row["type"]), row["reference"], row["amount"], row["balance"]]
            for row in figures["rows"]
        ],
        [[parts.WORDS[content["language"]]["total"], None, None, sum(row["amount"] for row in figures["rows"]),
          figures["closing_balance"]]],
        parts.WORDS[content["language"]]["none"],
    )  # fmt: skip


def _lots(content: Content) -> Table:
    figures, language = content["figures"], content["language"]
    words, shared = WORDS[language], parts.WORDS[language]
    lots = figures["lots"]
    overdrawn = [[words["overdrawn"], None, None, None, -figures["overdrawn"]]] if figures["overdrawn"] else []
    return Table(
        words["lots"],
        [
            Column(words["charge"], weight=1),
            Column(words["charged_on"], "date"),
            Column(words["method"]),
            Column(words["age"], "number"),
            Column(words["remaining"], "money"),
        ],
        [
            [lot["charge_id"], lot["charged_on"], parts.method(lot["method"], language), lot["age_days"],
             lot["remaining"]]
            for lot in lots
        ],
        [*overdrawn, [f"{shared['total']} ({number(len(lots))})", None, None, None, figures["closing_balance"]]],
        shared["none"],
    )  # fmt: skip
