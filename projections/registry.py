"""All views there are, in the order in which they are fed."""

from __future__ import annotations

from projections.accounts import Accounts
from projections.adjustments import Adjustments
from projections.anniversary_rules import AnniversaryRules
from projections.bills import Bills
from projections.buildings import Buildings
from projections.charges import Charges
from projections.direct_debits import DirectDebits
from projections.documents import Documents
from projections.invoices import Invoices
from projections.journal import Journal
from projections.limits import Limits
from projections.notices import Notices
from projections.obligations import Obligations
from projections.order_retention import OrderRetention
from projections.orders import Orders
from projections.payment_links import PaymentLinks
from projections.payment_requests import PaymentRequests
from projections.payments import Payments
from projections.payout_links import PayoutLinks
from projections.payouts import Payouts
from projections.periods import Periods
from projections.products import Products
from projections.quotes import Quotes
from projections.reconciliation import Reconciliation
from projections.refund_requests import RefundRequests
from projections.sender_profiles import SenderProfilesView
from projections.spends import Spends
from projections.tellings import Tellings
from projections.transactions import Transactions
from projections.view import View
from projections.withdrawals import Withdrawals

ALL_VIEWS: tuple[View, ...] = (
    Accounts(),
    Transactions(),
    Limits(),
    Charges(),
    Spends(),
    RefundRequests(),
    Adjustments(),
    Journal(),
    Products(),
    Quotes(),
    AnniversaryRules(),
    Notices(),
    Payments(),
    Payouts(),
    SenderProfilesView(),
    Orders(),
    OrderRetention(),
    Invoices(),
    Documents(),
    Periods(),
    Reconciliation(),
    Obligations(),
    Withdrawals(),
    Tellings(),
    PaymentRequests(),
    Bills(),
    PayoutLinks(),
    DirectDebits(),
    PaymentLinks(),
    Buildings(),
)


def chosen(names: tuple[str, ...] = ()) -> tuple[View, ...]:
    """Return the views of these names, all without any.

    Raises:
        LookupError: there is no view of one of these names.
    """
    known = {view.NAME: view for view in ALL_VIEWS}
    unknown = [name for name in names if name not in known]
    if unknown:
        raise LookupError(f"there is no such view; the views are {', '.join(known)}")
    return tuple(known[name] for name in names) or ALL_VIEWS
