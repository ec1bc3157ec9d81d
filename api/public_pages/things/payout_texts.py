"""What the two pages of a pay-out link say: that of who is paid, and that of who pays."""

from __future__ import annotations

from api.public_pages import texts
from api.public_pages.said import Said

TITLE = Said("받으실 돈이 있습니다", "Somebody wants to pay you", "کسی می‌خواهد به شما پول بدهد")
FROM = Said("보내는 곳", "From", "فرستنده")
ENTER = Said(
    "받으실 계좌나 카드를 등록해 주세요. 보내는 곳에는 마지막 네 자리만 보입니다.",
    "Register the account or the card to be paid to. Who pays sees only the last four digits.",
    "حساب یا کارتی را که می‌خواهید به آن پرداخت شود ثبت کنید. فرستنده تنها چهار رقم آخر را می‌بیند.",
)
TO_ACCOUNT = Said("계좌로 받기", "To a bank account", "به حساب بانکی")
TO_CARD = Said("카드로 받기", "To a card instead", "به کارت")
BANK = Said("은행", "Bank", "بانک")
ACCOUNT_NUMBER = Said("계좌 번호", "Account number", "شماره حساب")
CARD_NUMBER = Said("카드 번호", "Card number", "شماره کارت")
HOLDER = Said("예금주", "Name of the holder", "نام صاحب حساب")
REGISTER = Said("등록하기", "Register", "ثبت")
REGISTERED_TITLE = Said("등록되었습니다", "Registered", "ثبت شد")
REGISTERED = Said(
    "보내는 곳에서 확인하면 송금됩니다. 아직 송금되지 않았습니다.",
    "You are paid when the sender has confirmed it. Nothing is paid yet.",
    "پس از تأیید فرستنده پرداخت می‌شود. هنوز چیزی پرداخت نشده است.",
)
CHANGE = Said("다른 계좌나 카드로 바꾸기", "Use another account or card", "حساب یا کارت دیگر")
ON_ITS_WAY_TITLE = Said("송금을 처리하고 있습니다", "The money is on its way", "پول در راه است")
ON_ITS_WAY = Said(
    "아직 입금되지 않았습니다. 이 페이지는 저절로 새로 고쳐집니다.",
    "It has not arrived yet. This page reloads by itself.",
    "هنوز نرسیده است. این صفحه خودش تازه می‌شود.",
)
PAID_TITLE = Said("송금되었습니다", "Paid out", "پرداخت شد")
PAID_OUT = Said("{day}에 보냈습니다.", "It was sent on {day}.", "در {day} فرستاده شد.")
FAILED_TITLE = Said("은행에서 송금하지 못했습니다", "The bank could not pay", "بانک نتوانست پرداخت کند")
FAILED_PAYEE = Said(
    "돈은 안전하게 보관되어 있습니다. 계좌나 카드를 다시 등록해 주세요.",
    "The money is kept safe. Please register another account or card.",
    "پول محفوظ است. لطفاً حساب یا کارت دیگری ثبت کنید.",
)
OVER_TITLE = Said("종료된 링크입니다", "This link is over", "این پیوند پایان یافته است")
OVER = Said(
    "자세한 내용은 보내는 곳에 문의해 주세요.",
    "Please ask the sender if you have a question.",
    "برای آگاهی بیشتر از فرستنده بپرسید.",
)
EXPIRES_ON = Said("등록 기한", "Register by", "مهلت ثبت")

