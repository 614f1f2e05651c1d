"""What every source of attachments promises."""

from collections.abc import Mapping
from typing import Protocol

import pytest

from application.ports.attachments import Attachments, NotFetched
from domain.message import Attachment
from domain.order.events import Failure
from domain.personal import Content


class Lying(Protocol):
    """A source in which some files lie, and the address of each by its name."""

    source: Attachments
    addresses: Mapping[str, str]


FILES: Mapping[str, bytes] = {"letter.pdf": b"%PDF-1.7\r\n.\r\n", "numbers.csv": bytes(range(256))}


def attachment(address: str, name: str = "letter.pdf") -> Attachment:
    return Attachment(filename=Content(name), mime_type="application/pdf", url=Content(address))


class AttachmentsContract:
    """The promises; `lying` gives a source in which `FILES` lie, and nothing at `missing`."""

    @pytest.fixture
    def lying(self) -> Lying:
        raise NotImplementedError

    async def test_files_come_in_the_order_in_which_they_are_asked_for(self, lying: Lying) -> None:
        for names in (["letter.pdf", "numbers.csv"], ["numbers.csv", "letter.pdf"], []):
            fetched = await lying.source.fetch(
                [attachment(lying.addresses[each]) for each in names], owner="ttd"
            )
            assert fetched == [FILES[each] for each in names]

    async def test_a_file_that_is_not_there_never_will_be(self, lying: Lying) -> None:
        wanted = [attachment(lying.addresses[each]) for each in ("letter.pdf", "missing")]
        told = await lying.source.fetch(wanted, owner="ttd")
        assert told == NotFetched("attachment_status_404", Failure.INVALID_ATTACHMENT)

    async def test_an_address_that_was_erased_is_not_called(self, lying: Lying) -> None:
        erased = Attachment(
            filename=Content("letter.pdf"), mime_type="application/pdf", url=Content(None)
        )
        told = await lying.source.fetch([erased], owner="ttd")
        assert told == NotFetched("attachment_erased", Failure.INVALID_ATTACHMENT)
