"""What all public pages say about money: what is due, how it is paid, and where a payment stands."""

from __future__ import annotations

from api.public_pages.said import Said

PAYEE = Said("받는 곳", "Paid to", "دریافت‌کننده")
AMOUNT = Said("금액", "Amount", "مبلغ")
AMOUNT_DUE = Said("결제하실 금액", "Amount to pay", "مبلغ قابل پرداخت")
AMOUNT_OPEN = Said("금액을 직접 정하실 수 있습니다.", "You decide how much to pay.", "مبلغ را خودتان تعیین می‌کنید.")
OUTSTANDING = Said("남은 금액", "Still to pay", "مانده")
ALREADY_PAID = Said("결제된 금액", "Paid so far", "پرداخت‌شده تاکنون")
TOTAL = Said("전체 금액", "In all", "مبلغ کل")
DUE_ON = Said("납부 기한", "Due by", "مهلت پرداخت")
EXPIRES_ON = Said("링크 유효 기한", "Link valid until", "اعتبار پیوند تا")
UNTIL = Said("{day}까지", "Until {day}", "تا {day}")

HOW = Said("결제 방법", "How do you want to pay?", "روش پرداخت")
CARD = Said("카드", "Card", "کارت")
CARD_NOTE = Said("신용카드 · 체크카드", "Credit or debit card", "کارت اعتباری یا بانکی")
TRANSFER = Said("계좌이체", "Bank transfer", "انتقال بانکی")
TRANSFER_NOTE = Said("은행 계좌에서 바로 이체", "Straight from your bank account", "مستقیم از حساب بانکی شما")
VIRTUAL_ACCOUNT = Said("가상계좌 입금", "Deposit to an account number", "واریز به شماره حساب")
VIRTUAL_ACCOUNT_NOTE = Said(
    "발급된 계좌로 기한 안에 입금",
    "We give you a number; you pay in until its last day",
    "شماره‌ای می‌گیرید و تا مهلت آن واریز می‌کنید",
)
DIRECT_DEBIT = Said("자동이체", "Direct debit", "برداشت مستقیم")
OUTSIDE = Said("받는 분이 확인한 입금", "Confirmed by the payee", "تأیید دریافت‌کننده")

YOUR_AMOUNT = Said("결제할 금액", "Amount you pay now", "مبلغی که اکنون می‌پردازید")
IN_WON = Said("원", "won", "وون")
IN_RIALS = Said("리알 단위로 입력", "in rials", "به ریال")
BOUNDS = Said("{low}부터 {high}까지", "From {low} to {high}", "از {low} تا {high}")
UP_TO = Said("{high}까지", "Up to {high}", "تا {high}")
AT_LEAST = Said("{low} 이상", "At least {low}", "دست‌کم {low}")
PAY = Said("결제하기", "Pay", "پرداخت")
PAY_AMOUNT = Said("{amount} 결제하기", "Pay {amount}", "پرداخت {amount}")

PENDING_TITLE = Said("결제를 처리하고 있습니다", "Your payment is being processed", "پرداخت شما در حال انجام است")
PENDING = Said(
    "아직 결제가 완료되지 않았습니다. 이 페이지는 저절로 새로 고쳐집니다.",
    "It is not complete yet. This page reloads by itself.",
    "هنوز کامل نشده است. این صفحه خودش تازه می‌شود.",
)
WAITING_TITLE = Said("입금을 기다리고 있습니다", "Waiting for your deposit", "در انتظار واریز شما")
WAITING = Said(
    "아래 계좌로 정확한 금액을 입금해 주세요. 입금이 확인되어야 결제가 완료됩니다.",
    "Pay in exactly this amount. It is paid only when the deposit has arrived.",
    "دقیقاً همین مبلغ را واریز کنید. پرداخت تنها پس از رسیدن واریز کامل می‌شود.",
)
PAY_IN_TO = Said("입금 계좌", "Pay in to", "واریز به")
BANK = Said("은행", "Bank", "بانک")
PAY_IN_UNTIL = Said("입금 기한", "Pay in until", "مهلت واریز")
RELOAD = Said("새로 고침", "Reload", "تازه‌سازی")
OTHER_PAYER = Said(
    "결과가 나올 때까지 다른 방법으로 결제할 수 없습니다.",
    "Until it has a result, nothing else can be paid here.",
    "تا روشن شدن نتیجه، پرداخت دیگری ممکن نیست.",
)

