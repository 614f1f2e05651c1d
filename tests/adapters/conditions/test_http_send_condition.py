import asyncio
import ssl
import threading
from codecs import BOM_UTF8
from collections.abc import AsyncIterator, Awaitable, Iterator, Sequence

import pytest
import trustme

from adapters.conditions.http_send_condition import HttpSendCondition
from application.ports.send_condition import NoAnswer, NotYetAsked
from contracts.send_condition_contract import SendConditionContract
from tests.adapters.conditions.endpoint import NAME, Endpoint, Speak, answer, endpoint

YES = b'{"sendNotification": true}'
NO = b'{"sendNotification": false}'


ENCODINGS = [
    *("utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-16-le", "utf-32", "utf-32-be", "utf-32-le")
]
CLEAR = [
    ('{"sendNotification":false}', False),
    ('\r\n\t {"sendNotification" : false }\n', False),
    ('{"\\u0073endNotification": false, "hvorfor": "betalt på søndag"}', False),
    ('{"sendNotification":true}', True),
]


async def here(_: str, __: int) -> Sequence[str]:
    return ["127.0.0.1"]


async def asked(speak: Speak, *, seconds: float = 5.0) -> bool | NoAnswer | NotYetAsked:
    async with endpoint(speak) as serving:
        condition = HttpSendCondition(allowed_hosts=["127.0.0.0/8"], seconds=seconds)
        return await condition.check(f"http://127.0.0.1:{serving.port}/ask?order=7", owner="ttd")


class TestHttpSendCondition(SendConditionContract):
    @pytest.fixture
    async def asking(self) -> AsyncIterator[SendConditionContract.Asking]:
        async with (
            endpoint(answer(YES)) as yes,
            endpoint(answer(NO)) as no,
            endpoint(answer(b"", "503 Service Unavailable")) as down,
        ):
            ports = {True: yes.port, False: no.port, None: down.port}

            def ask(answer: bool | None) -> tuple[HttpSendCondition, str]:  # noqa: FBT001  # the contract's form
                condition = HttpSendCondition(allowed_hosts=["127.0.0.1"])
                return condition, f"http://127.0.0.1:{ports[answer]}/"

            yield ask


@pytest.mark.parametrize(
    "body, told",
    [
        (YES, True),
        (NO, False),
        (b' {"reason": "paid", "sendNotification": false} ', False),
        *[(text.encode(encoding), told) for encoding in ENCODINGS for text, told in CLEAR],
        (BOM_UTF8, NoAnswer("not_json")),
        (BOM_UTF8 + NO[:-1], NoAnswer("not_json")),
        (NO.decode().encode("utf-16")[:-1], NoAnswer("not_json")),
        (b"", NoAnswer("not_json")),
        (b"true", NoAnswer("no_verdict")),
        (b"[]", NoAnswer("no_verdict")),
        (b"{}", NoAnswer("no_verdict")),
        (b'{"sendNotification": null}', NoAnswer("no_verdict")),
        (b'{"sendNotification": "true"}', NoAnswer("no_verdict")),
        (b'{"sendNotification": 1}', NoAnswer("no_verdict")),
        (b'{"SendNotification": true}', NoAnswer("no_verdict")),
        (b'{"sendNotification": true', NoAnswer("not_json")),
        (b'{"sendNotification": true} trailing', NoAnswer("not_json")),
        (b"<html>OK</html>", NoAnswer("not_json")),
        (b'{"\xff": 1, "sendNotification": true}', NoAnswer("not_json")),
        (b"\x1f\x8b\x08\x00\x00\x00\x00\x00", NoAnswer("not_json")),
        (b'{"a":' * 5000, NoAnswer("not_json")),
        (b"[" * 5000, NoAnswer("no_verdict")),
    ],
)
async def test_only_a_clear_yes_or_no_counts(body: bytes, told: bool | NoAnswer) -> None:  # noqa: FBT001  # a row of a table
    assert await asked(answer(body)) == told


@pytest.mark.parametrize("status", [201, 299, 301, 302, 307, 400, 401, 404, 429, 500, 503, 599])
async def test_the_status_is_part_of_the_answer(status: int) -> None:
    told = await asked(answer(YES, f"{status} Whatever", "Location: http://127.0.0.1:1/"))
    assert told == (True if status < 300 else NoAnswer(f"status_{status}"))


async def test_an_answer_of_64_kib_is_read() -> None:
    padding = b" " * (64 * 1024 - len(YES))
    assert await asked(answer(YES + padding)) is True


@pytest.mark.parametrize("excess", [1, 1024 * 1024])
async def test_a_larger_answer_is_not(excess: int) -> None:
    padding = b" " * (64 * 1024 - len(YES) + excess)
    assert await asked(answer(YES + padding)) == NoAnswer("too_large")


