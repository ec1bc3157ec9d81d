"""Postpaid customers of the town: months of orders, voids, invoices and payments, as a story and by chance."""

from __future__ import annotations

import random
from typing import TYPE_CHECKING

from aggregates.account import Account
from aggregates.account.billing.months import month_of
from ledger.command import Command
from ledger.commands.invoices import (
    AdjustInvoice,
    IssueInvoice,
    LiftOverdueBlock,
    PayInvoices,
    PayOutCredit,
    PaySettlement,
)
from ledger.commands.order_voids import ApproveVoid, RecordVoided, RequestVoid
from ledger.commands.order_work import ChooseItem, RecordIssued, RecordMessages, RequestIssue, RequestMessages
from ledger.commands.orders import PlaceOrder
from ledger.commands.spends import ReturnSpend
from ledger.commands.standing import SwitchMode
from tests.aggregates.orders import line, tokens

if TYPE_CHECKING:
    from tests.projections.town import Town


def choice_over_two_months(town: Town, account_id: str) -> tuple[str, str]:
    """Let a choice order of 2024-09-29 be chosen by one on 09-30 and by the other on 10-02; invoices follow (SPEC 6).

    Returns the ids of order and spend. A plain spend of 4,832 is bought in September, too.
    """
    town.at("2024-09-29 12:00")
    lines = (line(29_700), line(9_900))
    order = town.do(PlaceOrder(account_id, None, "autumn gift", "choice", lines, "감사합니다", tokens(2), True))
    order_id = order["id"]
    town.do(RequestMessages(order_id, 1, (0, 1)))
    town.do(RecordMessages(order_id, 1, (0, 1), (), ()))
    town.spend(account_id, 4_832, reference="desk-7")
    town.at("2024-09-30 12:00")
    _pick(town, order_id, 0, 1, 1)
    town.at("2024-10-01 00:10").do(IssueInvoice(account_id, "2024-10"))
    town.at("2024-10-02 12:00")
    _pick(town, order_id, 1, 0, 2)
    town.at("2024-11-01 00:10").do(IssueInvoice(account_id, "2024-11"))
    return order_id, order["spend_id"]


def void_both(town: Town, order_id: str) -> None:
    """Void both coupons of that order."""
    town.do(RequestVoid(order_id, (0, 1), "sent by mistake"))
    town.do(ApproveVoid(order_id, 1))
    town.do(RecordVoided(order_id, 1, (0, 1), ()))


def invoices(town: Town, account_id: str) -> None:
    """Let everything happen to a postpaid customer that its invoices show."""
    order_id, _ = choice_over_two_months(town, account_id)
    october, november = town.account(account_id).billing.invoices
    town.do(PayInvoices(account_id, 10_000, ((october, 5_000), (november, 5_000)), "wire-2", "virtual_account"))
    town.do(AdjustInvoice(account_id, november, 29_000, "agreed"))
    town.do(LiftOverdueBlock(account_id, "promised"))
    town.do(PaySettlement(account_id, 30_000, "wire-3"))
    spent = town.spend(account_id, 20_000)
    town.do(PaySettlement(account_id, town.account(account_id).receivable_minor, "wire-4"))
    void_both(town, order_id)
    town.at("2024-12-01 00:10").do(IssueInvoice(account_id, "2024-12"))
    town.do(ReturnSpend(account_id, spent, 20_000, "void"))
    town.do(PayOutCredit(account_id, "pays by card from now on", "wire-5"))
    newcomer = town.open_postpaid("New Leaf Press")
    town.do(SwitchMode(newcomer, "prepaid", None, 1_000, 0, "asked for"))


def invoice_step(chance: random.Random, town: Town, account: Account) -> Command | None:
    """Think of something that happens to a postpaid account's invoices."""
    account_id, open_ids = account.account_id, list(account.billing.invoices)
    if not open_ids or chance.random() < 0.5:
        return IssueInvoice(account_id, month_of(town.now))
    invoice_id = chance.choice(open_ids)
    owed_minor = account.billing.invoices[invoice_id].outstanding_minor
    part_minor = chance.randint(1, owed_minor)
    steps: list[Command] = [
        PayInvoices(account_id, part_minor, ((invoice_id, part_minor),), None),
        PaySettlement(account_id, chance.randint(1, owed_minor), None),
        AdjustInvoice(account_id, invoice_id, chance.randint(0, 2 * owed_minor), "agreed"),
        LiftOverdueBlock(account_id, "promised"),
    ]
    return chance.choice(steps)


def _pick(town: Town, order_id: str, recipient: int, item: int, batch: int) -> None:
    town.do(ChooseItem(order_id, recipient, item))
    town.do(RequestIssue(order_id, batch, item, (recipient,)))
    town.do(RecordIssued(order_id, batch, (recipient,), ()))
