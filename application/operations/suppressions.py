"""Show operators which addresses are left alone, and lift that; each lift is an act on record."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from application.envelope import Actor
from application.mail_address import is_mailbox
from application.operations.recorder import ActRecorder
from application.phone_number import e164
from application.ports.suppressions import BouncedAddress, Suppressions
from domain.channel import Channel
from domain.contact_point import AddressKey, address_key
from domain.operations.acts import SuppressionLifted
from domain.personal import Contact


class NoAddressError(ValueError):
    """What somebody wrote is neither an e-mail address nor a number with its country code."""


def address_meant(written: str) -> AddressKey:
    """The address that somebody means, on the channel that its form tells.

    Raises:
        NoAddressError: it is none.
    """
    text = written.strip()
    if is_mailbox(text):
        return address_key(Contact(text), Channel.EMAIL)
    if (number := e164(text)) is not None:
        return address_key(Contact(number), Channel.SMS)
    raise NoAddressError


class SuppressionService:
    """Lists addresses that bounced, and lets them be used again."""

    def __init__(
        self,
        *,
        suppressions: Suppressions,
        recorder: ActRecorder,
        clock: Callable[[], datetime],
        suppress_for: timedelta,
    ) -> None:
        self._suppressions = suppressions
        self._recorder = recorder
        self._clock = clock
        self._suppress_for = suppress_for

    async def suppressed(self, *, most: int) -> Sequence[BouncedAddress]:
        """The addresses that are left alone now, those that bounced last first.

        One that its registry has confirmed since is among them, and is used all the same.

        Raises:
            StoreUnavailableError: try again later.
        """
        since = self._clock() - self._suppress_for
        return await self._suppressions.latest(since=since, most=most)

    async def lift(self, address: AddressKey, *, by: Actor, reason: str) -> bool:
        """Let an address be used again; whether it had been left alone.

        Raises:
            ReasonMissingError: nobody would know why; nothing was done.
            StoreUnavailableError: try again later.
        """
        now = self._clock()
        if not await self._suppressions.bounced([address], since=now - self._suppress_for):
            return False
        hashed = self._suppressions.address_hash(address)
        act = SuppressionLifted(channel=address[0], address_hash=hashed)
        await self._recorder.record(act, by=by, reason=reason)
        await self._suppressions.lift(hashed, at=now)
        return True
