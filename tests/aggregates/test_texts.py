"""Texts typed by hand: how long they may be, which variables they have, what each recipient reads (SPEC 3.1, O6)."""

from __future__ import annotations

import pytest

from aggregates.errors import Rejected
from aggregates.order.texts import Texts, check_texts, filled

NAMED = "#{이름} 님, #{회사명}에서 #{기념일} 축하드립니다."


@pytest.mark.parametrize(
    ("texts", "code"),
    [
        (Texts(), None),
        (Texts(message="가" * 2_000), None),
        (Texts(message="가" * 2_001), "text_too_long"),
        (Texts(page="가" * 2_001), "text_too_long"),
        (Texts(message="#{이름}" + "가" * 1_990), None),
        (Texts(message="#{이름}" + "가" * 1_991), "text_too_long"),
        (Texts(message="#{회사명}" + "가" * 1_980), None),
        (Texts(message="#{회사명}" + "가" * 1_981), "text_too_long"),
        (Texts(message=NAMED, anniversary="창립기념일"), None),
        (Texts(message=NAMED), "anniversary_text_missing"),
        (Texts(page="#{기념일}"), "anniversary_text_missing"),
        (Texts(anniversary="a" * 20), None),
        (Texts(anniversary="a" * 21), "text_too_long"),
        (Texts(anniversary="one\ntwo"), "text_too_long"),
        (Texts(anniversary="#{이름}"), "text_variable_unknown"),
        (Texts(message="#{전화번호}"), "text_variable_unknown"),
        (Texts(message="#{이름"), "text_variable_unknown"),
        (Texts(message="first line\nsecond line"), None),
        (Texts(message=" \n "), "text_invalid"),
        (Texts(message="a\x00b"), "text_invalid"),
        (Texts(page="a\u202eb"), "text_invalid"),
    ],
)
def test_a_text_has_at_most_2000_characters_and_three_variables(texts: Texts, code: str | None) -> None:
    """SPEC 0.1: 2,000; each variable counted at its longest, so that nobody's message is too long."""
    if code is None:
        check_texts(texts)
        return
    with pytest.raises(Rejected) as refused:
        check_texts(texts)
    assert refused.value.code == code
    assert all(text not in str(refused.value) for text in texts if text and "#{" not in text)


def test_variables_are_filled_for_each_recipient() -> None:
    """SPEC 3.1: name and company from its row, the anniversary as typed; what is not known is left out."""
    assert filled(NAMED, name="하늘", company="파인", anniversary="창립일") == "하늘 님, 파인에서 창립일 축하드립니다."
    assert filled(NAMED, name="", company="", anniversary="") == " 님, 에서  축하드립니다."
    assert filled("#{이름}", name="#{회사명}", company="Pine", anniversary="") == "# {회사명}"
