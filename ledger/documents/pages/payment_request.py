"""The page of a payment request's evidence: what was asked, said and paid, and every fact's place in the seal."""

from __future__ import annotations

from typing import Any

from ledger.documents import content as contents
from ledger.documents.page import Column, Content, Page, Party, Table
from ledger.documents.shown import instant, number

KIND = "payment_request_evidence"

WORDS = {
    "ko": {
        "title": "지급 요청 증빙",
        "request": "요청번호",
        "made_at": "작성일시",
        "status": "상태",
        "payee": "청구자",
        "payer": "상대방",
        "account": "계정번호",
        "name": "이름",
        "phone": "전화",
        "email": "이메일",
        "asked": "현재 청구금액",
        "due_on": "지급기한",
        "paid_amount": "확인된 지급액",
        "outstanding": "남은 금액",
        "overdue": "연체",
        "days": "{days}일",
        "rejection": "거절 사유",
        "versions": "요청 내용 이력",
        "version": "차수",
        "details": "내용",
        "at": "일시",
        "attachments": "첨부 파일",
        "file": "파일",
        "size": "바이트",
        "amendments": "변경 제안",
        "side": "제안",
        "payments": "지급 내역",
        "payment": "지급번호",
        "method": "수단",
        "amount": "금액",
        "returned": "취소·반환",
        "facts": "원장 기록",
        "position": "위치",
        "block": "블록",
        "topic": "기록",
        "digest": "지문(SHA-256)",
        "none": "없음",
        "seal": "원장 위치 {position}, 봉인 블록 {blocks}, 머리 해시 {head}",
        "content": "내용 지문(SHA-256)",
    },
    "en": {
        "title": "Request evidence",
        "request": "Request",
        "made_at": "Made at",
        "status": "State",
        "payee": "Asks",
        "payer": "Is asked",
        "account": "Account",
        "name": "Name",
        "phone": "Telephone",
        "email": "E-mail",
        "asked": "Asked for now",
        "due_on": "Due on",
        "paid_amount": "Paid",
        "outstanding": "Left to pay",
        "overdue": "Overdue",
        "days": "{days} days",
        "rejection": "Rejected because",
        "versions": "What was asked for",
        "version": "Version",
        "details": "Details",
        "at": "At",
        "attachments": "Attachments",
        "file": "File",
        "size": "Bytes",
        "amendments": "Changes proposed",
        "side": "By",
        "payments": "Payments",
        "payment": "Payment",
        "method": "Method",
        "amount": "Amount",
        "returned": "Taken or given back",
        "facts": "Facts",
        "position": "Position",
        "block": "Block",
        "topic": "Fact",
        "digest": "Digest (SHA-256)",
        "none": "None.",
        "seal": "Ledger position {position}, seal block {blocks}, head {head}",
        "content": "Content digest (SHA-256)",
    },
}
STATES = {
    "sent": "발송",
    "accepted": "수락",
    "rejected": "거절",
    "withdrawn": "철회",
    "expired": "만료",
    "partially_paid": "일부 지급",
    "paid": "지급 완료",
    "reversed": "지급 취소됨",
    "proposed": "제안",
    "pending": "진행 중",
    "settled": "결제 완료",
    "failed": "실패",
}
"""What states are called in Korean; in English they are their own words."""

REASONS = {
    "not_ordered": "주문하지 않음",
    "not_delivered": "받지 못함",
    "wrong_amount": "금액 불일치",
    "wrong_due_date": "기한 불일치",
    "already_paid": "이미 지급함",
    "unknown_requester": "모르는 청구자",
    "other": "기타",
}
"""What the codes of rejections are called in Korean, likewise."""


def page_of(content: Content) -> Page:
    """Return the page of the evidence of one request; `figures` is the evidence itself."""
    evidence, language = content["figures"], content["language"]
    words, request, seal = WORDS[language], evidence["request"], evidence["seal"]
    words = {**words, **(STATES | REASONS if language == "ko" else {})}
    return Page(
        title=words["title"],
        language=language,
        currency=request["currency"],
        created_at=content["issued_at"],
        head=[
            (words["request"], request["id"]),
            (words["made_at"], f"{instant(content['issued_at'])} (KST)"),
            (words["status"], _said(words, request["status"])),
        ],
        parties=[_party(words, "payee", evidence["payee"]), _party(words, "payer", evidence["payer"])],
        headline=(words["asked"], request["amount"], f"{words['due_on']} {request['due_on']}"),
        facts=_figures(words, request),
        tables=[
            _versions(words, request),
            _files(words, request),
            _amendments(words, request),
            _payments(words, request),
            _facts(words, evidence["facts"]),
        ],
        foot=[
            words["seal"].format(position=number(seal["position"]), blocks=number(seal["blocks"]), head=seal["head"]),
            f"{words['content']}  {contents.digest(contents.canonical(evidence))}",
        ],
    )


