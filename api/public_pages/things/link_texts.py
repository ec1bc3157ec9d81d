"""What the page of a payment link says."""

from __future__ import annotations

from api.public_pages import texts
from api.public_pages.said import Said

TITLE = Said("결제", "Payment", "پرداخت")
EXPIRED_TITLE = Said("기한이 지난 링크입니다", "This link has expired", "اعتبار این پیوند تمام شده است")
EXPIRED = Said(
    "필요하면 보내신 분께 새 링크를 요청해 주세요.",
    "If you still want to pay, ask the sender for a new link.",
    "اگر هنوز می‌خواهید بپردازید، از فرستنده پیوند تازه بخواهید.",
)
DEACTIVATED_TITLE = Said("사용이 중지된 링크입니다", "This link is no longer in use", "این پیوند غیرفعال شده است")
DEACTIVATED = Said(
    "받는 곳에서 이 링크를 중지했습니다.", "The payee has ended it.", "دریافت‌کننده آن را غیرفعال کرده است."
)
SUPERSEDED_TITLE = Said("새 링크로 바뀌었습니다", "A new link has replaced this one", "پیوند تازه‌ای جایگزین شده است")
SUPERSEDED = Said("새로 받으신 링크로 결제해 주세요.", "Please pay by the new link.", "لطفاً با پیوند تازه بپردازید.")
USED_UP_TITLE = Said(
    "더 이상 사용할 수 없는 링크입니다", "This link was used up", "از این پیوند به حداکثر استفاده شده است"
)
USED_UP = Said("정해진 횟수만큼 결제되었습니다.", "It was paid as often as it may be.", "به تعداد مجاز پرداخت شده است.")
BUSY_TITLE = Said("다른 분이 결제하고 있습니다", "Somebody is paying", "کس دیگری در حال پرداخت است")
BUSY = Said(
    "결과가 나오면 이 페이지가 저절로 새로 고쳐집니다.",
    "This page reloads by itself until that has a result.",
    "تا روشن شدن نتیجه، این صفحه خودش تازه می‌شود.",
)
AGAIN = Said("한 번 더 결제하기", "Pay once more", "یک بار دیگر بپردازید")

REFUSALS: dict[str, Said] = {
    "link_expired": EXPIRED_TITLE,
    "link_deactivated": DEACTIVATED_TITLE,
    "link_superseded": SUPERSEDED_TITLE,
    "link_used_up": USED_UP_TITLE,
    "link_payment_pending": texts.IN_FLIGHT,
}
