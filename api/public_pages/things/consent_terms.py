"""What a payer agrees to when a business may collect from a bank account, by version.

A version is never changed: what was agreed to can be read again as it was. A new text is a new version (SPEC N2, N5).
"""

from __future__ import annotations

from api.public_pages.said import Said

CONSENT_TERMS: dict[str, Said] = {
    "debit-consent/1": Said(
        ko=(
            "1. 본인은 위 사업자가 본인 명의의 아래 계좌에서 약정한 금액을 자동으로 출금하는 데 동의합니다.\n"
            "2. 출금일이 은행 휴무일이면 다음 영업일에 출금됩니다.\n"
            "3. 금액이 정해져 있지 않으면 출금 전에 금액과 출금일을 미리 알려 드립니다.\n"
            "4. 잔액이 부족하면 출금되지 않거나, 따로 동의하신 경우에 한해 일부만 출금될 수 있습니다.\n"
            "5. 이름, 은행, 계좌 번호, 생년월일 또는 사업자등록번호, 연락처는 출금을 위해 은행과 출금 대행 기관에"
            " 제공되며, 암호화하여 보관하고 해지 후 5년이 지나면 파기합니다.\n"
            "6. 동의는 언제든지 이 페이지나 은행, 사업자를 통해 해지하실 수 있습니다."
        ),
        en=(
            "1. I agree that the business named above collects what is agreed from the account below, which is mine.\n"
            "2. Where the day of collection is a bank holiday, the next business day counts.\n"
            "3. Where no amount is fixed, I am told the amount and the day before each collection.\n"
            "4. Where the balance does not suffice, nothing is collected, or a part of it if I have agreed to that.\n"
            "5. My name, bank, account number, date of birth or business number and contact are given to the bank and"
            " the collecting agency, are kept encrypted, and are destroyed 5 years after the consent has ended.\n"
            "6. I can end this consent at any time, on this page, at the bank or with the business."
        ),
        fa=(
            "۱. می‌پذیرم که کسب‌وکار نام‌برده مبلغ توافق‌شده را از حساب زیر که به نام من است برداشت کند.\n"
            "۲. اگر روز برداشت تعطیل بانکی باشد، روز کاری بعد برداشت می‌شود.\n"
            "۳. اگر مبلغ ثابت نباشد، پیش از هر برداشت مبلغ و روز آن به من گفته می‌شود.\n"
            "۴. اگر موجودی کافی نباشد چیزی برداشت نمی‌شود، یا تنها در صورت موافقت من بخشی از آن.\n"
            "۵. نام، بانک، شماره حساب، تاریخ تولد یا شماره ثبت و راه تماس من به بانک و نهاد برداشت داده می‌شود،"
            " رمزنگاری‌شده نگه‌داری و ۵ سال پس از پایان موافقت نابود می‌شود.\n"
            "۶. هر زمان می‌توانم در همین صفحه، در بانک یا نزد کسب‌وکار به این موافقت پایان دهم."
        ),
    )
}
"""Version -> text."""