def _party(words: dict[str, str], side: str, party: dict[str, Any]) -> Party:
    person = party["person"] or {}
    lines = [
        (words["name"], party["account_name"] or person.get("name")),
        (words["account"], party["account_id"]),
        (words["phone"], person.get("phone")),
        (words["email"], person.get("email")),
    ]
    return Party(words[side], [(label, value) for label, value in lines if value])


def _figures(words: dict[str, str], request: dict[str, Any]) -> list[tuple[str, str]]:
    late = words["days"].format(days=request["days_late"])
    overdue = f"{request['overdue_from']} ~ {request['overdue_to'] or ''} ({late})"
    rejection = request["rejection"] or {}
    lines = [
        (words["paid_amount"], number(request["paid"])),
        (words["outstanding"], "" if request["outstanding"] is None else number(request["outstanding"])),
        (words["overdue"], overdue if request["overdue_from"] else words["none"]),
        (words["rejection"], f"{_said(words, rejection['code'])}: {rejection['text'] or ''}" if rejection else ""),
    ]
    return [(label, value) for label, value in lines if value]


def _versions(words: dict[str, str], request: dict[str, Any]) -> Table:
    return Table(
        words["versions"],
        [
            Column(words["version"], "number"), Column(words["at"], "date"), Column(words["amount"], "money"),
            Column(words["due_on"], "date"), Column(words["details"], weight=1),
        ],
        [
            [each["version"], instant(each["at"]), each["amount"], each["due_on"], each["details"]]
            for each in request["versions"]
        ],
        empty=words["none"],
    )  # fmt: skip


def _files(words: dict[str, str], request: dict[str, Any]) -> Table:
    files = {file["id"]: file for each in request["versions"] for file in each["attachments"]}
    return Table(
        words["attachments"],
        [Column(words["file"], weight=1), Column(words["size"], "number"), Column(words["digest"], weight=2)],
        [[file["name"] or file["type"], file["size"], file["sha256"]] for file in files.values()],
        empty=words["none"],
    )


def _amendments(words: dict[str, str], request: dict[str, Any]) -> Table:
    return Table(
        words["amendments"],
        [
            Column(words["at"], "date"), Column(words["side"]), Column(words["status"]),
            Column(words["amount"], "money"), Column(words["due_on"], "date"), Column(words["details"], weight=1),
        ],
        [
            [instant(each["at"]), words[each["side"]], _said(words, each["status"]), each["amount"], each["due_on"],
             each["text"] or each["details"]]
            for each in request["amendments"]
        ],
        empty=words["none"],
    )  # fmt: skip


def _payments(words: dict[str, str], request: dict[str, Any]) -> Table:
    return Table(
        words["payments"],
        [
            Column(words["payment"], weight=1), Column(words["status"]), Column(words["method"]),
            Column(words["at"], "date"), Column(words["amount"], "money"), Column(words["returned"], "money"),
        ],
        [
            [each["id"], _said(words, each["status"]), each["method"], each["paid_on"], each["amount"],
             each["reversed"] + each["refunded"]]
            for each in request["payments"]
        ],
        empty=words["none"],
    )  # fmt: skip


def _facts(words: dict[str, str], facts: list[dict[str, Any]]) -> Table:
    return Table(
        words["facts"],
        [
            Column(words["position"], "number"), Column(words["block"], "number"), Column(words["topic"]),
            Column(words["digest"], weight=1),
        ],
        [[each["position"], each["block"], each["topic"], each["digest"]] for each in facts],
        empty=words["none"],
    )  # fmt: skip


def _said(words: dict[str, str], name: str) -> str:
    """Return what a state or a reason is called."""
    return words.get(name, name.replace("_", " "))
