"""What the page of a building's unit says."""

from __future__ import annotations

from api.public_pages.said import Said

TITLE = Said("{number}호 관리비", "Charges of unit {number}", "شارژ واحد {number}")
TO_PAY = Said("내실 금액", "To pay", "قابل پرداخت")
OVERDUE = Said("연체된 금액", "Of it overdue", "از آن معوق")
CREDIT = Said("선납된 금액", "Paid in advance", "پیش‌پرداخت")
NOTHING_TITLE = Said("내실 금액이 없습니다", "There is nothing to pay", "چیزی برای پرداخت نیست")
LIABLE: dict[str, Said] = {
    "owner": Said("소유자 부담", "As the owner", "سهم مالک"),
    "resident": Said("거주자 부담", "As the resident", "سهم ساکن"),
}
CHARGES = Said("부과 내역", "What was charged", "ریز هزینه‌ها")
MORE = Said("이전 내역", "Earlier charges", "هزینه‌های پیشین")
LATE_FEE = Said("연체료", "Late fee", "جریمه دیرکرد")
ADJUSTED = Said("{month} 정정", "Correction of {month}", "اصلاح {month}")
SHARE = Said("{total} 중 {weight}/{weights}", "{weight}/{weights} of {total}", "{weight}/{weights} از {total}")
OF_TOTAL = Said("전체 {total}", "of {total} in all", "از کل {total}")
DUE = Said("{day}까지", "due {day}", "مهلت {day}")
PAID = Said("납부", "paid", "پرداخت‌شده")
LEFT = Said("{amount} 남음", "{amount} left", "{amount} مانده")

BASES: dict[str, Said] = {
    "each": Said("세대별 정액", "the same for each", "ثابت برای هر واحد"),
    "equal": Said("세대 균등", "equally", "مساوی"),
    "area": Said("면적 기준", "by area", "بر پایه متراژ"),
    "occupants": Said("인원 기준", "by people", "بر پایه نفرات"),
    "meter": Said("검침 기준", "by meter", "بر پایه کنتور"),
    "weight": Said("가중치 기준", "by weight", "بر پایه ضریب"),
    "manual": Said("직접 입력", "set by hand", "دستی"),
}
"""How a cost is shared (SPEC R-140)."""
