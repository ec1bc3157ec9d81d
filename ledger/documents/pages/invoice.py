"""The invoice of a postpaid month: what is billed, how that came about, and the orders behind it (SPEC I7 to I10)."""

from __future__ import annotations

from dataclasses import replace

from ledger.documents.page import Column, Content, Page, Table
from ledger.documents.pages import parts
from ledger.documents.shown import instant

WORDS = {
    "ko": {
        "title": "청구서",
        "invoice": "청구서 번호",
        "transaction_date": "거래일자",
        "subject_label": "제목",
        "subject": "{month} 모바일쿠폰 이용대금 청구의 건",
        "from": "보내는 사람",
        "to": "받는 사람",
        "period": "정산기간",
        "billing_date": "청구일",
        "due": "납부기한",
        "order_name": "주문명",
        "others": "{name} 외 {count}건",
        "settlement": "정산금액",
        "carry_over": "이월취소금액",
        "adjusted": "관리자 조정",
        "advance": "선납 충당",
        "to_pay": "납부할 금액",
        "billed": "청구 금액",
        "vat": "VAT 포함",
        "account": "입금계좌",
        "sum": "청구 내역",
        "item": "구분",
        "amount": "금액",
        "carried": "다음 달로 이월되는 취소금액",
        "orders": "주문별 내역",
        "no": "번호",
        "ordered_on": "주문일",
        "number": "주문번호",
        "order_amount": "주문금액",
        "order_count": "주문 수",
        "settled": "정산금액",
        "settled_count": "발행 수",
        "plain": "주문 없는 사용",
        "closing": "위와 같이 청구합니다.",
        "sign": "{name}  대표 {representative}  (인)",
    },
    "en": {
        "title": "Invoice",
        "invoice": "Invoice no.",
        "transaction_date": "Transaction date",
        "subject_label": "Subject",
        "subject": "Mobile coupons used, invoice of {month}",
        "from": "From",
        "to": "To",
        "period": "Settlement period",
        "billing_date": "Billed on",
        "due": "Due on",
        "order_name": "Orders",
        "others": "{name} and {count} more",
        "settlement": "Settlement amount",
        "carry_over": "Carry-over cancellation",
        "adjusted": "Adjusted by the administrator",
        "advance": "Paid in advance",
        "to_pay": "Left to pay",
        "billed": "Amount billed",
        "vat": "VAT included",
        "account": "Pay to",
        "sum": "How the amount is made up",
        "item": "Item",
        "amount": "Amount",
        "carried": "Carried to the next invoice",
        "orders": "Orders",
        "no": "No.",
        "ordered_on": "Ordered on",
        "number": "Order no.",
        "order_amount": "Order amount",
        "order_count": "Ordered",
        "settled": "Settlement",
        "settled_count": "Issued",
        "plain": "use without order",
        "closing": "Please pay the amount billed by the due date.",
        "sign": "{name}  {representative}, representative",
    },
}
NOTICES = {
    "ko": [
        "정산금액은 정산기간에 발행에 성공한 쿠폰의 합계이며 주문한 달과 관계없습니다. 청구 후 바뀌지 않습니다.",
        "주문했으나 발행되지 않은 쿠폰은 포함하지 않으므로 주문금액과 정산금액은 다를 수 있습니다.",
        "거래일자는 표시용이며 청구일과 납부기한에 영향을 주지 않습니다.",
    ],
    "en": [
        "The settlement amount is the sum of the coupons issued in the settlement period, whenever they were ordered.",
        "It does not change after billing.",
        "Coupons ordered and not issued are not in it, so it may differ from the order amount.",
        "The transaction date is for presentation; it moves neither the billing date nor the due date.",
    ],
}


def page_of(content: Content) -> Page:
    """Return the page of an invoice."""
    figures, language = content["figures"], content["language"]
    words, supplier = WORDS[language], content["supplier"]
    month = f"{figures['month'][:4]}년 {int(figures['month'][5:])}월" if language == "ko" else figures["month"]
    presented = content["basis"]["transaction_date"] or instant(content["issued_at"])[:10]
    facts = [
        (words["subject_label"], words["subject"].format(month=month)),
        (words["transaction_date"], presented),
        (words["period"], f"{figures['period']['from']} ~ {figures['period']['to']}"),
        (words["billing_date"], figures["issued_on"]),
        (words["due"], figures["due_on"]),
        (words["order_name"], _name(content)),
        (words["account"], f"{supplier['bank']} {supplier['account_number']} ({supplier['account_holder']})"),
    ]
    sign = words["sign"].format(name=supplier["name"], representative=supplier["representative"])
    return Page(
        title=words["title"],
        language=language,
        currency=figures["currency"],
        created_at=content["issued_at"],
        head=[*parts.head(content), (words["invoice"], figures["invoice_number"])],
        parties=[
            replace(parts.supplier(content), title=words["from"]),
            replace(parts.recipient(content), title=words["to"]),
        ],
        headline=(words["billed"], figures["billed_amount"], words["vat"]),
        facts=facts,
        tables=[_sum(content), _orders(content)],
        notices=NOTICES[language],
        closing=f"{words['closing']}\n{sign}",
        foot=parts.foot(content),
    )


def _name(content: Content) -> str:
    """Return what the orders of an invoice are called: the latest one's name, and how many more there are."""
    rows, words = [row for row in content["figures"]["rows"] if row["name"]], WORDS[content["language"]]
    if not rows:
        return "—"
    latest = max(rows, key=lambda row: row["ordered_at"])["name"]
    return words["others"].format(name=latest, count=len(rows) - 1) if len(rows) > 1 else latest


def _sum(content: Content) -> Table:
    figures, words = content["figures"], WORDS[content["language"]]
    advance = figures["paid_in_advance"]
    moves = (("carry_over", -figures["carry_over_applied"]), ("adjusted", figures["adjusted"]))
    return Table(
        words["sum"],
        [Column(words["item"], weight=3), Column(words["amount"], "money", 1)],
        [
            [words["settlement"], figures["settlement_amount"]],
            *([words[name], minor] for name, minor in moves if minor),
        ],
        [
            [words["billed"], figures["billed_amount"]],
            *([[words["advance"], -advance], [words["to_pay"], figures["billed_amount"] - advance]] if advance else []),
            *([[words["carried"], figures["carried_over"]]] if figures["carried_over"] else []),
        ],
    )


def _orders(content: Content) -> Table:
    figures, language = content["figures"], content["language"]
    words, shared = WORDS[language], parts.WORDS[language]
    rows = figures["rows"]
    return Table(
        words["orders"],
        [
            Column(words["no"], "number"),
            Column(words["ordered_on"], "date"),
            Column(words["number"]),
            Column(words["order_name"], weight=1),
            Column(words["order_amount"], "money"),
            Column(words["order_count"], "number"),
            Column(words["settled"], "money"),
            Column(words["settled_count"], "number"),
        ],
        [
            [place, instant(row["ordered_at"])[:10], row["number"], row["name"] or words["plain"], row["order_amount"],
             row["order_coupons"], row["settlement_amount"], row["settlement_coupons"]]
            for place, row in enumerate(rows, start=1)
        ],
        [[shared["total"], None, None, None, None, None, figures["settlement_amount"], figures["settlement_coupons"]]],
        shared["none"],
    )  # fmt: skip
