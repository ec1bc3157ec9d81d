"""What the recipient page says, in Korean and in English."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Language = Literal["ko", "en"]


@dataclass(frozen=True, slots=True)
class Texts:
    """All sentences of the page in one language; {names} are filled in."""

    language: Language
    title: str
    other_language: str
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
    greeting: str
    greeting_nameless: str
    number: str
    valid_until: str
    day: str
    show_clerk: str
    voided: str
    all_voided: str
    some_voided: str
    used: str
    expired: str
    all_ended: str
    preparing_title: str
    preparing: str
    reload: str
    nothing_issued: str
    choose_title: str
    choose_until: str
    choose_final: str
    choose: str
    choose_one: str
    discontinued: str
    some_gone: str
    all_gone: str
    choice_closed: str
    already_chosen: str
    item_gone: str
    given_up: str
    chosen_for_you: str
    footer: str


KO = Texts(
    language="ko",
    title="모바일 쿠폰",
    other_language="English",
    check_title="본인 확인",
    check_why="쿠폰을 보시려면 이 링크를 받은 휴대전화 번호의 마지막 네 자리를 입력해 주세요.",
    digits="휴대전화 번호 마지막 네 자리",
    digits_hint="숫자 4자리",
    confirm="확인",
    wrong_digits="번호가 맞지 않습니다. 남은 횟수: {left}회",
    locked_title="링크가 잠겼습니다",
    locked="번호가 다섯 번 맞지 않아 이 링크는 더 이상 열 수 없습니다. 받으신 휴대전화로 새 링크를 보내 드립니다.",
    locked_for_good="번호가 다섯 번 맞지 않아 이 링크는 더 이상 열 수 없습니다. 보내신 분께 재발송을 요청해 주세요.",
    send_link="휴대전화로 새 링크 받기",
    link_sent_title="새 링크를 보냈습니다",
    link_sent="선물을 받은 휴대전화의 메시지를 확인해 주세요. 이 링크는 더 이상 사용할 수 없습니다.",
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
    unavailable="지금은 페이지를 열 수 없습니다. 쿠폰은 그대로 보관되어 있습니다.",
    greeting="{name} 님께 도착한 선물입니다.",
    greeting_nameless="선물이 도착했습니다.",
    number="쿠폰 번호",
    valid_until="유효기간",
    day="{year}년 {month}월 {day}일까지",
    show_clerk="매장에서 결제하실 때 쿠폰 번호를 보여 주세요.",
    voided="폐기된 쿠폰",
    all_voided="이 쿠폰은 모두 폐기되어 사용할 수 없습니다.",
    some_voided="일부 쿠폰은 폐기되어 사용할 수 없습니다.",
    used="사용 완료",
    expired="기간 만료",
    all_ended="사용할 수 있는 쿠폰이 더 이상 없습니다.",
    preparing_title="쿠폰을 준비하고 있습니다",
    preparing="잠시만 기다려 주세요. 이 페이지는 저절로 새로 고쳐집니다.",
    reload="새로 고침",
    nothing_issued="쿠폰이 발행되지 않았습니다. 보내신 분께 문의해 주세요.",
    choose_title="선물을 하나 골라 주세요",
    choose_until="{until}까지 고르지 않으시면 보내신 분이 정한 상품이 자동으로 발송됩니다.",
    choose_final="한 번 고르면 바꿀 수 없습니다.",
    choose="이 상품으로 받기",
    choose_one="상품을 하나 골라 주세요.",
    discontinued="판매 종료",
    some_gone="일부 상품은 판매가 종료되어 고를 수 없습니다.",
    all_gone="모든 상품의 판매가 종료되어 고를 수 있는 상품이 없습니다. 보내신 분께 문의해 주세요.",
    choice_closed="선택 기간이 끝났습니다. 보내신 분이 정한 상품이 발송됩니다.",
    already_chosen="이미 상품이 정해졌습니다. 먼저 고른 상품으로 발송됩니다.",
    item_gone="고르신 상품은 지금 받을 수 없습니다. 다른 상품을 골라 주세요.",
    given_up="선택 기간이 지나 이 선물은 더 이상 받을 수 없습니다. 보내신 분께 문의해 주세요.",
    chosen_for_you="선택 기간이 지나 보내신 분이 정한 상품이 발송되었습니다.",
    footer="이 페이지의 주소와 쿠폰 번호는 다른 사람에게 알려 주지 마세요.",
)

EN = Texts(
    language="en",
    title="Mobile coupon",
    other_language="한국어",
    check_title="Is this you?",
    check_why="To see your coupon, enter the last four digits of the phone number that received this link.",
    digits="Last four digits of your phone number",
    digits_hint="4 digits",
    confirm="Continue",
    wrong_digits="These are not the right digits. Tries left: {left}",
    locked_title="This link is locked",
    locked="The digits were wrong five times, so this link is closed. We can send a new one to the phone it came to.",
    locked_for_good="The digits were wrong five times, so this link is closed. Ask the sender to send it again.",
    send_link="Send a new link to the phone",
    link_sent_title="A new link is on its way",
    link_sent="Look for a message on the phone that received the gift. This link cannot be used any more.",
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
    unavailable="The page cannot be shown right now. Your coupon is safe.",
    greeting="A gift for {name}.",
    greeting_nameless="A gift has arrived for you.",
    number="Coupon number",
    valid_until="Valid until",
    day="{year}-{month}-{day}",
    show_clerk="Show the coupon number when you pay at the store.",
    voided="Cancelled coupon",
    all_voided="All of these coupons have been cancelled and cannot be used.",
    some_voided="Some coupons have been cancelled and cannot be used.",
    used="Used",
    expired="Expired",
    all_ended="There is no coupon left that can be used.",
    preparing_title="Your coupon is being prepared",
    preparing="Please wait a moment. This page reloads by itself.",
    reload="Reload",
    nothing_issued="No coupon could be issued. Please ask the sender.",
    choose_title="Choose your gift",
    choose_until="If you do not choose by {until}, you will get the item that the sender has picked.",
    choose_final="Your choice cannot be changed later.",
    choose="Get this item",
    choose_one="Please choose one item.",
    discontinued="No longer sold",
    some_gone="Some items are no longer sold and cannot be chosen.",
    all_gone="None of the items is sold any more. Please ask the sender.",
    choice_closed="The time to choose is over. You will get the item that the sender has picked.",
    already_chosen="An item has been settled already. You will get the one that was chosen first.",
    item_gone="This item cannot be had any more. Please choose another one.",
    given_up="The time to choose is over and this gift can no longer be received. Please ask the sender.",
    chosen_for_you="The time to choose was over, so you got the item that the sender had picked.",
    footer="Do not share the address of this page or your coupon numbers.",
)

TEXTS: dict[str, Texts] = {"ko": KO, "en": EN}


def language_of(accepted: str, chosen: str | None) -> Texts:
    """Return the sentences for a reader.

    Args:
        accepted: the header Accept-Language, "" when there is none. chosen: by the switch on the page.

    Returns:
        What was chosen; else the one of the two that is wanted most; else Korean.
    """
    if chosen in TEXTS:
        return TEXTS[chosen]
    wanted: list[tuple[float, int, str]] = []
    for index, part in enumerate(accepted.split(",")[:20]):
        tag, _, weight = part.strip().partition(";")
        name = tag.strip().lower().partition("-")[0]
        if name in TEXTS:
            wanted.append((-_weight(weight), index, name))
    first = min(wanted, default=(0.0, 0, "ko"))
    return TEXTS[first[2]] if first[0] < 0 else KO


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
