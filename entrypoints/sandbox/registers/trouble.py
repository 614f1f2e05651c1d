"""What can be wrong with a register, on demand."""

import asyncio
import random
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, Final

import msgspec
from aiohttp import web
from msgspec import Struct

from entrypoints.sandbox.registers.errors import UnknownError

LONGEST_HANG: Final = 600.0

_REFUSALS: Final = range(400, 600)
_ANSWERS: Final = ("response", "partyNames", "data")
"""The lists in which somebody gets an answer for each thing asked about."""
_LISTS: Final = (*_ANSWERS, "list", "entries")


class Trouble(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What is wrong with the answers of one path, until it has been so often, or is cleared."""

    status: int | None = None
    """Answer this instead."""
    retry_after: int | None = None
    """With it, that it be asked again after so many seconds."""
    hang: float = 0
    """Wait so many seconds before any answer."""
    halve: bool = False
    """Answer half of what was asked about; break off pages and files half way."""
    shuffle: bool = False
    """Answer in another order than was asked, or than things changed in."""
    duplicate: bool = False
    """Answer everything twice."""
    times: int | None = None
    """For so many answers; None until it is cleared."""

    def refuse_odd(self) -> None:
        """Refuse trouble that nobody can make.

        Raises:
            UnknownError: says why.
        """
        if self.status is not None and self.status not in _REFUSALS:
            raise UnknownError("a status that means trouble is from 400 to 599")
        if not 0 <= self.hang <= LONGEST_HANG:
            raise UnknownError(f"it hangs for {LONGEST_HANG:.0f} seconds at most")
        if self.times is not None and self.times < 1:
            raise UnknownError("trouble comes once at least")
        if self == Trouble(times=self.times):
            raise UnknownError("name the trouble: a status, a hang, or how answers are spoilt")


class Troubles:
    """Which paths are in trouble."""

    def __init__(self) -> None:
        self._by_path: dict[str, Trouble] = {}
        self._left: dict[str, int] = {}

    def make(self, path: str, trouble: Trouble) -> None:
        """Bring trouble to a path and all below it, in place of what is there.

        Raises:
            UnknownError: nobody can make that trouble.
        """
        if not path.startswith("/"):
            raise UnknownError("a path begins with /")
        trouble.refuse_odd()
        self.clear(path)
        self._by_path[path] = trouble
        if trouble.times is not None:
            self._left[path] = trouble.times

    def clear(self, path: str | None = None) -> None:
        """End the trouble of a path, or of all."""
        for each in [path] if path is not None else [*self._by_path]:
            self._by_path.pop(each, None)
            self._left.pop(each, None)

    def next(self, path: str) -> Trouble | None:
        """The trouble of the next answer of a path, which counts as one of its times."""
        for each, trouble in self._by_path.items():
            if path == each or path.startswith(f"{each.rstrip('/')}/"):
                if each in self._left:
                    self._left[each] -= 1
                    if not self._left[each]:
                        self.clear(each)
                return trouble
        return None


async def answer(
    request: web.Request,
    trouble: Trouble,
    handle: Callable[[web.Request], Awaitable[web.StreamResponse]],
) -> web.StreamResponse:
    """Answer a request with trouble."""
    if trouble.hang:
        await asyncio.sleep(trouble.hang)
    if trouble.status is not None:
        after = trouble.retry_after
        headers = {} if after is None else {"Retry-After": str(after)}
        return web.json_response({"status": trouble.status}, status=trouble.status, headers=headers)
    answered = await handle(request)
    body = answered.body if isinstance(answered, web.Response) else None
    if not isinstance(body, bytes) or answered.status != web.HTTPOk.status_code:
        return answered
    told: dict[str, Any] = msgspec.json.decode(body)
    name = next((each for each in _LISTS if isinstance(told.get(each), list)), None)
    if trouble.halve and name not in _ANSWERS:
        return await _broken_off(request, body)
    if name is None:
        return answered
    spoilt = {**told, name: _spoilt(told[name], trouble)}
    return web.Response(body=msgspec.json.encode(spoilt), content_type=answered.content_type)


def _spoilt(several: list[Any], trouble: Trouble) -> list[Any]:
    if trouble.halve:
        several = several[: len(several) // 2]
    if trouble.duplicate:
        several = several + several
    return _shuffled(several) if trouble.shuffle else several


def _shuffled(several: Sequence[Any]) -> list[Any]:
    """The same in another order, which is always the same one."""
    shuffled = list(several)
    random.Random(len(several)).shuffle(shuffled)  # noqa: S311  # for nobody to guess
    return shuffled[::-1] if shuffled == several else shuffled


async def _broken_off(request: web.Request, body: bytes) -> web.StreamResponse:
    """Announce a whole answer, send half of it, and hang up."""
    broken = web.StreamResponse(headers={"Content-Length": str(len(body))})
    broken.content_type = "application/json"
    await broken.prepare(request)
    await broken.write(body[: len(body) // 2])
    await hang_up(request)
    return broken


async def hang_up(request: web.Request) -> None:
    """Close the connection, once what was written has left."""
    if request.transport is not None:
        await asyncio.sleep(0)
        request.transport.close()
