"""Ports: what the ledger asks of the world outside, one Protocol for each kind of provider.

A port is called only after the fact that says so is durable, under a key derived from that fact, and its answer is
recorded as a fact in turn. Every call is idempotent by its key: the same call again does nothing new and answers the
same. No answer is not a no: `PortUnavailable` and the status `unknown` mean that the provider has to be asked again.
"""

from __future__ import annotations

from dataclasses import dataclass

from ledger.ports.channels import ChannelPort
from ledger.ports.consent import ConsentPort
from ledger.ports.coupons import CouponIssuer
from ledger.ports.direct_debit import DirectDebitPort
from ledger.ports.errors import PortRefused, PortUnavailable
from ledger.ports.gateway import PaymentGateway
from ledger.ports.messages import MessagePort
from ledger.ports.otp import OtpPort
from ledger.ports.payouts import PayoutPort
from ledger.ports.registry import BusinessRegistry

__all__ = ["PortRefused", "PortUnavailable", "Ports"]


@dataclass(frozen=True, slots=True)
class Ports:
    """All providers of one ledger.

    Attributes:
        coupons: issues and voids coupons. messages: Alimtalk, MMS, SMS, e-mail. channels: Kakao sender profiles.
        gateway: takes payments. payouts: sends bank transfers. otp: one-time codes. registry: business numbers.
        debits: collects from bank accounts. consents: asks payers whether they agree.
    """

    coupons: CouponIssuer
    messages: MessagePort
    channels: ChannelPort
    gateway: PaymentGateway
    payouts: PayoutPort
    otp: OtpPort
    registry: BusinessRegistry
    debits: DirectDebitPort
    consents: ConsentPort
