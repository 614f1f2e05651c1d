"""Files that lie in memory, by the path of their address."""

from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

from application.ports.attachments import NotFetched
from domain.message import Attachment
from domain.order.events import Failure


class InMemoryAttachments:
    """Gives what it holds; what it does not hold is not there."""

    longest = 0.0

    def __init__(self, files: Mapping[str, bytes | NotFetched]) -> None:
        self._files = files

    async def fetch(
        self, attachments: Sequence[Attachment], *, owner: str
    ) -> Sequence[bytes] | NotFetched:
        del owner
        files: list[bytes] = []
        for each in attachments:
            missing = NotFetched("attachment_status_404", Failure.INVALID_ATTACHMENT)
            if each.url.is_erased:
                return NotFetched("attachment_erased", Failure.INVALID_ATTACHMENT)
            file = self._files.get(urlsplit(each.url.text).path, missing)
            if isinstance(file, NotFetched):
                return file
            files.append(file)
        return files
