"""One order of mobile coupons: what was ordered, for how many, and how far each coupon and message is (SPEC 2, 3)."""

from aggregates.order.order import Order

__all__ = ["Order"]
