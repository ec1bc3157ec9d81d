"""The quote: items with the prices of its moment; list price less discount is the payment (SPEC P6, P9)."""

from __future__ import annotations

from ledger.documents.page import Column, Content, Page, Table
from ledger.documents.pages import parts
from ledger.documents.shown import number

WORDS = {
    "ko": {
        "title": "견적서",
        "quote": "견적번호",
        "issued_on": "견적일",
        "kind": "주문유형",
        "general": "일반형",
        "choice": "선택형",
        "recipients": "수신자 수",
        "coupons": "쿠폰 수",
        "total": "견적 금액",
        "vat": "VAT 포함",
        "items": "품목",
        "no": "번호",
        "product": "상품명",
        "brand": "브랜드",
        "validity": "유효기간(일)",
        "list_price": "정가",
        "sale_price": "판매가",
        "quantity": "수량",
        "each": "1인당 금액",
        "sum": "금액 산출",
        "item": "구분",
        "amount": "금액",
        "list_amount": "정가 합계",
        "discount": "할인 금액",
        "general_notice": "일반형은 모든 상품을 모든 수신자에게 보냅니다. 금액 = 판매가 합계 × 수신자 수.",
        "choice_notice": "선택형은 수신자가 하나를 고릅니다. 금액 = 최고 판매가 × 수신자 수, 선택 후 차액 환급.",
        "notice": "이 견적서는 발행 시점의 판매가로 계산한 것으로, 주문 시점의 판매가가 적용됩니다.",
    },
    "en": {
        "title": "Quotation",
        "quote": "Quote no.",
        "issued_on": "Quoted on",
        "kind": "Order type",
        "general": "general",
        "choice": "choice",
        "recipients": "Recipients",
        "coupons": "Coupons",
        "total": "Amount quoted",
        "vat": "VAT included",
        "items": "Items",
        "no": "No.",
        "product": "Product",
        "brand": "Brand",
        "validity": "Validity (days)",
        "list_price": "List price",
        "sale_price": "Sale price",
        "quantity": "Quantity",
        "each": "For one recipient",
        "sum": "How the amount is made up",
        "item": "Item",
        "amount": "Amount",
        "list_amount": "Total at list prices",
        "discount": "Discount",
        "general_notice": "General: every item goes to every recipient. Amount = sum of sale prices x recipients.",
        "choice_notice": "Choice: each recipient picks one. Amount = highest price x recipients, differences refunded.",
        "notice": "Made at the sale prices of the moment of issue; an order is charged at those of its own moment.",
    },
}


def page_of(content: Content) -> Page:
    """Return the page of a quote."""
    figures, language = content["figures"], content["language"]
    words, shared = WORDS[language], parts.WORDS[language]
    lines = figures["lines"]
    each = [line["sale_price"] * line["quantity"] for line in lines]
    items = Table(
        words["items"],
        [
            Column(words["no"], "number"),
            Column(words["brand"], weight=2),
            Column(words["product"], weight=3),
            Column(words["validity"], "number"),
            Column(words["list_price"], "money"),
            Column(words["sale_price"], "money"),
            Column(words["quantity"], "number"),
            Column(words["each"], "money"),
        ],
        [
            [place, line["brand"], line["name"], line["validity_days"], line["list_price"], line["sale_price"],
             line["quantity"], amount]
            for place, (line, amount) in enumerate(zip(lines, each, strict=True), start=1)
        ],
    )  # fmt: skip
    total = Table(
        words["sum"],
        [Column(words["item"], weight=3), Column(words["amount"], "money", 1)],
        [[words["list_amount"], figures["list_amount"]], [words["discount"], -figures["discount"]]],
        [[shared["total"], figures["amount"]]],
    )
    return Page(
        title=words["title"],
        language=language,
        currency=figures["currency"],
        created_at=content["issued_at"],
        head=[
            *parts.head(content),
            (words["quote"], figures["quote_number"]),
            (words["issued_on"], figures["issued_on"]),
        ],
        parties=[parts.supplier(content), parts.recipient(content)],
        headline=(words["total"], figures["amount"], words["vat"]),
        facts=[
            (words["kind"], words[figures["order_kind"]]),
            (words["recipients"], number(figures["recipients"])),
            (words["coupons"], number(figures["coupons"])),
        ],
        tables=[items, total],
        notices=[words[f"{figures['order_kind']}_notice"], words["notice"]],
        foot=parts.foot(content),
    )
