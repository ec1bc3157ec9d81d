"""What every page says: on the way in, when it cannot be shown, and around what it shows; in three languages.

A page puts its own sentences in the place of those that name what it is about (`dataclasses.replace`).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Language = Literal["ko", "en", "fa"]


@dataclass(frozen=True, slots=True)
class Words:
    """The common sentences in one language; {names} are filled in.

    Attributes:
        direction: in which the language is written. endonym: what its speakers call it.
    """

    language: Language
    direction: Literal["ltr", "rtl"]
    endonym: str
    title: str
    check_title: str
    check_why: str
    digits: str
    digits_hint: str
    confirm: str
    wrong_digits: str
    locked_title: str
    locked: str
    locked_for_good: str
    send_link: str
    link_sent_title: str
    link_sent: str
    link_limit: str
    code_title: str
    code_why: str
    code: str
    code_hint: str
    wrong_code: str
    code_over: str
    again: str
    too_often: str
    not_found_title: str
    not_found: str
    unavailable_title: str
    unavailable: str
    footer: str


KO = Words(
    language="ko",
    direction="ltr",
    endonym="한국어",
    title="안내",
    check_title="본인 확인",
    check_why="내용을 보시려면 이 링크를 받은 휴대전화 번호의 마지막 네 자리를 입력해 주세요.",
    digits="휴대전화 번호 마지막 네 자리",
    digits_hint="숫자 4자리",
    confirm="확인",
    wrong_digits="번호가 맞지 않습니다. 남은 횟수: {left}회",
    locked_title="링크가 잠겼습니다",
    locked="번호가 다섯 번 맞지 않아 이 링크는 더 이상 열 수 없습니다. 받으신 휴대전화로 새 링크를 보내 드립니다.",
    locked_for_good="번호가 다섯 번 맞지 않아 이 링크는 더 이상 열 수 없습니다. 보내신 분께 재발송을 요청해 주세요.",
    send_link="휴대전화로 새 링크 받기",
    link_sent_title="새 링크를 보냈습니다",
    link_sent="링크를 받은 휴대전화의 메시지를 확인해 주세요. 이 링크는 더 이상 사용할 수 없습니다.",
    link_limit="지금은 새 링크를 보낼 수 없습니다. 10분 뒤에 다시 시도하시거나 보내신 분께 재발송을 요청해 주세요.",
    code_title="인증번호 입력",
    code_why="휴대전화로 보낸 인증번호 여섯 자리를 3분 안에 입력해 주세요.",
    code="인증번호",
    code_hint="숫자 6자리",
    wrong_code="인증번호가 맞지 않습니다. 다시 입력해 주세요.",
    code_over="인증번호가 만료되었습니다. 본인 확인부터 다시 해 주세요.",
    again="처음부터 다시 하기",
    too_often="요청이 너무 많습니다. 잠시 후 다시 시도해 주세요.",
    not_found_title="페이지를 찾을 수 없습니다",
    not_found="링크가 올바르지 않거나 더 이상 사용할 수 없습니다. 받은 메시지의 링크를 다시 확인해 주세요.",
    unavailable_title="잠시 후 다시 시도해 주세요",
    unavailable="지금은 페이지를 열 수 없습니다.",
    footer="이 페이지의 주소는 다른 사람에게 알려 주지 마세요.",
)

EN = Words(
    language="en",
    direction="ltr",
    endonym="English",
    title="Notice",
    check_title="Is this you?",
    check_why="To go on, enter the last four digits of the phone number that received this link.",
    digits="Last four digits of your phone number",
    digits_hint="4 digits",
    confirm="Continue",
    wrong_digits="These are not the right digits. Tries left: {left}",
    locked_title="This link is locked",
    locked="The digits were wrong five times, so this link is closed. We can send a new one to the phone it came to.",
    locked_for_good="The digits were wrong five times, so this link is closed. Ask the sender to send it again.",
    send_link="Send a new link to the phone",
    link_sent_title="A new link is on its way",
    link_sent="Look for a message on the phone that received this link. This link cannot be used any more.",
    link_limit="A new link cannot be sent now. Try again in 10 minutes, or ask the sender to send it again.",
    code_title="Enter the code",
    code_why="Enter the six-digit code that we have just sent to your phone. It is valid for 3 minutes.",
    code="Code",
    code_hint="6 digits",
    wrong_code="This is not the right code. Please try again.",
    code_over="The code is no longer valid. Please start again.",
    again="Start again",
    too_often="Too many requests. Please wait a moment and try again.",
    not_found_title="Page not found",
    not_found="The link is wrong, or no longer in use. Please check the link in the message you received.",
    unavailable_title="Please try again in a moment",
    unavailable="The page cannot be shown right now.",
    footer="Do not share the address of this page.",
)

FA = Words(
    language="fa",
    direction="rtl",
    endonym="فارسی",
    title="اطلاعیه",
    check_title="تأیید هویت",
    check_why="برای ادامه، چهار رقم آخر شماره تلفنی را که این پیوند به آن فرستاده شده است وارد کنید.",
    digits="چهار رقم آخر شماره تلفن شما",
    digits_hint="۴ رقم",
    confirm="ادامه",
    wrong_digits="رقم‌ها درست نیست. تعداد دفعات باقی‌مانده: {left}",
    locked_title="این پیوند قفل شده است",
    locked="رقم‌ها پنج بار اشتباه وارد شد و این پیوند بسته شد. می‌توانیم پیوند تازه‌ای به همان تلفن بفرستیم.",
    locked_for_good="رقم‌ها پنج بار اشتباه وارد شد و این پیوند بسته شد. از فرستنده بخواهید دوباره بفرستد.",
    send_link="فرستادن پیوند تازه به تلفن",
    link_sent_title="پیوند تازه فرستاده شد",
    link_sent="پیام‌های تلفنی را که این پیوند به آن رسیده بود ببینید. این پیوند دیگر کار نمی‌کند.",
    link_limit="اکنون نمی‌توان پیوند تازه فرستاد. ده دقیقه دیگر دوباره تلاش کنید یا از فرستنده بخواهید دوباره بفرستد.",
    code_title="کد را وارد کنید",
    code_why="کد شش‌رقمی را که همین حالا به تلفن شما فرستادیم وارد کنید. این کد ۳ دقیقه اعتبار دارد.",
    code="کد",
    code_hint="۶ رقم",
    wrong_code="این کد درست نیست. دوباره تلاش کنید.",
    code_over="اعتبار کد تمام شده است. از نو شروع کنید.",
    again="شروع دوباره",
    too_often="درخواست‌ها زیاد است. کمی صبر کنید و دوباره تلاش کنید.",
    not_found_title="صفحه پیدا نشد",
    not_found="پیوند نادرست است یا دیگر کار نمی‌کند. پیوند را در پیامی که دریافت کرده‌اید دوباره ببینید.",
    unavailable_title="کمی بعد دوباره تلاش کنید",
    unavailable="اکنون نمی‌توان این صفحه را نشان داد.",
    footer="نشانی این صفحه را به دیگران ندهید.",
)

WORDS: dict[str, Words] = {"ko": KO, "en": EN, "fa": FA}


def language_of(accepted: str, chosen: str | None, offered: Mapping[str, Words]) -> Words:
    """Return the sentences for a reader.

    Args:
        accepted: the header Accept-Language, "" when there is none. chosen: by the switch on the page.
        offered: language -> sentences; the first is for those who want none of them.

    Returns:
        What was chosen; else the one of those offered that is wanted most; else the first.
    """
    if chosen is not None and chosen in offered:
        return offered[chosen]
    wanted: list[tuple[float, int, str]] = []
    for index, part in enumerate(accepted.split(",")[:20]):
        tag, _, weight = part.strip().partition(";")
        name = tag.strip().lower().partition("-")[0]
        if name in offered:
            wanted.append((-_weight(weight), index, name))
    default = next(iter(offered))
    first = min(wanted, default=(0.0, 0, default))
    return offered[first[2] if first[0] < 0 else default]


def _weight(text: str) -> float:
    name, _, value = text.strip().partition("=")
    digits = value.strip()
    if name.strip() != "q":
        return 1.0
    whole, _, part = digits.partition(".")
    if whole not in ("0", "1") or not (part == "" or (part.isascii() and part.isdigit() and len(part) <= 3)):
        return 0.0
    thousandths = int(whole) * 1000 + int(part.ljust(3, "0"))
    return thousandths / 1000
