"""The company that issues documents: its block on each of them, read once from a file of the operator's.

Without a file the sandbox issues documents in the name of an example company, and a ledger with real money issues none.
"""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from aggregates.errors import Conflict


class CompanyUnusable(Exception):
    """The file of `LEDGER_COMPANY_FILE` cannot be used; the message says why, and nothing of what stands in it."""


class CompanyUnknown(Conflict):
    """Documents name who issues them, and nobody has said who that is."""

    code = "company_unknown"


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True, hide_input_in_errors=True)


class Words(_Part):
    """How the company is written in one language."""

    name: str = Field(min_length=1, max_length=100)
    address: str = Field(min_length=1, max_length=200)
    representative: str = Field(min_length=1, max_length=100)
    bank: str = Field(min_length=1, max_length=100)
    account_holder: str = Field(min_length=1, max_length=100)


class Company(_Part):
    """Who issues documents.

    Attributes:
        business_number: NNN-NN-NNNNN, with its check digit (SPEC M4).
        telephone: as printed. account_number: where invoices are paid to.
        ko, en: the rest, in both languages.
    """

    business_number: str = Field(pattern=r"^[0-9]{3}-[0-9]{2}-[0-9]{5}$")
    telephone: str = Field(min_length=1, max_length=40)
    account_number: str = Field(min_length=1, max_length=40)
    ko: Words
    en: Words

    def block(self, language: str) -> dict[str, str]:
        """Return what documents in a language say of the company."""
        words = self.ko if language == "ko" else self.en
        return {
            "business_number": self.business_number,
            "telephone": self.telephone,
            "account_number": self.account_number,
            **words.model_dump(),
        }


EXAMPLE = Company(
    business_number="123-45-67891",
    telephone="02-0000-0000",
    account_number="000-0000-000000",
    ko=Words(
        name="(주)푸른연 모바일쿠폰",
        address="서울특별시 예시구 등대로 12, 3층",
        representative="한바다",
        bank="예시은행",
        account_holder="(주)푸른연 모바일쿠폰",
    ),
    en=Words(
        name="Blue Kite Mobile Coupons Co., Ltd.",
        address="3F, 12 Deungdae-ro, Yesi-gu, Seoul",
        representative="Han Bada",
        bank="Example Bank",
        account_holder="Blue Kite Mobile Coupons Co., Ltd.",
    ),
)
"""A made-up company, for the sandbox alone."""


def load_company(file: Path | None, *, sandbox: bool) -> Company | None:
    """Return the company that issues documents; None when nobody has said.

    Args:
        file: TOML, as docs/documents.md shows it; None = not given.
        sandbox: whether the example company may stand in.

    Raises:
        CompanyUnusable: the file cannot be read, or a field is missing, unknown or wrong.
    """
    if file is None:
        return EXAMPLE if sandbox else None
    try:
        read: dict[str, Any] = tomllib.loads(file.read_text(encoding="utf-8"))
        company = Company.model_validate(read)
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise CompanyUnusable(f"LEDGER_COMPANY_FILE cannot be read: {type(error).__name__}") from None
    except ValidationError as error:
        fields = sorted({".".join(map(str, fault["loc"])) for fault in error.errors()})
        raise CompanyUnusable(f"LEDGER_COMPANY_FILE: wrong, missing or unknown: {', '.join(fields)}") from None
    if not has_check_digit(company.business_number):
        raise CompanyUnusable("LEDGER_COMPANY_FILE: business_number has a wrong check digit")
    return company


def has_check_digit(business_number: str) -> bool:
    """Say whether the last digit of a business number fits the others. Source: SPEC M4."""
    digits = [int(digit) for digit in business_number if digit.isdigit()]
    weighed = sum(digit * weight for digit, weight in zip(digits, (1, 3, 7, 1, 3, 7, 1, 3, 5), strict=False))
    return len(digits) == 10 and (10 - (weighed + 5 * digits[8] // 10) % 10) % 10 == digits[9]
