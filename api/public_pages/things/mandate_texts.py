"""What the page of a mandate says."""

from __future__ import annotations

from api.public_pages import texts
from api.public_pages.said import Said

TITLE = Said("자동이체 동의", "Direct debit consent", "موافقت با برداشت مستقیم")
ASKS = Said("동의를 요청한 곳", "Asked for by", "درخواست‌کننده")
FIXED = Said("약정 금액", "Designated amount", "مبلغ ثابت")
MAX_DEBIT = Said("한 번에 최대", "At most at a time", "حداکثر هر بار")
MAX_MONTH = Said("한 달에 최대", "At most in a month", "حداکثر هر ماه")
VARIES = Said(
    "금액은 매번 미리 알려 드립니다", "The amount varies; you are told before", "مبلغ متغیر است و پیشاپیش گفته می‌شود"
)
PARTIAL = Said("잔액 부족 시 일부 출금", "A part where the balance is short", "برداشت بخشی در کمبود موجودی")
YES = Said("예", "Yes", "بله")
UNTIL = Said("동의 기한", "Consent by", "مهلت موافقت")
REPLACES = Said(
    "지금 쓰시는 자동이체는 새 계좌가 은행에 등록될 때까지 그대로 유지됩니다.",
    "Your present consent stays as it is until the bank has registered the new account.",
    "موافقت کنونی شما تا ثبت حساب تازه در بانک برقرار می‌ماند.",
)
TERMS = Said("동의 내용 ({version})", "What you agree to ({version})", "متن موافقت ({version})")
AGREE = Said("위 내용에 동의합니다.", "I agree to this.", "با این متن موافقم.")
BANK = Said("은행", "Bank", "بانک")
BANK_CODE = Said("은행 코드 (숫자 3자리)", "Code of the bank (3 digits)", "کد بانک (۳ رقم)")
NUMBER = Said("계좌 번호", "Account number", "شماره حساب")
HOLDER = Said("예금주", "Name of the holder", "نام صاحب حساب")
IDENTITY = Said(
    "생년월일 6자리 또는 사업자등록번호 10자리",
    "Date of birth (YYMMDD) or business number",
    "تاریخ تولد (شش رقم) یا شماره ثبت (ده رقم)",
)
SEND = Said("계좌 확인하고 계속하기", "Check the account and go on", "بررسی حساب و ادامه")
NOT_YOURS = Said(
    "은행에서 계좌를 확인하지 못했습니다. 계좌 번호와 예금주를 다시 입력해 주세요.",
    "The bank could not confirm the account. Please enter number and holder again.",
    "بانک حساب را تأیید نکرد. شماره و نام صاحب حساب را دوباره وارد کنید.",
)
LAPSED = Said(
    "시간 안에 동의가 확인되지 않았습니다. 계좌를 다시 입력하시면 동의를 다시 요청합니다.",
    "The consent was not confirmed in time. Enter the account again, and you are asked once more.",
    "موافقت در زمان مقرر تأیید نشد. حساب را دوباره وارد کنید تا دوباره پرسیده شود.",
)
VERIFYING_TITLE = Said(
    "은행에 계좌를 확인하고 있습니다", "The bank is being asked about the account", "از بانک درباره حساب پرسیده می‌شود"
)
CONSENT_TITLE = Said("동의를 기다리고 있습니다", "Waiting for your consent", "در انتظار موافقت شما")
CONSENT_APP = Said(
    "휴대전화 앱으로 보낸 전자서명 요청을 5분 안에 승인해 주세요.",
    "Approve the signature request that was sent to your app within 5 minutes.",
    "درخواست امضا را که به برنامه تلفن شما فرستاده شد تا ۵ دقیقه تأیید کنید.",
)
CONSENT_ARS = Said(
    "곧 걸려 오는 전화를 받아 3분 안에 음성으로 동의해 주세요.",
    "Answer the telephone call and agree by voice within 3 minutes.",
    "به تماس تلفنی پاسخ دهید و تا ۳ دقیقه با صدای خود موافقت کنید.",
)
PAPER = Said(
    "서면 동의서가 접수되면 이 페이지에서 계좌를 입력하실 수 있습니다.",
    "When the written form has been handed in, you can enter the account here.",
    "پس از تحویل فرم کتبی می‌توانید حساب را اینجا وارد کنید.",
)
CONSENTED_TITLE = Said("동의가 완료되었습니다", "You have consented", "موافقت شما ثبت شد")
CONSENTED = Said(
    "은행에 등록하고 있습니다. 등록되면 자동이체가 시작됩니다.",
    "The bank is registering it. Nothing is collected before that.",
    "در حال ثبت در بانک است. پیش از آن چیزی برداشت نمی‌شود.",
)
ACTIVE_TITLE = Said("자동이체가 등록되어 있습니다", "The direct debit is active", "برداشت مستقیم فعال است")
SUSPENDED_TITLE = Said(
    "자동이체가 잠시 중지되어 있습니다", "Nothing is collected for the time being", "برداشت فعلاً متوقف است"
)
ACCOUNT = Said("출금 계좌", "Account", "حساب")
CANCEL = Said("자동이체 해지하기", "End the direct debit", "پایان برداشت مستقیم")
CANCEL_WHY = Said(
    "해지하시면 더 이상 출금되지 않습니다. 낼 금액이 남아 있으면 다른 방법으로 내셔야 합니다.",
    "Nothing is collected any more. What is still due has to be paid in another way.",
    "دیگر چیزی برداشت نمی‌شود. بدهی باقی‌مانده را باید به روش دیگری بپردازید.",
)
FAILED_TITLE = Said("등록되지 않았습니다", "It was not registered", "ثبت نشد")
FAILED = Said(
    "다시 등록하시려면 요청한 곳에 새 링크를 요청해 주세요.",
    "If you still want it, ask for a new link.",
    "اگر هنوز می‌خواهید، پیوند تازه بخواهید.",
)
ENDED_TITLE = Said("해지된 자동이체입니다", "The direct debit has ended", "برداشت مستقیم پایان یافته است")
LATE_TITLE = Said("동의 기한이 지났습니다", "The time to consent is over", "مهلت موافقت گذشته است")
REPLACED_TITLE = Said("다른 계좌로 바뀌었습니다", "Another account has taken its place", "حساب دیگری جایگزین شده است")
WRONG = Said(
    "은행, 계좌 번호, 예금주, 생년월일을 다시 확인해 주세요.",
    "Please check bank, number, holder and date of birth.",
    "بانک، شماره، نام صاحب حساب و تاریخ تولد را بررسی کنید.",
)
NOT_AGREED = Said("동의 내용에 표시해 주세요.", "Please tick that you agree.", "لطفاً موافقت را علامت بزنید.")
SPENT = Said(
    "더 이상 계좌를 입력할 수 없습니다. 새 링크를 요청해 주세요.",
    "No more accounts can be entered. Please ask for a new link.",
    "دیگر نمی‌توان حساب وارد کرد. پیوند تازه بخواهید.",
)

REFUSALS: dict[str, Said] = {
    "mandate_step_not_allowed": texts.SHOW_AGAIN,
    "account_entries_spent": SPENT,
    "consent_form_missing": PAPER,
}
