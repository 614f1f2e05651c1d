"""Unread mails, in memory."""

from collections.abc import Sequence
from datetime import datetime

from application.ports.unread_mail import (
    KEPT_FOR,
    LONGEST_KEPT,
    MOST_KEPT,
    MailId,
    UnreadKind,
    UnreadMail,
)


class InMemoryUnreadMails:
    """Keeps the mails of one process."""

    def __init__(self) -> None:
        self._kept: dict[bytes, UnreadMail] = {}
        self._last = 0

    async def keep(self, kind: UnreadKind, content: bytes, *, at: datetime) -> None:
        if content not in self._kept:
            self._last += 1
            self._kept[content] = UnreadMail(
                mail_id=MailId(self._last),
                kind=kind,
                received_at=at,
                size=len(content),
                content=content[:LONGEST_KEPT],
            )
        too_many = {each.mail_id for each in (await self.latest(self._last, kind))[MOST_KEPT:]}
        self._kept = {
            key: each
            for key, each in self._kept.items()
            if each.mail_id not in too_many and at - each.received_at <= KEPT_FOR
        }

    async def latest(self, most: int, kind: UnreadKind | None = None) -> Sequence[UnreadMail]:
        found = [each for each in self._kept.values() if kind is None or each.kind is kind]
        return found[::-1][:most]

    async def find(self, mail_id: MailId) -> UnreadMail | None:
        return next((each for each in self._kept.values() if each.mail_id == mail_id), None)

    async def forget(self, mail_id: MailId) -> bool:
        before = len(self._kept)
        self._kept = {key: each for key, each in self._kept.items() if each.mail_id != mail_id}
        return len(self._kept) < before
