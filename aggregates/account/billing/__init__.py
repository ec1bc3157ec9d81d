"""Postpaid money after its capture: unbilled by month, invoices, payments, carry-over (SPEC 6).

`state` is what an account remembers of it; `months` counts captured money by month; the nouns beside them hold facts
and decisions. All of it is decided on the account from its own facts, never from a view that may lag.
"""
