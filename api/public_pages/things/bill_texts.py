"""What the page of a bill says."""

from __future__ import annotations

from api.public_pages import texts
from api.public_pages.said import Said

TITLE = Said("청구서", "Your bill", "صورت‌حساب شما")
FOR_OTHER = Said(
    "다른 분이 이 청구서의 결제를 부탁하셨습니다.",
    "Somebody has asked you to pay this bill.",
    "کسی از شما خواسته است این صورت‌حساب را بپردازید.",
)
DEBIT_CARD = Said("체크카드", "Debit card", "کارت بانکی")
CREDIT_CARD = Said("신용카드", "Credit card", "کارت اعتباری")
CANCELLED_TITLE = Said("취소된 청구서입니다", "This bill was cancelled", "این صورت‌حساب لغو شد")
CANCELLED = Said("결제하실 필요가 없습니다.", "You do not have to pay.", "نیازی به پرداخت نیست.")
OVERDUE = Said(
    "납부 기한이 지났습니다. 지금도 결제하실 수 있습니다.",
    "The due date has passed. You can still pay.",
    "مهلت پرداخت گذشته است. هنوز می‌توانید بپردازید.",
)
NOT_ASKED_TITLE = Said("결제 부탁이 취소되었습니다", "You are no longer asked to pay", "دیگر از شما خواسته نشده است")
NOT_ASKED = Said("결제하실 필요가 없습니다.", "You do not have to pay.", "نیازی به پرداخت نیست.")

AUTO = Said("자동결제", "Auto-pay", "پرداخت خودکار")
AUTO_ON = Said("자동결제 켜짐", "Auto-pay is on", "پرداخت خودکار روشن است")
AUTO_OFF = Said("자동결제 꺼짐", "Auto-pay is off", "پرداخت خودکار خاموش است")
AUTO_WHY = Said(
    "켜 두시면 기한 날짜에 등록된 카드로 결제됩니다. 결제일 2영업일 전까지 미리 알려 드립니다.",
    "When it is on, your card is charged on the due date. You are told at least two business days before.",
    "اگر روشن باشد، در روز سررسید از کارت شما برداشت می‌شود و دست‌کم دو روز کاری پیش‌تر آگاه می‌شوید.",
)
AUTO_ANNOUNCED = Said(
    "{day}에 {amount}이 자동으로 결제됩니다. 그 전까지 끄실 수 있습니다.",
    "{amount} will be charged on {day}. You can switch it off until then.",
    "در {day} مبلغ {amount} برداشت می‌شود. تا آن هنگام می‌توانید خاموش کنید.",
)
AUTO_NOT_THIS = Said(
    "이 청구서는 자동으로 결제되지 않습니다. 직접 결제해 주세요.",
    "This bill is not paid automatically. Please pay it by hand.",
    "این صورت‌حساب خودکار پرداخت نمی‌شود. خودتان بپردازید.",
)
AUTO_PAUSED = Said(
    "다른 분께 결제를 부탁하신 동안에는 자동결제가 멈춥니다.",
    "It rests while somebody else is asked to pay.",
    "تا وقتی از کسی خواسته شده، متوقف است.",
)
AUTO_TURN_ON = Said("자동결제 켜기", "Turn auto-pay on", "روشن کردن پرداخت خودکار")
AUTO_TURN_OFF = Said("자동결제 끄기", "Turn auto-pay off", "خاموش کردن پرداخت خودکار")
AUTO_TOKEN = Said("카드 등록 코드", "Card registration code", "کد ثبت کارت")
AUTO_TOKEN_NOTE = Said(
    "결제 대행사의 카드 등록 화면에서 받은 일회용 코드입니다. 카드 번호는 여기에 입력하지 마세요.",
    "The one-time code from the payment provider's own card page. Never enter a card number here.",
    "کد یک‌بارمصرف از صفحه ثبت کارت ارائه‌دهنده پرداخت. شماره کارت را اینجا وارد نکنید.",
)
AUTO_REGISTERED = Said(
    "등록된 카드를 사용합니다.", "Your registered card is used.", "از کارت ثبت‌شده شما استفاده می‌شود."
)
AUTO_REGISTERING = Said("카드를 등록하고 있습니다.", "The card is being registered.", "کارت در حال ثبت است.")

FORWARD = Said("다른 분께 부탁하기", "Ask somebody else to pay", "از کس دیگری بخواهید")
FORWARD_WHY = Said(
    "그분께 이 청구서의 링크를 보내 드립니다. 낼 책임은 그대로 받는 분께 있습니다.",
    "We send them a link to this bill. It stays yours to pay until they have paid.",
    "پیوند این صورت‌حساب را برایش می‌فرستیم. تا پرداخت او، مسئولیت با شماست.",
)
FORWARD_NAME = Said("이름", "Name", "نام")
FORWARD_PHONE = Said("휴대전화 번호", "Mobile number", "شماره تلفن همراه")
FORWARD_SEND = Said("보내기", "Send", "بفرست")
FORWARDED_TITLE = Said("다른 분께 결제를 부탁하셨습니다", "You asked somebody else", "از کس دیگری خواسته‌اید")
FORWARDED = Said("{name} 님 ({phone})", "{name} ({phone})", "{name} ({phone})")
FORWARD_REVOKE = Said("부탁 취소하기", "Take it back", "پس گرفتن")
FORWARD_SELF = Said(
    "본인이 아닌 다른 번호를 입력해 주세요.",
    "Enter another number than your own.",
    "شماره‌ای جز شماره خودتان وارد کنید.",
)
FORWARD_WRONG = Said(
    "이름과 휴대전화 번호를 확인해 주세요.",
    "Please check the name and the mobile number.",
    "نام و شماره را بررسی کنید.",
)

REFUSALS: dict[str, Said] = {
    "bill_not_open": texts.CLOSED,
    "bill_forwarded": texts.SHOW_AGAIN,
    "forward_not_active": NOT_ASKED,
    "forwardee_may_not": NOT_ASKED,
    "forward_to_self": FORWARD_SELF,
    "auto_pay_on": AUTO_ON,
    "auto_pay_off": AUTO_OFF,
    "card_needed": AUTO_TOKEN_NOTE,
}
