"""A company that orders coupons, without a database: a book, an account with money, and orders in short words.

What it checks after every command holds for every order at any moment: order amount = issued + returned + still held,
its recipients add up, and the account's hold is the order's.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from aggregates.account.spends import NEVER
from aggregates.ids import stream_id
from aggregates.order import Order
from aggregates.order.parts import LIVE, CouponState, DispatchState, OrderLine
from aggregates.spend import Spend
from ledger.command import Answer, Command
from ledger.commands.charges import ChargeAccount
from ledger.commands.order_endings import EndCoupons
from ledger.commands.order_voids import ApproveVoid, RecordVoided, RequestVoid
from ledger.commands.order_work import (
    AutoChoose,
    ChooseItem,
    GiveUpRecipients,
    RecordIssued,
    RecordMessages,
    RequestIssue,
    RequestMessages,
    ResendMessages,
)
from ledger.commands.orders import PlaceOrder
from ledger.commands.standing import OpenAccount
from tests.aggregates.orders import line, tokens
from tests.ledger.commands.book import Book

TITLE = "감사합니다"


class Shop(Book):
    """A book with one account that orders.

    Attributes:
        account_id: the account.
        refund_rate: percent that goes back for expired coupons.
    """

    refund_rate = 0

    def __init__(self, money: int = 1_000_000, mode: str = "prepaid", at: str = "2024-10-28 10:00") -> None:
        super().__init__(at)
        limit = money if mode == "postpaid" else None
        self.account_id: str = self.ask(OpenAccount("Pine Street Bakery", mode, "KRW", limit, 0))["id"]
        self.orders: list[str] = []
        if mode == "prepaid":
            self.do(ChargeAccount(self.account_id, money, "card", None))

    def do(self, command: Command, occurred_at: datetime | None = None) -> Answer:
        """As `Book.do`; then the laws of every order are checked."""
        answer = super().do(command, occurred_at)
        for order_id in getattr(self, "orders", []):
            self.check(self.order(order_id))
        return answer

    def place(self, lines: tuple[OrderLine, ...], recipients: int = 1, **given: Any) -> str:
        """Place an order and return its id."""
        plain: dict[str, Any] = {
            "account_id": self.account_id,
            "member_id": None,
            "name": "autumn gift",
            "kind": "general",
            "lines": lines,
            "dispatch_title": TITLE,
            "recipients": tokens(recipients),
            "consent": True,
        }
        order_id: str = self.ask(PlaceOrder(**{**plain, **given}))["id"]
        self.orders.append(order_id)
        return order_id

    def choice(self, *prices: int, recipients: int = 1, **given: Any) -> str:
        """Place a choice order of items at these prices and return its id."""
        return self.place(tuple(line(price) for price in prices), recipients, kind="choice", **given)

    def order(self, order_id: str) -> Order:
        """Return an order as it stands."""
        order = self.streams[stream_id(order_id)]
        assert isinstance(order, Order)
        return order

    def balance(self) -> int:
        """Return the account's prepaid balance."""
        return self.account(self.account_id).balance_minor

    def issue(self, order_id: str, *recipients: int, line: int = 0, unit: int = 0) -> int:
        """Say that coupons are being asked of the issuer; return the batch."""
        batch = self.order(order_id).issue_batches + 1
        self.do(RequestIssue(order_id, batch, line, recipients, unit))
        return batch

    def issued(self, order_id: str, *recipients: int, line: int = 0, unit: int = 0) -> dict[str, Any]:
        """Ask for coupons and get them."""
        return self.ask(RecordIssued(order_id, self.issue(order_id, *recipients, line=line, unit=unit), recipients, ()))

    def failed(self, order_id: str, *recipients: int, line: int = 0, unit: int = 0) -> dict[str, Any]:
        """Ask for coupons that the issuer does not have."""
        batch = self.issue(order_id, *recipients, line=line, unit=unit)
        return self.ask(RecordIssued(order_id, batch, (), recipients, "discontinued"))

    def send(self, order_id: str, *recipients: int, purpose: str = "first") -> int:
        """Say that messages are being sent; return the batch."""
        batch = self.order(order_id).message_batches + 1
        self.do(RequestMessages(order_id, batch, recipients, purpose))
        return batch

    def reached(self, order_id: str, *recipients: int) -> dict[str, Any]:
        """Send messages that arrive by Alimtalk."""
        return self.ask(RecordMessages(order_id, self.send(order_id, *recipients), recipients, (), ()))

    def missed(self, order_id: str, *recipients: int) -> dict[str, Any]:
        """Send messages that do not arrive."""
        return self.ask(RecordMessages(order_id, self.send(order_id, *recipients), (), (), recipients))

    def resend(self, order_id: str, *recipients: int) -> int:
        """Ask for resends; return the first batch."""
        batch: int = self.ask(ResendMessages(order_id, recipients))["batches"][0]["batch"]
        return batch

    def choose(self, order_id: str, recipient: int, line: int, off_sale: tuple[int, ...] = ()) -> None:
        """Let a recipient pick an item."""
        self.do(ChooseItem(order_id, recipient, line, off_sale))

    def picked(self, order_id: str, recipient: int, line: int) -> dict[str, Any]:
        """Let a recipient pick an item that is issued at once."""
        self.choose(order_id, recipient, line)
        return self.issued(order_id, recipient, line=line)

    def auto(self, order_id: str, *recipients: int, off_sale: tuple[int, ...] = ()) -> dict[str, Any]:
        """Choose for silent recipients."""
        return self.ask(AutoChoose(order_id, recipients, off_sale))

    def give_up(self, order_id: str, *recipients: int, reason: str = "not_delivered", **off: Any) -> dict[str, Any]:
        """Give recipients up."""
        return self.ask(GiveUpRecipients(order_id, recipients, reason, **off))

    def voiding(self, order_id: str, *coupons: int) -> int:
        """Ask for a void and let an operator approve it; return its number."""
        void: int = self.ask(RequestVoid(order_id, coupons, "sent by mistake"))["void"]
        self.do(ApproveVoid(order_id, void))
        return void

    def voided(self, order_id: str, *coupons: int) -> dict[str, Any]:
        """Void coupons."""
        return self.ask(RecordVoided(order_id, self.voiding(order_id, *coupons), coupons, ()))

    def ended(self, order_id: str, *, used: tuple[int, ...] = (), expired: tuple[int, ...] = ()) -> dict[str, Any]:
        """Say that coupons were used or have expired."""
        return self.ask(EndCoupons(order_id, used, expired, self.refund_rate))

    def money(self, order_id: str) -> tuple[int, int, int]:
        """Return (held, confirmed, returned) of an order."""
        order = self.order(order_id)
        return order.held_minor, order.issued_minor, order.returned_minor

    def states(self, order_id: str) -> list[str]:
        """Return the state of each coupon."""
        return [CouponState(state).name.lower() for state in self.order(order_id).coupons]

    def counts(self, order_id: str) -> tuple[int, int, int, int]:
        """Return (progress, success, failure, error)."""
        counts = self.order(order_id).counts
        return counts.progress, counts.success, counts.failure, counts.error

    def code(self, command: Command) -> str:
        """Return the code with which a command is refused."""
        return self.refusal(command).code

    def check(self, order: Order) -> None:
        """Hold an order against the laws: its money, its counters, its hold on the account."""
        assert order.amount_minor == order.held_minor + order.issued_minor + order.returned_minor
        assert min(order.held_minor, order.issued_minor, order.returned_minor) >= 0
        by_state = [order.dispatch.count(state) for state in DispatchState]
        counts = order.counts
        assert by_state == [counts.progress, counts.success, counts.failure, counts.error]
        assert sum(by_state) == order.recipients
        paid = {*LIVE, CouponState.USED, CouponState.EXPIRED}
        confirmed = [order.price_of(coupon) for coupon, state in enumerate(order.coupons) if state in paid]
        expired = [order.price_of(coupon) for coupon, state in enumerate(order.coupons) if state == CouponState.EXPIRED]
        assert order.issued_minor == sum(confirmed) - sum(price * self.refund_rate // 100 for price in expired)
        account = self.account(order.account_id)
        own = self.streams.get(stream_id(order.spend_id))
        spend = account.holds.get(order.spend_id) or (own.state if isinstance(own, Spend) else None)
        assert spend is not None
        assert spend.expires_at == NEVER
        assert (spend.held_minor, spend.captured_minor, spend.returned_minor) == (
            order.held_minor,
            order.issued_minor,
            order.returned_minor,
        )
        if account.mode == "prepaid":
            taken = sum(part.amount_minor for part in spend.lots) + spend.overdrawn_minor
            assert taken == spend.held_minor + spend.captured_minor
