"""The receipts of a charge and of its cancellation (SPEC C5)."""

from __future__ import annotations

from aggregates.document import CANCELLATION_RECEIPT
from ledger.documents.page import Content, Page, Table
from ledger.documents.pages import parts
from ledger.documents.shown import amount, instant

WORDS = {
    "ko": {
        "charge": "결제 영수증",
        "cancellation": "결제 취소 영수증",
        "orderer": "주문자",
        "payment_no": "결제 주문번호",
        "charge_id": "충전번호",
        "paid_at": "결제일시",
        "cancelled_at": "취소일시",
        "method": "결제수단",
        "paid": "결제금액",
        "fee": "취소 수수료",
        "returned": "취소금액",
        "vat": "VAT 포함",
        "notice": "이 영수증은 결제 사실을 확인하는 문서이며 세금계산서를 대신하지 않습니다.",
    },
    "en": {
        "charge": "Payment Receipt",
        "cancellation": "Payment Cancellation Receipt",
        "orderer": "Orderer",
        "payment_no": "Payment order no.",
        "charge_id": "Charge",
        "paid_at": "Paid at",
        "cancelled_at": "Cancelled at",
        "method": "Method",
        "paid": "Amount paid",
        "fee": "Cancellation fee",
        "returned": "Amount returned",
        "vat": "VAT included",
        "notice": "This receipt confirms a payment; it does not stand in for a tax invoice.",
    },
}


def page_of(content: Content) -> Page:
    """Return the page of a receipt."""
    figures, language = content["figures"], content["language"]
    words, currency = WORDS[language], content["figures"]["currency"]
    cancelled = content["kind"] == CANCELLATION_RECEIPT
    facts = [
        (words["payment_no"], figures["payment_no"]),
        (words["charge_id"], figures["charge_id"]),
        (words["orderer"], figures["orderer"]),
        (words["paid_at"], f"{instant(figures['paid_at'])} (KST)"),
        (words["method"], parts.method(figures["method"], language)),
        (words["paid"], amount(figures["amount"], currency, language)),
    ]
    if cancelled:
        facts += [
            (words["cancelled_at"], f"{instant(figures['cancelled_at'])} (KST)"),
            (words["fee"], amount(figures["fee"], currency, language)),
        ]
    return Page(
        title=words["cancellation" if cancelled else "charge"],
        language=language,
        currency=currency,
        created_at=content["issued_at"],
        head=parts.head(content),
        parties=[parts.supplier(content), parts.recipient(content)],
        headline=(
            words["returned" if cancelled else "paid"],
            figures["payout" if cancelled else "amount"],
            words["vat"],
        ),
        facts=facts,
        tables=list[Table](),
        notices=[words["notice"]],
        foot=parts.foot(content),
    )