async def test_an_answer_without_an_end_is_cut_off() -> None:
    async def speak(writer: asyncio.StreamWriter) -> None:
        writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        while True:
            writer.write(b"1000\r\n" + b" " * 0x1000 + b"\r\n")
            await writer.drain()

    assert await asked(speak) == NoAnswer("too_large")


async def _silence(_: asyncio.StreamWriter) -> None:
    await asyncio.Event().wait()


async def _drip(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n")
    while True:
        writer.write(b" ")
        await writer.drain()
        await asyncio.sleep(0.02)


async def _drip_head(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
    while True:
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.02)


@pytest.mark.parametrize("speak", [_silence, _drip, _drip_head])
async def test_a_slow_endpoint_is_not_waited_for(speak: Speak) -> None:
    assert await asked(speak, seconds=0.2) == NoAnswer("timeout")


async def test_a_slow_name_server_is_not_waited_for() -> None:
    async def resolve(_: str, __: int) -> Sequence[str]:
        await asyncio.Event().wait()
        return []

    condition = HttpSendCondition(resolve=resolve, seconds=0.1)
    assert await condition.check("https://slow.example/", owner="ttd") == NoAnswer("timeout")


class NameServers:
    """Answers for every host at once, but for those of a domain that never answers."""

    def __init__(self) -> None:
        self._never = threading.Event()
        self.asked: list[str] = []

    def look_up(self, host: str, _: int) -> Sequence[str]:
        self.asked.append(host)
        if host.endswith(".slow.example"):
            self._never.wait(10)
        return ["127.0.0.1"]

    def let_go(self) -> None:
        self._never.set()


@pytest.fixture
def name_servers() -> Iterator[NameServers]:
    servers = NameServers()
    yield servers
    servers.let_go()


async def test_one_owners_slow_names_keep_no_other_owners_waiting(
    name_servers: NameServers,
) -> None:
    async with endpoint(answer(NO)) as serving:
        condition = HttpSendCondition(
            allowed_hosts=["127.0.0.1", "quick.example"],
            look_up=name_servers.look_up,
            seconds=0.5,
        )
        slow = [
            asyncio.create_task(condition.check(f"https://{n}.slow.example/", owner="ttd"))
            for n in range(100)
        ]
        await asyncio.sleep(0.05)

        quick = f"http://quick.example:{serving.port}/"
        assert await condition.check(quick, owner="skd") is False

        told = await asyncio.gather(*slow)
        assert {str(each) for each in told} == {str(NoAnswer("timeout")), str(NotYetAsked())}
        assert await condition.check(quick, owner="skd") is False
        await condition.aclose()


async def test_who_has_as_many_questions_under_way_as_one_may_is_asked_for_no_more() -> None:
    let = asyncio.Event()

    async def speak(writer: asyncio.StreamWriter) -> None:
        await let.wait()
        await answer(YES)(writer)

    async with endpoint(speak) as serving:
        condition = HttpSendCondition(allowed_hosts=["127.0.0.1"], seconds=0.3)
        url = f"http://127.0.0.1:{serving.port}/"
        first = [asyncio.create_task(condition.check(url, owner="ttd")) for _ in range(16)]
        await asyncio.sleep(0.1)
        one_more = asyncio.create_task(condition.check(url, owner="ttd"))
        await asyncio.sleep(0.1)
        assert serving.connections == 16
        let.set()

        assert await asyncio.gather(*first, one_more) == [True] * 17


async def _hang_up(_: asyncio.StreamWriter) -> None:
    """Say nothing, and close."""


async def _half(writer: asyncio.StreamWriter) -> None:
    writer.write(b'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"sendNotification": true}')


async def _gibberish(writer: asyncio.StreamWriter) -> None:
    writer.write(b"220 mail.example ESMTP\r\n")


async def _long_head(writer: asyncio.StreamWriter) -> None:
    writer.write(b"HTTP/1.1 200 OK\r\nX-Long: " + b"x" * 100_000 + b"\r\n\r\n")


@pytest.mark.parametrize("speak", [_hang_up, _half, _gibberish, _long_head])
async def test_an_endpoint_that_does_not_speak_http_is_no_answer(speak: Speak) -> None:
    assert await asked(speak) == NoAnswer("not_reached")


async def test_an_endpoint_that_is_not_there_is_no_answer() -> None:
    async with endpoint(answer(YES)) as gone:
        port = gone.port
    condition = HttpSendCondition(allowed_hosts=["127.0.0.1"])
    assert await condition.check(f"http://127.0.0.1:{port}/", owner="ttd") == NoAnswer(
        "not_reached"
    )


async def test_a_name_that_nobody_knows_is_no_answer() -> None:
    async def resolve(_: str, __: int) -> Sequence[str]:
        raise OSError

    condition = HttpSendCondition(resolve=resolve)
    assert await condition.check("https://nobody.example/", owner="ttd") == NoAnswer(
        "host_not_found"
    )


async def test_the_request_tells_nothing_but_the_question() -> None:
    async with endpoint(answer(YES)) as serving:
        condition = HttpSendCondition(allowed_hosts=["127.0.0.1"])
        await condition.check(f"http://127.0.0.1:{serving.port}/ask?order=7#fragment", owner="ttd")
    (request,) = serving.requests
    line, *headers = request.decode().strip().split("\r\n")
    assert line == "GET /ask?order=7 HTTP/1.1"
    assert {each.split(":")[0] for each in headers} == {
        "Host",
        "Accept",
        "Accept-Encoding",
        "User-Agent",
        "Connection",
    }


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


class TestOverTls:
    @pytest.fixture
    def trusting(self, authority: trustme.CA) -> ssl.SSLContext:
        context = ssl.create_default_context()
        authority.configure_trust(context)
        return context

    @pytest.fixture
    async def serving(self, authority: trustme.CA) -> AsyncIterator[Endpoint]:
        async with endpoint(answer(YES), certify=authority) as made:
            yield made

    async def test_the_name_stays_the_name_though_the_address_was_judged(
        self, serving: Endpoint, trusting: ssl.SSLContext
    ) -> None:
        condition = HttpSendCondition(
            allowed_hosts=["127.0.0.1"], ssl_context=trusting, resolve=here
        )
        assert await condition.check(f"https://{NAME}:{serving.port}/", owner="ttd") is True
        assert serving.server_names == [NAME]
        assert f"Host: {NAME}:{serving.port}".encode() in serving.requests[0]

    async def test_a_certificate_for_another_name_is_refused(
        self, serving: Endpoint, trusting: ssl.SSLContext
    ) -> None:
        condition = HttpSendCondition(
            allowed_hosts=["127.0.0.1"], ssl_context=trusting, resolve=here
        )
        told = await condition.check(f"https://another.example:{serving.port}/", owner="ttd")
        assert told == NoAnswer("tls_failed")
        assert serving.requests == []

    async def test_a_certificate_of_an_unknown_authority_is_refused(
        self, serving: Endpoint
    ) -> None:
        condition = HttpSendCondition(allowed_hosts=["127.0.0.1"], resolve=here)
        told = await condition.check(f"https://{NAME}:{serving.port}/", owner="ttd")
        assert told == NoAnswer("tls_failed")

    async def test_an_allowed_network_does_not_allow_names_without_tls(
        self, serving: Endpoint
    ) -> None:
        condition = HttpSendCondition(allowed_hosts=["127.0.0.0/8"], resolve=here)
        told = await condition.check(f"http://{NAME}:{serving.port}/", owner="ttd")
        assert told == NoAnswer("not_https")

    @pytest.mark.parametrize("is_named", [True, False])
    async def test_a_token_goes_to_named_hosts_only(
        self, serving: Endpoint, trusting: ssl.SSLContext, *, is_named: bool
    ) -> None:
        async def token(host: str) -> str:
            return f"secret-for-{host}"

        condition = HttpSendCondition(
            allowed_hosts=["127.0.0.1"],
            ssl_context=trusting,
            resolve=here,
            token=token,
            token_hosts=[NAME.upper() if is_named else "another.example"],
        )
        assert await condition.check(f"https://{NAME}:{serving.port}/", owner="ttd") is True
        has_token = f"Authorization: Bearer secret-for-{NAME}".encode() in serving.requests[0]
        assert has_token is is_named

    async def test_without_its_token_the_question_is_not_asked(
        self, serving: Endpoint, trusting: ssl.SSLContext
    ) -> None:
        def token(_: str) -> Awaitable[str]:
            raise ConnectionError

        condition = HttpSendCondition(
            allowed_hosts=["127.0.0.1"],
            ssl_context=trusting,
            resolve=here,
            token=token,
            token_hosts=[NAME],
        )
        assert await condition.check(f"https://{NAME}:{serving.port}/", owner="ttd") == NoAnswer(
            "no_token"
        )
        assert serving.connections == 0


async def test_a_token_is_not_sent_in_clear() -> None:
    async def token(_: str) -> str:
        return "secret"

    async with endpoint(answer(YES)) as serving:
        condition = HttpSendCondition(
            allowed_hosts=["127.0.0.1"], token=token, token_hosts=["127.0.0.1"]
        )
        assert await condition.check(f"http://127.0.0.1:{serving.port}/", owner="ttd") is True
    assert b"secret" not in serving.requests[0]
