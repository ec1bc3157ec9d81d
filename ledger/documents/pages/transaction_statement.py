"""The transaction statement of orders: what was ordered, and which coupons were issued for it (SPEC T1 to T6)."""

from __future__ import annotations

from ledger.documents.page import Column, Content, Page, Table
from ledger.documents.pages import parts
from ledger.documents.shown import instant

WORDS = {
    "ko": {
        "title": "거래명세서",
        "order_name": "주문명",
        "others": "{name} 외 {count}건",
        "ordered": "주문일시",
        "dispatched": "발송일시",
        "amount": "결제금액",
        "vat": "VAT 포함",
        "orders": "주문 내역",
        "number": "주문번호",
        "general": "일반형",
        "choice": "선택형",
        "detail": "결제 상세",
        "product": "상품명",
        "price": "가격",
        "quantity": "수량",
        "sum": "합계 금액",
        "expired": "미사용 만료 환급",
    },
    "en": {
        "title": "Transaction Statement",
        "order_name": "Order",
        "others": "{name} and {count} more",
        "ordered": "Ordered",
        "dispatched": "Dispatched",
        "amount": "Amount paid",
        "vat": "VAT included",
        "orders": "Orders",
        "number": "Order no.",
        "general": "general",
        "choice": "choice",
        "detail": "Payment detail",
        "product": "Product",
        "price": "Price",
        "quantity": "Quantity",
        "sum": "Amount",
        "expired": "Returned for expired coupons",
    },
}
NOTICES = {
    "ko": [
        "이 명세서는 결제 사실을 확인하는 용도로만 쓰이며 세법상 효력이 없습니다.",
        "금액은 발행 시점의 발송·쿠폰 발행 상태로 계산하므로 실제 결제금액과 다를 수 있습니다.",
        "결제금액은 발행된 쿠폰의 합계이며, 폐기된 쿠폰은 포함하지 않습니다.",
    ],
    "en": [
        "This statement proves payment only and has no effect for tax.",
        "Amounts follow dispatch and issuance at the moment of issue and may differ from what was paid.",
        "The amount paid is that of the coupons issued; voided coupons are not in it.",
    ],
}


def page_of(content: Content) -> Page:
    """Return the page of a transaction statement."""
    figures, language = content["figures"], content["language"]
    words = WORDS[language]
    count = len(figures["orders"]) - 1
    name = figures["order_name"]
    return Page(
        title=words["title"],
        language=language,
        currency=figures["currency"],
        created_at=content["issued_at"],
        head=parts.head(content),
        parties=[parts.supplier(content), parts.recipient(content)],
        headline=(words["amount"], figures["amount"], words["vat"]),
        facts=[
            (words["order_name"], words["others"].format(name=name, count=count) if count else name),
            (words["ordered"], _span(figures["ordered"])),
            (words["dispatched"], _span(figures["dispatched"])),
        ],
        tables=[_orders(content), _detail(content)],
        notices=NOTICES[language],
        foot=parts.foot(content),
    )


def _span(span: list[str | None]) -> str:
    """Return the first and the last of some instants; a long dash where there is none."""
    first, last = span
    if first is None or last is None:
        return "—"
    return instant(first) if first == last else f"{instant(first)} ~ {instant(last)}"


def _orders(content: Content) -> Table:
    figures, language = content["figures"], content["language"]
    words, shared = WORDS[language], parts.WORDS[language]
    return Table(
        words["orders"],
        [
            Column(words["ordered"], "date"),
            Column(words["dispatched"], "date"),
            Column(words["number"]),
            Column(words["order_name"], weight=1),
            Column(words["amount"], "money"),
        ],
        [
            [
                instant(order["ordered_at"]),
                None if order["started_at"] is None else instant(order["started_at"]),
                order["number"],
                f"[{words[order['kind']]}] {order['name']}",
                order["amount"],
            ]
            for order in figures["orders"]
        ],
        [[shared["total"], None, None, None, figures["amount"]]],
    )


def _detail(content: Content) -> Table:
    figures, language = content["figures"], content["language"]
    words, shared = WORDS[language], parts.WORDS[language]
    returned = figures["expired_returned"]
    return Table(
        words["detail"],
        [
            Column(words["product"], weight=1),
            Column(words["price"], "money"),
            Column(words["quantity"], "number"),
            Column(words["sum"], "money"),
        ],
        [[item["name"], item["price"], item["quantity"], item["amount"]] for item in figures["items"]],
        [
            *([[words["expired"], None, None, -returned]] if returned else []),
            [shared["total"], None, figures["quantity"], figures["amount"]],
        ],
        shared["none"],
    )
