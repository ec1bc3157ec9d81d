"""What readers see: views that can be dropped and rebuilt from the facts, and the queries on them.

Each view keeps its rows, its SQL, its projection and its queries in one file. A view's rows and its position are
written in one transaction, in batches; a fact that a view cannot take stops that one view, loudly, and no other. This
package may import `aggregates` and `ledger`; it never decides anything and never writes a fact.

What the faces above may call. `conn` is a `psycopg.AsyncConnection` (autocommit) whose search_path is the ledger's
schema; ids are public ids; answers are plain JSON-ready dicts in the shapes of the HTTP face; `at` is now by the
ledger's clock. A `Page` is `(items, next_cursor)`, newest first; `limit` is 1..200 (50 when None); a cursor belongs
to its filter. Unless said, an unknown account gives an empty page: whoever asks checks the account first. `NotFound`
and `Malformed` are raised as everywhere.

`projections.tracking`
    VIEWS: accounts, transactions, limits, charges, spends, refund_requests, adjustments, journal, products, quotes,
        anniversary_rules, payments, payouts, sender_profiles, orders
    await position(conn, *views) -> int                 the lowest position these views have reached
    await wait_for(conn, *views, at_least=None, timeout_s=2.0) -> int
                                                        the same, once it is >= at_least; ViewBehind (503) otherwise.
                                                        Ask it before the query: the rows are then at least that new.
`projections.accounts`
    await page(conn, *, at, name=None, cursor=None, limit=None) -> Page          also by exact name
    await one(conn, account_id, *, at) -> dict                                   NotFound
`projections.transactions`
    await page(conn, account_id, *, cursor=None, limit=None) -> Page
`projections.limits`
    await of(conn, account_id, *, at) -> dict                {month, limit, used, remaining, members, cash}
`projections.charges`
    await page(conn, account_id, *, status=None, cursor=None, limit=None) -> Page
    await one(conn, charge_id) -> dict                                           NotFound
    await lots(conn, account_id, *, cursor=None, limit=None) -> Page             open ones, in the order of spending
    await parked(conn, *, account_id=None, status="parked", cursor=None, limit=None) -> Page
    await due_deposits(conn, *, at, limit=100) -> list[dict]                     {account_id, charge_id, expires_on}
`projections.spends`
    await page(conn, account_id, *, cursor=None, limit=None) -> Page
    await one(conn, spend_id) -> dict                                            NotFound
    await due_holds(conn, *, at, limit=100) -> list[dict]                        {account_id, spend_id, expires_at}
`projections.refund_requests`
    await page(conn, account_id=None, *, status=None, cursor=None, limit=None) -> Page      None = all accounts
    await one(conn, refund_id) -> dict                                           NotFound
`projections.adjustments`
    await page(conn, account_id=None, *, status=None, cursor=None, limit=None) -> Page      None = all accounts
`projections.order_queries`                                 the view `orders`, for people
    await page(conn, OrderFilter(...), *, cursor=None, limit=None) -> Page
    await one(conn, order_id) -> dict; row_of(conn, order_id) -> dict            OrderNotFound
    await recipients_of(conn, row, *, dispatch=None, cursor=None, limit=None) -> Page        by number; tokens, no names
    await voids_of(conn, *, order_id=None, account_id=None, member_id=None, status=None, cursor=None,
        limit=None) -> Page
    await tallies(conn, account_id, member_id) -> dict                           orders by state
`projections.order_work`, `projections.order_open`          the view `orders`, for reactions
`projections.journal`
    await page(conn, *, from_date=None, to_date=None, account=None, cursor=None, limit=None) -> Page
    await trial_balance(conn, *, position=None) -> dict      {position, accounts: [...], totals: [...]}
`projections.asof`
    await account(conn, account_id, *, at, as_of=None, at_version=None) -> dict  NotFound; folds the store's facts
`projections.statement`
    await statement(conn, account_id, *, from_date, to_date, version=None) -> dict          NotFound
    to_csv(statement) -> bytes
`projections.status`
    await status(conn, *, now) -> list[dict]       {view, position, lag_facts, lag_seconds, state, error, since}
`projections.runner`
    run(settings, stop) -> None                    feeds all views until the event is set: a worker process
`projections.rebuild`
    rebuild(settings, names=(), progress=None) -> list[Rebuilt]      beside the live ones, then swapped
    check(settings, names=(), progress=None) -> list[Checked]        compared with the live ones; changes nothing
"""
