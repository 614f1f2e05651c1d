"""Hands delivery reports over to the service, as providers do: again and again until it takes them.

A report is owed from the commit of its message until the service has answered for it with 2xx.
What is owed is read from the mailbox file, so a courier that starts after a crash goes on where
the last one was. A report may be handed over twice, as with real providers; never not at all.
"""

import asyncio
import random
import time
from base64 import b64encode
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from http import HTTPStatus
from io import BytesIO
from typing import Final, Self

import aiohttp
import structlog

from entrypoints.sandbox.delays import Pace
from entrypoints.sandbox.errors import MailboxUnavailableError
from entrypoints.sandbox.link_xml import wrap_reports
from entrypoints.sandbox.mailbox import Mailbox, Report

_log = structlog.get_logger(__name__)

_CALLS_AT_ONCE: Final = 16
_MOST_ERRANDS: Final = 256
_SHORTEST_TURN: Final = 0.01
_MOST_DOUBLINGS: Final = 16
_PAUSE_AFTER_A_FAULT: Final = 1.0
_SECONDS_TO_FINISH: Final = 1.0


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportTarget:
    """Where the reports of one channel go, and how they are presented there."""

    url: str
    headers: Mapping[str, str] = field(repr=False)
    wrap: Callable[[Sequence[bytes]], bytes] = field(repr=False)
    reports_per_call: int = 1

    @classmethod
    def raw_mail(cls, *, url: str, secret: str) -> Self:
        """Hand over each report as the raw message it is, under a secret of its own."""
        return cls(
            url=url,
            headers={"Authorization": f"Bearer {secret}", "Content-Type": "message/rfc822"},
            wrap=b"".join,
        )

    @classmethod
    def xml(
        cls,
        *,
        url: str,
        user: str,
        password: str,
        reports_per_call: int = 1,
    ) -> Self:
        """Hand over reports in an XML document, with HTTP Basic authentication."""
        credentials = b64encode(f"{user}:{password}".encode()).decode()
        return cls(
            url=url,
            headers={"Authorization": f"Basic {credentials}", "Content-Type": "application/xml"},
            wrap=wrap_reports,
            reports_per_call=reports_per_call,
        )