CONFIRM_TITLE = Said("송금 확인", "Confirm and pay", "تأیید و پرداخت")
TO = Said("받는 곳", "Paid to", "دریافت‌کننده")
HOLDER_CHECK = Said("예금주 확인", "The bank on the holder", "نظر بانک درباره صاحب حساب")
HOLDER_FULL = Said("이름이 일치합니다", "The name matches", "نام یکی است")
HOLDER_PARTIAL = Said("이름이 일부만 일치합니다", "The name matches in part", "نام تا اندازه‌ای یکی است")
HOLDER_NONE = Said(
    "이름이 다릅니다. 다시 확인해 주세요.", "The name does not match. Look twice.", "نام یکی نیست. دوباره بررسی کنید."
)
HOLDER_WAITS = Said("은행에 확인하고 있습니다", "The bank is being asked", "از بانک پرسیده می‌شود")
NOT_YET_TITLE = Said("아직 등록되지 않았습니다", "Nothing is registered yet", "هنوز چیزی ثبت نشده است")
NOT_YET = Said(
    "받는 분이 계좌나 카드를 등록하면 새 링크를 보내 드립니다.",
    "You get a new link when the payee has registered an account or a card.",
    "وقتی دریافت‌کننده حساب یا کارت را ثبت کند، پیوند تازه می‌گیرید.",
)
REPLACED_TITLE = Said(
    "받는 분이 내용을 바꿨습니다", "The payee has changed the details", "دریافت‌کننده مشخصات را تغییر داده است"
)
REPLACED = Said(
    "새로 보내 드린 링크에서 확인해 주세요. 이 링크로는 결제할 수 없습니다.",
    "Use the new link that was sent to you. Nothing can be paid by this one.",
    "از پیوند تازه‌ای که فرستاده شد استفاده کنید. با این پیوند نمی‌توان پرداخت کرد.",
)
APPROVAL_TITLE = Said("다른 담당자의 승인이 필요합니다", "Somebody else has to approve", "تأیید شخص دیگری لازم است")
APPROVAL = Said("승인된 뒤에 결제할 수 있습니다.", "It can be paid when that is done.", "پس از آن می‌توان پرداخت کرد.")
REJECTED_TITLE = Said("승인되지 않았습니다", "This was not approved", "این پرداخت تأیید نشد")
REJECTED_CREATOR = Said(
    "다른 담당자가 승인하지 않아 종료되었습니다. 송금되지 않았습니다.",
    "Somebody else has not approved it, so it is over. Nothing was paid.",
    "شخص دیگری آن را تأیید نکرد و پایان یافت. چیزی پرداخت نشد.",
)
REJECTED_PAYEE = Said(
    "보내는 곳에서 승인하지 않아 송금되지 않습니다. 자세한 내용은 보내는 곳에 문의해 주세요.",
    "The sender has not approved it, so nothing is paid. Please ask the sender if you have a question.",
    "فرستنده آن را تأیید نکرد و چیزی پرداخت نمی‌شود. اگر پرسشی دارید از فرستنده بپرسید.",
)
PAY_WHY = Said(
    "결제가 완료되면 위 계좌로 송금합니다.",
    "When your payment has settled, the money is sent there.",
    "پس از انجام پرداخت شما، پول به آنجا فرستاده می‌شود.",
)
FAILED_CREATOR = Said(
    "돈은 보관되어 있습니다. 받는 분께 다시 등록을 요청했습니다. 돌려받으실 수도 있습니다.",
    "The money is held. The payee was asked for other details. You can also have it back.",
    "پول نگه داشته شده است. از دریافت‌کننده مشخصات دیگری خواسته شد. می‌توانید پس بگیرید.",
)
PAY_HELD = Said("보관된 돈으로 송금하기", "Pay from the money held", "پرداخت از پول نگه‌داشته")
TAKE_BACK = Said("돌려받기", "Have it back", "پس گرفتن پول")
GOING_BACK_TITLE = Said("돈을 돌려 드리고 있습니다", "The money is going back to you", "پول در حال بازگشت به شماست")
GONE_BACK_TITLE = Said("돈을 돌려 드렸습니다", "The money went back to you", "پول به شما بازگشت")
CARD_WORD = Said("카드", "Card", "کارت")

DETAILS_WRONG = Said(
    "번호와 예금주를 다시 확인해 주세요.",
    "Please check the number and the name of the holder.",
    "شماره و نام صاحب حساب را دوباره بررسی کنید.",
)
CARD_WRONG = Said(
    "카드 번호를 다시 확인해 주세요.", "Please check the digits of the card.", "رقم‌های کارت را دوباره بررسی کنید."
)

REFUSALS: dict[str, Said] = {
    "card_number_invalid": CARD_WRONG,
    "account_number_invalid": DETAILS_WRONG,
    "holder_missing": DETAILS_WRONG,
    "wrong_payout_status": texts.SHOW_AGAIN,
    "payout_link_expired": OVER_TITLE,
    "pay_link_replaced": REPLACED_TITLE,
    "holder_unchecked": HOLDER_WAITS,
    "payout_approval_required": APPROVAL_TITLE,
    "payout_details_needed": NOT_YET_TITLE,
}
