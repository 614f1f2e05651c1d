"""The service as it is put together to be run, its API and its worker each on a watched loop of its own."""

import asyncio
import contextlib
import gc
import http.client
import json
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

import psycopg
import uvicorn
import uvloop

from entrypoints.bootstrap import Running, api, wired
from entrypoints.http.transport.uvicorn_protocol import PatientProtocol
from entrypoints.processes import _Server, _tasks, freeze
from entrypoints.sandbox import CatchAll, Credentials
from entrypoints.settings import Settings
from entrypoints.supervisor import listen
from entrypoints.wiring.registries import load_samples
from entrypoints.wiring.tokens import development_issuer
from tests.watching.watchdog import Stop, Watchdog, watchdog

OWNERS: Final = {"ttd": "991825827", "skd": "974761076"}
PASSWORD: Final = "of the gateway"
MAIL_SECRET: Final = "of the mail server"
_PATIENCE: Final = 120.0


class LoopInAThread:
    """A loop that does one thing until told to stop, in a thread of its own."""

    def __init__(
        self, name: str, main: Callable[[asyncio.Event, threading.Event], Awaitable[None]]
    ) -> None:
        self._main = main
        self._begun = threading.Event()
        self._failure: BaseException | None = None
        self._loop: asyncio.AbstractEventLoop | None = None
        self._stopped: asyncio.Event | None = None
        self._thread = threading.Thread(target=self._run, name=name)

    def start(self) -> None:
        self._thread.start()
        assert self._begun.wait(_PATIENCE), "it does not begin"
        if self._failure is not None:
            raise self._failure

    def stop(self) -> None:
        if self._loop is not None and self._stopped is not None and self._thread.is_alive():
            self._loop.call_soon_threadsafe(self._stopped.set)
        self._thread.join(_PATIENCE)

    def _run(self) -> None:
        async def main() -> None:
            self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
            await self._main(self._stopped, self._begun)

        try:
            uvloop.run(main())
        except BaseException as failure:  # noqa: BLE001  # told to whoever waits
            self._failure = failure
        finally:
            self._begun.set()


@dataclass
class Answered:
    status: int
    body: bytes
    headers: Mapping[str, str]

    def json(self) -> Any:  # noqa: ANN401  # as it is answered
        return json.loads(self.body)


@dataclass
class Watched:
    """A running installation, and the watchdogs of its loops."""

    settings: Settings
    dogs: dict[str, Watchdog] = field(default_factory=dict)

    def token(
        self, owner: str = "ttd", scope: str = "altinn:serviceowner/notifications.create"
    ) -> str:
        issuer = development_issuer(self.settings.data, self.settings.base_url)
        return issuer.issue(owner, OWNERS[owner], scope)

    def ask(
        self,
        method: str,
        path: str,
        body: object = None,
        *,
        headers: Mapping[str, str] | None = None,
        owner: str = "ttd",
    ) -> Answered:
        """Ask the API; a body that is no bytes is sent as JSON."""
        connection = http.client.HTTPConnection("127.0.0.1", self.settings.port, timeout=_PATIENCE)
        told = {"Authorization": f"Bearer {self.token(owner)}", **(headers or {})}
        data = body if isinstance(body, bytes | None) else json.dumps(body).encode()
        if data is not None:
            told.setdefault("Content-Type", "application/json")
        with contextlib.closing(connection):
            connection.request(method, path, data, told)
            answer = connection.getresponse()
            return Answered(answer.status, answer.read(), dict(answer.headers))

    def until(self, query: str, *, is_: int, seconds: float = _PATIENCE) -> None:
        """Wait until a count in the database is so much."""
        until = time.monotonic() + seconds
        with psycopg.connect(self.settings.database_url or "", autocommit=True) as connection:
            while (found := self._count(connection, query)) < is_:
                assert time.monotonic() < until, f"{found} of {is_}: {query}"
                time.sleep(0.05)

    def count(self, query: str) -> int:
        """A count in the database."""
        with psycopg.connect(self.settings.database_url or "", autocommit=True) as connection:
            return self._count(connection, query)

    @staticmethod
    def _count(connection: psycopg.Connection[Any], query: str) -> int:
        row = connection.execute(query).fetchone()
        return 0 if row is None else int(row[0])

    def longest(self) -> dict[str, Stop]:
        """The longest stop of each loop since this was asked last."""
        return {name: dog.longest() for name, dog in self.dogs.items()}


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


@contextlib.contextmanager
def watched(database: str, data: Path, **changes: Any) -> Iterator[Watched]:  # noqa: ANN401  # settings
    """Run the service in this process, each part on a loop and in a thread of its own."""
    with contextlib.ExitStack() as stack:
        listener = listen("127.0.0.1", _free_port())
        stack.callback(listener.close)
        settings = Settings(
            host="127.0.0.1",
            port=listener.getsockname()[1],
            data=data,
            database_url=database,
            development_issuer=True,
            condition_hosts=("127.0.0.1",),
            webhook_hosts=("127.0.0.1",),
            sms_password=PASSWORD,
            sms_report_password=PASSWORD,
            email_report_secret=MAIL_SECRET,
            smtp_starttls=False,
            metrics_key="of the figures, long enough",
            internal_secret="of our own systems, long enough",
        )
        house: list[CatchAll] = []

        async def keep_everything(stopped: asyncio.Event, begun: threading.Event) -> None:
            credentials = Credentials(user=settings.sms_user, password=PASSWORD)
            async with CatchAll(
                data / "mailbox",
                smtp_port=0,
                sms_port=0,
                mail_reports=None,
                sms_reports=None,
                sms_credentials=credentials,
            ) as catch_all:
                house.append(catch_all)
                begun.set()
                await stopped.wait()

        catching = LoopInAThread("catching", keep_everything)
        catching.start()
        stack.callback(catching.stop)
        host, port = house[0].smtp_address
        settings = replace(
            settings, smtp_url=f"smtp://{host}:{port}", sms_url=house[0].sms_url, **changes
        )
        asyncio.run(load_samples(settings, database))
        running = Watched(settings)

        async def answer(service: Running, stopped: asyncio.Event, begun: threading.Event) -> None:
            config = uvicorn.Config(
                api(settings, service),
                http=PatientProtocol,
                lifespan="off",
                log_config=None,
                access_log=False,
            )
            server = _Server(config)
            serving = asyncio.create_task(server.serve(sockets=[listener]))
            begun.set()
            await stopped.wait()
            server.should_exit = True
            await serving

        async def work(service: Running, stopped: asyncio.Event, begun: threading.Event) -> None:
            tasks = [asyncio.ensure_future(each) for each in _tasks(service)]
            begun.set()
            await stopped.wait()
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

        def on_watch(
            name: str, part: Callable[[Running, asyncio.Event, threading.Event], Awaitable[None]]
        ) -> LoopInAThread:
            async def main(stopped: asyncio.Event, begun: threading.Event) -> None:
                async with wired(settings) as service, watchdog() as watching:
                    running.dogs[name] = watching
                    await part(service, stopped, begun)

            return LoopInAThread(name, main)

        for part in (on_watch("api", answer), on_watch("worker", work)):
            part.start()
            stack.callback(part.stop)
        stack.enter_context(_collected_as_in_a_process_of_its_own())
        yield running


@contextlib.contextmanager
def _collected_as_in_a_process_of_its_own() -> Iterator[None]:
    """Keep the test's own objects out of the collector's rounds, as the service's processes do."""
    before = gc.get_threshold()
    freeze()
    try:
        yield
    finally:
        gc.unfreeze()
        gc.set_threshold(*before)
