"""What the recipient page says, in Korean and in English."""

from __future__ import annotations

from dataclasses import dataclass, replace

from api.pages import words
from api.pages.words import Words


@dataclass(frozen=True, slots=True)
class Texts:
    """All sentences of the page in one language; {names} are filled in.

    Attributes:
        words: those that every page has.
    """

    words: Words
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


KO = Texts(
    words=replace(
        words.KO,
        title="모바일 쿠폰",
        check_why="쿠폰을 보시려면 이 링크를 받은 휴대전화 번호의 마지막 네 자리를 입력해 주세요.",
        link_sent="선물을 받은 휴대전화의 메시지를 확인해 주세요. 이 링크는 더 이상 사용할 수 없습니다.",
        unavailable="지금은 페이지를 열 수 없습니다. 쿠폰은 그대로 보관되어 있습니다.",
        footer="이 페이지의 주소와 쿠폰 번호는 다른 사람에게 알려 주지 마세요.",
    ),
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
)

EN = Texts(
    words=replace(
        words.EN,
        title="Mobile coupon",
        check_why="To see your coupon, enter the last four digits of the phone number that received this link.",
        link_sent="Look for a message on the phone that received the gift. This link cannot be used any more.",
        unavailable="The page cannot be shown right now. Your coupon is safe.",
        footer="Do not share the address of this page or your coupon numbers.",
    ),
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
)

TEXTS: dict[str, Texts] = {"ko": KO, "en": EN}
WORDS: dict[str, Words] = {language: texts.words for language, texts in TEXTS.items()}