class Courier:
    """Carries what a mailbox owes to the service, several reports at once."""

    def __init__(
        self, mailbox: Mailbox, targets: Mapping[str, ReportTarget], *, pace: Pace
    ) -> None:
        self._mailbox = mailbox
        self._targets = targets
        self._pace = pace
        self._awake = asyncio.Event()
        self._next_due: float | None = None
        self._under_way: set[int] = set()
        self._errands: set[asyncio.Task[None]] = set()
        self._refusing: set[str] = set()
        self._hands = asyncio.Semaphore(_CALLS_AT_ONCE)
        self._rounds: asyncio.Task[None] | None = None
        self._client: aiohttp.ClientSession | None = None

    def carries(self, channel: str) -> bool:
        """Tell whether anybody wants the reports of a channel."""
        return channel in self._targets

    async def start(self) -> None:
        """Begin with what is owed since the last time."""
        self._client = aiohttp.ClientSession(
            timeout=aiohttp.ClientTimeout(total=self._pace.patience),
            connector=aiohttp.TCPConnector(limit=_CALLS_AT_ONCE),
        )
        self._rounds = asyncio.create_task(self._go_round())

    async def stop(self) -> None:
        """Finish the errands that end soon, and go home; what has not been taken stays owed."""
        if self._rounds is not None:
            self._rounds.cancel()
            await asyncio.gather(self._rounds, return_exceptions=True)
        if self._errands:
            _, unfinished = await asyncio.wait(self._errands, timeout=_SECONDS_TO_FINISH)
            for errand in unfinished:
                errand.cancel()
            await asyncio.gather(*unfinished, return_exceptions=True)
        if self._client is not None:
            await self._client.close()

    def expect(self, reports: Sequence[Report]) -> None:
        """Take notice of reports that have just been written down as owed."""
        first = min((report.due_at for report in reports), default=None)
        if first is not None and (self._next_due is None or first < self._next_due):
            self._next_due = first
            self._awake.set()

    async def hand_over(self, channel: str, reports: Sequence[Report]) -> None:
        """Offer reports in one call, and write down whether the service took them."""
        target = self._targets.get(channel)
        async with self._hands:
            is_taken = target is not None and await self._offer(channel, target, reports)
        if is_taken:
            await self._mailbox.settle(reports)
        else:
            now = time.time()
            again = [
                replace(r, due_at=now + self._wait(r.attempts), attempts=r.attempts + 1)
                for r in reports
            ]
            await self._mailbox.postpone(again)
            self.expect(again)

    async def _go_round(self) -> None:
        while True:
            self._awake.clear()
            # What is expected from here on wakes the courier, whenever it is due: the look-up may
            # have missed it.
            self._next_due = None
            try:
                following = await self._take_out_what_is_due()
            except MailboxUnavailableError as error:
                _log.warning("catch_all_reports_unreadable", reason=str(error))
                following = time.time() + _PAUSE_AFTER_A_FAULT
            self._next_due = following
            await asyncio.sleep(_SHORTEST_TURN)
            with suppress(TimeoutError):
                async with asyncio.timeout(self._until_next()):
                    await self._awake.wait()

    def _until_next(self) -> float | None:
        return None if self._next_due is None else max(0.0, self._next_due - time.time())

    async def _take_out_what_is_due(self) -> float | None:
        """Send errands for what is due; tell when to look again, if it is known."""
        room = _MOST_ERRANDS - len(self._errands)
        if room <= 0:
            return None  # the next errand that ends wakes the courier
        # Whoever comes back during the look-up is not sent with the same report again.
        out = set(self._under_way)
        per_call = max((target.reports_per_call for target in self._targets.values()), default=1)
        due, following = await self._mailbox.due(time.time(), limit=room * per_call + len(out))
        for channel, reports in self._calls([report for report in due if report.id not in out]):
            self._send_errand(channel, reports)
        return following

    def _calls(self, due: Sequence[Report]) -> Iterator[tuple[str, list[Report]]]:
        for channel in sorted({report.channel for report in due}):
            target = self._targets.get(channel)
            size = target.reports_per_call if target is not None else len(due)
            mine = [report for report in due if report.channel == channel]
            for start in range(0, len(mine), size):
                yield channel, mine[start : start + size]

    def _send_errand(self, channel: str, reports: list[Report]) -> None:
        numbers = {report.id for report in reports}
        self._under_way |= numbers
        errand = asyncio.create_task(self.hand_over(channel, reports))
        self._errands.add(errand)

        def come_back(task: asyncio.Task[None]) -> None:
            self._errands.discard(task)
            self._under_way.difference_update(numbers)
            if not task.cancelled() and (error := task.exception()) is not None:
                _log.warning("catch_all_report_not_written_down", reason=type(error).__name__)
            self._awake.set()

        errand.add_done_callback(come_back)

    async def _offer(self, channel: str, target: ReportTarget, reports: Sequence[Report]) -> bool:
        if self._client is None:
            return False
        document = target.wrap([report.payload for report in reports])
        try:
            async with self._client.post(
                target.url, data=BytesIO(document), headers=target.headers, allow_redirects=False
            ) as answer:
                status = answer.status
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            self._note_refusal(channel, type(error).__name__)
            return False
        if not HTTPStatus.OK <= status < HTTPStatus.MULTIPLE_CHOICES:
            self._note_refusal(channel, f"HTTP {status}")
            return False
        if channel in self._refusing:
            self._refusing.discard(channel)
            _log.info("catch_all_reports_taken_again", channel=channel)
        return True

    def _note_refusal(self, channel: str, reason: str) -> None:
        if channel not in self._refusing:
            self._refusing.add(channel)
            _log.warning("catch_all_reports_not_taken", channel=channel, reason=reason)

    def _wait(self, attempts: int) -> float:
        wait = self._pace.first_retry * 2.0 ** min(attempts, _MOST_DOUBLINGS)
        jitter = random.uniform(0.8, 1.2)  # noqa: S311  # spreads retries, guards nothing
        return min(self._pace.longest_retry, wait) * jitter
