"""What the pages of all kinds share: the two parties, the lines at the foot, words that mean the same everywhere."""

from __future__ import annotations

from ledger.documents import content as contents
from ledger.documents.page import Content, Party
from ledger.documents.shown import instant, number

WORDS = {
    "ko": {
        "supplier": "공급자",
        "recipient": "공급받는 자",
        "business_number": "사업자등록번호",
        "name": "상호",
        "representative": "대표자",
        "address": "사업장 주소",
        "telephone": "전화",
        "company": "회사명",
        "email": "받는 사람",
        "account": "계정번호",
        "member": "서브회원",
        "number": "문서번호",
        "issued_at": "발행일시",
        "digest": "내용 지문(SHA-256)",
        "position": "원장 위치 {position}",
        "version": "계정 버전 {version}",
        "verify": "진위 확인: GET /v1/documents/{number}/verify?sha256=(파일의 SHA-256 또는 위 지문)",
        "total": "합계",
        "none": "해당 내역이 없습니다.",
    },
    "en": {
        "supplier": "Supplier",
        "recipient": "Recipient",
        "business_number": "Business no.",
        "name": "Trade name",
        "representative": "Representative",
        "address": "Address",
        "telephone": "Telephone",
        "company": "Company",
        "email": "Attention",
        "account": "Account",
        "member": "Sub-member",
        "number": "Document no.",
        "issued_at": "Issued at",
        "digest": "Content digest (SHA-256)",
        "position": "Ledger position {position}",
        "version": "account version {version}",
        "verify": "Verify: GET /v1/documents/{number}/verify?sha256=(SHA-256 of the file, or the digest above)",
        "total": "Total",
        "none": "Nothing to show.",
    },
}
METHODS = {
    "ko": {"card": "신용카드", "transfer": "실시간 계좌이체", "virtual_account": "가상계좌", "adjustment": "조정",
           "imported": "이관"},
    "en": {"card": "Credit card", "transfer": "Bank transfer", "virtual_account": "Virtual account",
           "adjustment": "Adjustment", "imported": "Imported"},
}  # fmt: skip


def supplier(content: Content) -> Party:
    """Return the block of the company that issues the document."""
    words, block = WORDS[content["language"]], content["supplier"]
    names = ("business_number", "name", "representative", "address", "telephone")
    return Party(words["supplier"], [(words[name], block[name]) for name in names])


def recipient(content: Content) -> Party:
    """Return the block of whom the document is for."""
    words, block = WORDS[content["language"]], content["recipient"]
    named = (("company", "name"), ("email", "email"), ("member", "member_id"), ("account", "account_id"))
    return Party(words["recipient"], [(words[word], block[name]) for word, name in named if block.get(name)])


def head(content: Content) -> list[tuple[str, str]]:
    """Return the document's number and when it was issued; a document without number has none."""
    words = WORDS[content["language"]]
    lines = [(words["number"], content["number"])] if content["number"] else []
    return [*lines, (words["issued_at"], f"{instant(content['issued_at'])} (KST)")]


def foot(content: Content) -> list[str]:
    """Return the lines at the foot: where the ledger stood, the digest, and how to check both."""
    words = WORDS[content["language"]]
    at = {"position": content["position"], "version": content["account_version"]}
    lines = [
        " · ".join(words[name].format(**{name: number(place)}) for name, place in at.items() if place is not None),
        f"{words['digest']}  {contents.digest(contents.canonical(content))}",
    ]
    return [*lines, words["verify"].format(number=content["number"])] if content["number"] else lines


def method(name: str, language: str) -> str:
    """Return what people call a way to pay; one that has no name stays what it is."""
    return METHODS[language].get(name, name)
