"""The channels, and how an order chooses among them."""

from enum import StrEnum
from typing import Self


class Channel(StrEnum):
    """A way to reach somebody."""

    EMAIL = "email"
    SMS = "sms"

    @property
    def other(self) -> "Channel":
        """The channel to fall back to."""
        return Channel.SMS if self is Channel.EMAIL else Channel.EMAIL


class ChannelChoice(StrEnum):
    """Which channels the sender asked for."""

    EMAIL = "email", (Channel.EMAIL,)
    SMS = "sms", (Channel.SMS,)
    EMAIL_PREFERRED = "email_preferred", (Channel.EMAIL,), Channel.SMS
    SMS_PREFERRED = "sms_preferred", (Channel.SMS,), Channel.EMAIL
    EMAIL_AND_SMS = "email_and_sms", (Channel.EMAIL, Channel.SMS)

    wanted: tuple[Channel, ...]
    """The channels that are to be used when the contact points allow it."""
    fallback: Channel | None
    """The channel to use for somebody who has no contact point on the wanted one."""
    possible: tuple[Channel, ...]
    """Every channel that a notification of this order may take."""

    def __new__(
        cls, word: str, wanted: tuple[Channel, ...], fallback: Channel | None = None
    ) -> Self:
        """A choice by its word; what it means is looked up for every order, and so stands ready."""
        choice = str.__new__(cls, word)
        choice._value_ = word
        choice.wanted = wanted
        choice.fallback = fallback
        choice.possible = wanted if fallback is None else (*wanted, fallback)
        return choice
