"""What the page of a payment request says."""

from __future__ import annotations

from api.public_pages import texts
from api.public_pages.said import Said

TITLE = Said("결제 요청을 받으셨습니다", "You are asked for a payment", "از شما درخواست پرداخت شده است")
REFERENCE = Said("요청 번호", "Reference", "شماره پیگیری")
ATTACHED = Said("첨부 파일", "Attached files", "پیوست‌ها")
ANSWER_UNTIL = Said("{day}까지 답하실 수 있습니다.", "You can answer until {day}.", "تا {day} می‌توانید پاسخ دهید.")
ACCEPT_WHY = Said(
    "수락하시면 이 금액을 기한까지 내기로 동의하시는 것입니다. 결제는 다음 화면에서 하실 수 있습니다.",
    "If you accept, you agree to pay this amount by the due date. You can pay on the next page.",
    "با پذیرفتن، می‌پذیرید این مبلغ را تا مهلت بپردازید. در صفحه بعد می‌توانید پرداخت کنید.",
)
ACCEPT = Said("수락하기", "Accept", "می‌پذیرم")
REJECT_INSTEAD = Said("요청을 거절하시겠습니까?", "Reject it instead?", "نمی‌پذیرید؟")
REJECT = Said("거절하기", "Reject", "نمی‌پذیرم")
REASON = Said("사유", "Reason", "دلیل")
REASON_TEXT = Said("자세한 사유", "In your own words", "توضیح")

REASONS: dict[str, Said] = {
    "not_ordered": Said("주문한 적이 없습니다", "I did not order this", "سفارش نداده‌ام"),
    "not_delivered": Said("받지 못했습니다", "It was not delivered", "تحویل نگرفته‌ام"),
    "wrong_amount": Said("금액이 다릅니다", "The amount is wrong", "مبلغ درست نیست"),
    "wrong_due_date": Said("기한이 다릅니다", "The due date is wrong", "مهلت درست نیست"),
    "already_paid": Said("이미 냈습니다", "I have paid already", "پیش‌تر پرداخته‌ام"),
    "unknown_requester": Said("모르는 곳입니다", "I do not know who asks", "درخواست‌کننده را نمی‌شناسم"),
    "other": Said("기타", "Something else", "دلیل دیگر"),
}
"""Code of a rejection -> how it is offered (SPEC R-107)."""

REJECTED_TITLE = Said("거절하신 요청입니다", "You rejected this", "شما نپذیرفتید")
REJECTED = Said("요청한 곳에 사유를 알렸습니다.", "Whoever asked was told why.", "دلیل به درخواست‌کننده گفته شد.")
WITHDRAWN_TITLE = Said("요청이 철회되었습니다", "The request was withdrawn", "درخواست پس گرفته شد")
WITHDRAWN = Said("결제하실 필요가 없습니다.", "You do not have to pay.", "نیازی به پرداخت نیست.")
EXPIRED_TITLE = Said("답하실 수 있는 기간이 지났습니다", "The time to answer is over", "مهلت پاسخ گذشته است")
EXPIRED = Said(
    "필요하면 요청한 곳에 다시 요청해 달라고 하세요.",
    "If you still want to pay, ask for a new request.",
    "اگر می‌خواهید بپردازید، درخواست تازه بخواهید.",
)

CHANGE_TITLE = Said("변경 제안이 있습니다", "A change is proposed", "تغییری پیشنهاد شده است")
CHANGE_WHY = Said(
    "동의하셔야만 바뀝니다. 그때까지는 지금 내용이 그대로 유효합니다.",
    "It holds only if you agree. Until then, what was agreed before holds.",
    "تنها با موافقت شما انجام می‌شود. تا آن هنگام، توافق پیشین برقرار است.",
)
CHANGE_AGREE = Said("변경에 동의하기", "Agree to the change", "با تغییر موافقم")
CHANGE_REFUSE = Said("동의하지 않으시면", "You do not agree?", "موافق نیستید؟")
CHANGE_YOURS = Said(
    "보내신 변경 제안에 대한 답을 기다리고 있습니다.",
    "The change that you proposed has no answer yet.",
    "پیشنهاد تغییر شما هنوز پاسخی ندارد.",
)

REFUSALS: dict[str, Said] = {
    "version_superseded": texts.SHOW_AGAIN,
    "amendment_not_open": texts.SHOW_AGAIN,
    "payment_request_closed": texts.SHOW_AGAIN,
    "payment_request_paid": texts.NOTHING_LEFT,
}
