"""The monthly refund report: what was asked back in a month, what was paid out, and what was kept as a fee."""

from __future__ import annotations

from ledger.documents.page import Column, Content, Page, Table
from ledger.documents.pages import parts
from ledger.documents.shown import instant, number

WORDS = {
    "ko": {
        "title": "월별 환불 내역서",
        "month": "대상월",
        "all": "전체 계정",
        "scope": "대상",
        "paid_out": "환불 완료 지급액",
        "summary": "상태별 요약",
        "status": "상태",
        "count": "건수",
        "amount": "신청금액",
        "fee": "수수료",
        "payout": "지급액",
        "rows": "환불 신청 내역",
        "no": "번호",
        "requested": "신청일시",
        "closed": "처리일시",
        "refund": "환불번호",
        "notice": "신청일이 대상월에 속한 환불의 발행 시점 상태입니다. 계좌번호와 예금주는 포함하지 않습니다.",
    },
    "en": {
        "title": "Monthly Refund Report",
        "month": "Month",
        "all": "all accounts",
        "scope": "Scope",
        "paid_out": "Paid out",
        "summary": "By state",
        "status": "State",
        "count": "Count",
        "amount": "Requested",
        "fee": "Fee",
        "payout": "Payout",
        "rows": "Refund requests",
        "no": "No.",
        "requested": "Requested at",
        "closed": "Settled at",
        "refund": "Refund",
        "notice": "Refunds requested in the month, as they stood at the moment of issue, without bank accounts.",
    },
}
STATES = {
    "ko": {
        "requested": "환불 요청",
        "reviewing": "환불 검토",
        "paying": "지급 중",
        "payout_unknown": "지급 확인 중",
        "payout_failed": "지급 실패",
        "payout_returned": "지급 반송",
        "completed": "환불 완료",
        "rejected": "환불 반려",
        "cancelled": "환불 취소",
    },
    "en": {
        "requested": "requested",
        "reviewing": "reviewing",
        "paying": "paying",
        "payout_unknown": "pay-out unknown",
        "payout_failed": "pay-out failed",
        "payout_returned": "pay-out returned",
        "completed": "completed",
        "rejected": "rejected",
        "cancelled": "cancelled",
    },
}


def page_of(content: Content) -> Page:
    """Return the page of a refund report."""
    figures, language = content["figures"], content["language"]
    words, own = WORDS[language], content["recipient"].get("account_id")
    paid = sum(row["payout"] for row in figures["rows"] if row["status"] == "completed")
    return Page(
        title=words["title"],
        language=language,
        currency=figures["currency"],
        created_at=content["issued_at"],
        head=[*parts.head(content), (words["month"], figures["month"])],
        parties=[parts.supplier(content), *([parts.recipient(content)] if own else [])],
        headline=(words["paid_out"], paid, figures["month"]),
        facts=[(words["scope"], own or words["all"])],
        tables=[_summary(content), _rows(content)],
        notices=[words["notice"]],
        foot=parts.foot(content),
    )


def _summary(content: Content) -> Table:
    figures, language = content["figures"], content["language"]
    words, states = WORDS[language], STATES[language]
    rows = figures["rows"]
    kinds = [state for state in states if any(row["status"] == state for row in rows)]
    return Table(
        words["summary"],
        [Column(words["status"], weight=2), Column(words["count"], "number", 1), *_figures(words)],
        [[states[state], *_sums([row for row in rows if row["status"] == state])] for state in kinds],
        [[parts.WORDS[language]["total"], *_sums(rows)]],
    )


def _rows(content: Content) -> Table:
    figures, language = content["figures"], content["language"]
    words, states, shared = WORDS[language], STATES[language], parts.WORDS[language]
    rows = figures["rows"]
    _, amount, fee, payout = _sums(rows)
    return Table(
        words["rows"],
        [
            Column(words["requested"], "date"),
            Column(words["refund"], weight=1),
            Column(words["status"]),
            Column(words["closed"], "date"),
            Column(words["amount"], "money"),
            Column(words["fee"], "money"),
            Column(words["payout"], "money"),
        ],
        [
            [instant(row["requested_at"]), row["refund_id"], states.get(row["status"], row["status"]),
             instant(row["settled_at"]) if row["settled_at"] else None, row["amount"], row["fee"], row["payout"]]
            for row in rows
        ],
        [[f"{shared['total']} ({number(len(rows))})", None, None, None, amount, fee, payout]],
        shared["none"],
    )  # fmt: skip


def _figures(words: dict[str, str]) -> list[Column]:
    return [Column(words[name], "money", 1) for name in ("amount", "fee", "payout")]


def _sums(rows: list[dict[str, int]]) -> list[int]:
    return [len(rows), *(sum(row[name] for row in rows) for name in ("amount", "fee", "payout"))]
