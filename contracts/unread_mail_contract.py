"""What everything that keeps unread mails promises; a suite for each names its stand."""

from datetime import timedelta

from application.ports.unread_mail import (
    KEPT_FOR,
    LONGEST_KEPT,
    MOST_KEPT,
    MailId,
    UnreadKind,
    UnreadMails,
)
from contracts.samples import NOON


class UnreadMailsContract:
    async def test_a_mail_is_kept_as_it_came(self, mails: UnreadMails) -> None:
        await mails.keep(UnreadKind.COMPLAINT, b"Hei\0\xff", at=NOON)

        (kept,) = await mails.latest(10)
        assert (kept.kind, kept.content, kept.size) == (UnreadKind.COMPLAINT, b"Hei\0\xff", 5)
        assert kept.received_at == NOON
        assert await mails.find(kept.mail_id) == kept

    async def test_the_latest_come_first_and_of_one_kind_where_that_is_asked(
        self, mails: UnreadMails
    ) -> None:
        for number, kind in enumerate([UnreadKind.UNCLEAR, UnreadKind.FOREIGN, UnreadKind.UNCLEAR]):
            await mails.keep(kind, b"%d" % number, at=NOON)

        assert [each.content for each in await mails.latest(2)] == [b"2", b"1"]
        assert [each.content for each in await mails.latest(2, UnreadKind.UNCLEAR)] == [b"2", b"0"]

    async def test_the_same_mail_is_kept_once(self, mails: UnreadMails) -> None:
        for _ in range(2):
            await mails.keep(UnreadKind.UNCLEAR, b"Hei", at=NOON)

        assert len(await mails.latest(10)) == 1

    async def test_of_a_long_mail_the_beginning_is_kept(self, mails: UnreadMails) -> None:
        await mails.keep(UnreadKind.UNREADABLE, b"a" * LONGEST_KEPT + b"b", at=NOON)

        (kept,) = await mails.latest(10)
        assert (kept.content, kept.size) == (b"a" * LONGEST_KEPT, LONGEST_KEPT + 1)

    async def test_no_kind_pushes_another_out(self, mails: UnreadMails) -> None:
        await mails.keep(UnreadKind.UNCLEAR, b"Hei", at=NOON)
        for number in range(MOST_KEPT + 2):
            await mails.keep(UnreadKind.AUTO_REPLY, b"%d" % number, at=NOON)

        kept = await mails.latest(2 * MOST_KEPT, UnreadKind.AUTO_REPLY)
        assert (len(kept), kept[-1].content) == (MOST_KEPT, b"2")
        assert len(await mails.latest(2 * MOST_KEPT)) == MOST_KEPT + 1

    async def test_what_is_too_old_goes(self, mails: UnreadMails) -> None:
        await mails.keep(UnreadKind.UNCLEAR, b"old", at=NOON)
        await mails.keep(UnreadKind.FOREIGN, b"new", at=NOON + KEPT_FOR + timedelta(seconds=1))

        assert [each.content for each in await mails.latest(10)] == [b"new"]

    async def test_what_is_forgotten_is_gone(self, mails: UnreadMails) -> None:
        await mails.keep(UnreadKind.UNCLEAR, b"Hei", at=NOON)
        (kept,) = await mails.latest(10)

        assert await mails.forget(kept.mail_id)
        assert not await mails.forget(kept.mail_id)
        assert await mails.find(kept.mail_id) is None
        assert await mails.find(MailId(4711)) is None
