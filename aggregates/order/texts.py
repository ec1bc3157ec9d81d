"""Texts typed by hand for the people of an order: the message, the page, and what stands for an anniversary (SPEC 3.1).

Three variables are filled for each recipient: name and company from its row, the anniversary from what was typed. The
texts themselves lie in the vault; what is here are their rules, and how they are filled.
"""

from __future__ import annotations

import re
from typing import NamedTuple

from aggregates.errors import Rejected

TEXT_MAX = 2_000
"""Characters of a message as it goes out, whoever gets it (SPEC 0.1)."""

ANNIVERSARY_MAX = 20

NAME, COMPANY, ANNIVERSARY = "#{이름}", "#{회사명}", "#{기념일}"
LONGEST = {NAME: 10, COMPANY: 20, ANNIVERSARY: ANNIVERSARY_MAX}
"""Variable -> characters of the longest that it may stand for."""

_VARIABLE = re.compile(r"#\{[^}]*\}?")


class TextInvalid(Rejected):
    """A text has a character that can be read, and no control character but the end of a line."""

    code = "text_invalid"


class TextTooLong(Rejected):
    """A text has at most 2,000 characters, each variable counted at its longest (SPEC 3.1)."""

    code = "text_too_long"


class TextVariableUnknown(Rejected):
    """The variables of a text are name, company and anniversary (SPEC 3.1)."""

    code = "text_variable_unknown"


class AnniversaryTextMissing(Rejected):
    """A text has the variable of the anniversary, and nothing was typed that it stands for."""

    code = "anniversary_text_missing"


class Texts(NamedTuple):
    """What was typed for an order.

    Attributes:
        message: text of the message. page: text on the recipient's page. anniversary: what its variable stands for.
    """

    message: str = ""
    page: str = ""
    anniversary: str = ""


def check_texts(texts: Texts) -> None:
    """Refuse texts that cannot be sent to everybody.

    Raises:
        TextInvalid, TextTooLong, TextVariableUnknown, AnniversaryTextMissing: in this order, field by field.

    Source: SPEC 3.1, O6.
    """
    for field, text in texts._asdict().items():
        if not text:
            continue
        if text.isspace() or not all(char.isprintable() or char == "\n" for char in text):
            raise TextInvalid(f"{field} must have readable characters and line ends alone", field=field)
        if field == "anniversary":
            _check_anniversary(text)
            continue
        variables = _VARIABLE.findall(text)
        if set(variables) - LONGEST.keys():
            raise TextVariableUnknown(
                f"the variables of {field} must be {NAME}, {COMPANY} and {ANNIVERSARY}", field=field
            )
        given = len(text) + sum(LONGEST[each] - len(each) for each in variables)
        if given > TEXT_MAX:
            raise TextTooLong(
                f"{field} must have at most {TEXT_MAX:,} characters, each variable counted at its longest",
                field=field,
                maximum=TEXT_MAX,
                given=given,
            )
        if ANNIVERSARY in variables and not texts.anniversary:
            raise AnniversaryTextMissing(
                f"{field} has {ANNIVERSARY}: anniversary must say what it stands for", field=field
            )


def filled(text: str, *, name: str, company: str, anniversary: str) -> str:
    """Return a text for one recipient; what is not known of somebody is left out."""
    for variable, value in ((NAME, name), (COMPANY, company), (ANNIVERSARY, anniversary)):
        text = text.replace(variable, value.replace("#{", "# {"))
    return text


def _check_anniversary(text: str) -> None:
    if len(text) > ANNIVERSARY_MAX or "\n" in text:
        raise TextTooLong(
            f"anniversary must have at most {ANNIVERSARY_MAX} characters in one line",
            field="anniversary",
            maximum=ANNIVERSARY_MAX,
            given=len(text),
        )
    if _VARIABLE.search(text):
        raise TextVariableUnknown("anniversary must have no variables", field="anniversary")
