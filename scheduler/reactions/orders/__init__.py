"""What follows from orders: coupons are issued, messages sent, choices made for the silent, voids asked of the issuer.

Which orders have work is asked of the view; what it is, of the order itself. Every batch is on record before a provider
is told, and one that is found open is asked about before it is told again. Any process may be killed at any line.
"""