PAID_TITLE = Said("결제가 완료되었습니다", "Paid", "پرداخت شد")
PAID = Said("{amount}이 {day}에 결제되었습니다.", "{amount} was paid on {day}.", "{amount} در {day} پرداخت شد.")
PAID_PLAIN = Said("결제할 금액이 없습니다.", "There is nothing left to pay.", "چیزی برای پرداخت نمانده است.")
PARTLY_TITLE = Said("일부 결제되었습니다", "Partly paid", "بخشی پرداخت شده است")
REFUNDED_TITLE = Said("환불되었습니다", "Refunded", "بازپرداخت شد")
PART_REFUNDED_TITLE = Said("결제 후 일부 환불되었습니다", "Paid, and partly refunded", "پرداخت شد و بخشی بازپرداخت شد")
REFUNDED = Said("환불된 금액: {amount}", "Refunded: {amount}", "بازپرداخت‌شده: {amount}")
REVERSED = Said(
    "이전 결제가 취소되어 다시 결제가 필요합니다.",
    "An earlier payment was taken back, so this is due again.",
    "پرداخت پیشین برگشت خورده است و باید دوباره پرداخت شود.",
)
CREDIT = Said("더 낸 금액: {amount}", "Paid beyond what is due: {amount}", "مبلغ اضافه پرداخت‌شده: {amount}")
FAILED = Said(
    "지난 결제가 완료되지 않았습니다. 돈은 빠져나가지 않았습니다. 다시 시도해 주세요.",
    "The last payment did not go through. No money was taken. Please try again.",
    "پرداخت پیشین انجام نشد و پولی برداشت نشد. دوباره تلاش کنید.",
)
GIVE_UP = Said("다른 방법으로 결제하기", "Pay in another way", "پرداخت به روش دیگر")
GIVE_UP_NOTE = Said(
    "이 계좌를 더 이상 쓰지 않습니다. 이미 입금하셨다면 누르지 마세요.",
    "This number is closed then. Do not press it if you have sent the money already.",
    "این شماره بسته می‌شود. اگر پول را فرستاده‌اید این دکمه را نزنید.",
)
GIVEN_UP_LATE = Said(
    "이 결제는 더 이상 입금을 기다리지 않습니다. 다시 확인해 주세요.",
    "This payment does not wait for a deposit any more. Please look again.",
    "این پرداخت دیگر منتظر واریز نیست. دوباره نگاه کنید.",
)
DEPOSIT_OVER = Said(
    "지난번에 받은 입금 계좌는 더 이상 사용할 수 없습니다. 다시 선택해 주세요.",
    "The account number you were given before is no longer in use. Please choose again.",
    "شماره حسابی که پیش‌تر گرفتید دیگر کار نمی‌کند. دوباره انتخاب کنید.",
)
PAYMENTS = Said("결제 내역", "Payments", "پرداخت‌ها")
TAKEN_BACK = Said("취소됨", "taken back", "برگشت‌خورده")
GONE_BACK = Said("환불됨", "refunded", "بازپرداخت‌شده")
CLOSED_TITLE = Said("더 이상 결제할 수 없습니다", "This can no longer be paid", "دیگر قابل پرداخت نیست")
CLOSED = Said("요청이 종료되었습니다.", "It is not asked for any more.", "این درخواست پایان یافته است.")
OVERDUE = Said("기한이 지났습니다", "Overdue", "مهلت گذشته است")

NO_GATEWAY = Said(
    "지금은 여기에서 결제할 수 없습니다. 받는 곳에 문의해 주세요.",
    "It cannot be paid here at the moment. Please ask the payee.",
    "اکنون نمی‌توان اینجا پرداخت کرد. از دریافت‌کننده بپرسید.",
)
CHOOSE_METHOD = Said("결제 방법을 골라 주세요.", "Choose how to pay.", "روش پرداخت را انتخاب کنید.")
TYPE_AMOUNT = Said("금액을 숫자로 입력해 주세요.", "Enter the amount in figures.", "مبلغ را به رقم وارد کنید.")
IN_FLIGHT = Said(
    "다른 결제가 이미 진행 중입니다. 결과를 기다려 주세요.",
    "Another payment is under way. Please wait for its result.",
    "پرداخت دیگری در جریان است. منتظر نتیجه بمانید.",
)
NOTHING_LEFT = Said("이미 결제되었습니다.", "It has been paid already.", "پیش‌تر پرداخت شده است.")
NOT_NOW = Said(
    "지금은 처리할 수 없습니다. 페이지를 새로 고친 뒤 다시 시도해 주세요.",
    "This cannot be done now. Reload the page and try again.",
    "اکنون نمی‌توان انجام داد. صفحه را تازه کنید و دوباره تلاش کنید.",
)
SHOW_AGAIN = Said(
    "내용이 바뀌었습니다. 다시 확인해 주세요.",
    "Something has changed. Please look again.",
    "چیزی تغییر کرده است. دوباره ببینید.",
)
REQUIRED = Said("{field}: 입력해 주세요.", "{field}: please fill this in.", "{field}: این بخش را پر کنید.")
