"""The channels, and how an order chooses among them."""

from enum import StrEnum


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

    EMAIL = "email"
    SMS = "sms"
    EMAIL_PREFERRED = "email_preferred"
    SMS_PREFERRED = "sms_preferred"
    EMAIL_AND_SMS = "email_and_sms"

    @property
    def wanted(self) -> tuple[Channel, ...]:
        """The channels that are to be used when the contact points allow it."""
        match self:
            case ChannelChoice.EMAIL | ChannelChoice.EMAIL_PREFERRED:
                return (Channel.EMAIL,)
            case ChannelChoice.SMS | ChannelChoice.SMS_PREFERRED:
                return (Channel.SMS,)
            case ChannelChoice.EMAIL_AND_SMS:
                return (Channel.EMAIL, Channel.SMS)

    @property
    def fallback(self) -> Channel | None:
        """The channel to use for somebody who has no contact point on the wanted one."""
        match self:
            case ChannelChoice.EMAIL_PREFERRED:
                return Channel.SMS
            case ChannelChoice.SMS_PREFERRED:
                return Channel.EMAIL
            case _:
                return None

    @property
    def possible(self) -> tuple[Channel, ...]:
        """Every channel that a notification of this order may take."""
        return self.wanted if self.fallback is None else (*self.wanted, self.fallback)
