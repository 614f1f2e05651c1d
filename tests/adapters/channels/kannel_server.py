"""A real Kannel gateway, with a small SMPP centre of our own behind it in a mobile operator's place.

The centre steers by the last two digits of a number, as an operator would by its phones:

| ends with | what happens                                            |
| --------- | ------------------------------------------------------- |
| 01        | the centre refuses it                                   |
| 02        | taken, then reported as not delivered                   |
| 03        | taken, then reported as expired (in SMPP's own field)   |
| 04        | taken, reported as waiting for the phone, then delivered |
| 05        | the gateway's user may not send to it                   |
| 06        | the gateway has no route to it                          |
| others    | taken, then reported as delivered                       |
"""

import contextlib
import http.client
import itertools
import signal
import socket
import socketserver
import struct
import subprocess
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path
from threading import Condition, Thread
from typing import Final
from urllib.parse import urlencode

from typing_extensions import override

from tests.debian import environment, program

USER: Final = "varsel"
PASSWORD: Final = "hemmelig"
PATH: Final = "/cgi-bin/sendsms"

_PACKAGE: Final = "kannel"
_PATIENCE: Final = 20.0
_MARK: Final = "+4700000000"
_GSM: Final = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
_EXTENSION: Final = {
    "Λ": "^", "(": "{", ")": "}", "/": "\\", "<": "[", "=": "~", ">": "]", "¡": "|", "e": "€",
}  # fmt: skip

# SMPP 3.4
_HEADER: Final = struct.Struct(">IIII")
_FIELD: Final = struct.Struct(">HH")
_RECEIPTED_MESSAGE_ID: Final = 0x001E
_MESSAGE_STATE: Final = 0x0427
_EXPIRED: Final = 3
_RESPONSE: Final = 0x80000000
_INVALID_DESTINATION: Final = 0x0B
_UDH_IN_TEXT: Final = 0x40
_RECEIPT: Final = 0x04
_UCS2: Final = 0x08
_RECEIPTS: Final = {"02": ["UNDELIV"], "03": ["EXPIRED"], "04": ["ACCEPTD", "DELIVRD"]}


class _Command(IntEnum):
    SUBMIT = 0x04
    DELIVER = 0x05
    UNBIND = 0x06
    BIND = 0x09
    ENQUIRE = 0x15


@dataclass(frozen=True, slots=True)
class Caught:
    """One message, or one part of a long one, as the centre got it."""

    number: str
    sender: str
    text: str
    is_ucs2: bool
    valid_until: str


class Centre(socketserver.ThreadingTCPServer):
    """An operator's message centre: takes, refuses and reports, and keeps what it took."""

    allow_reuse_address = True
    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Session)
        self.port: int = self.server_address[1]
        self.ids = itertools.count(1)
        self._caught: list[Caught] = []
        self._changed = Condition()

    def catch(self, message: Caught) -> None:
        with self._changed:
            self._caught.append(message)
            self._changed.notify_all()

    def caught(self) -> list[Caught]:
        """Everything that it has got so far."""
        with self._changed:
            return list(self._caught)

    def wait_for(self, text: str) -> list[Caught]:
        """Everything that was caught, once a message of this text is among it."""
        with self._changed:
            came = self._changed.wait_for(
                lambda: any(each.text == text for each in self._caught), timeout=_PATIENCE
            )
            assert came, "the gateway has not passed it on"
            return list(self._caught)


class _Session(socketserver.StreamRequestHandler):
    """One SMPP session, in which the gateway is bound as a transceiver."""

    server: Centre

    @override
    def handle(self) -> None:
        self._numbers = itertools.count(1)
        with contextlib.suppress(OSError, struct.error):
            while head := self.rfile.read(_HEADER.size):
                length, command, _, number = _HEADER.unpack(head)
                self._answer(command, number, self.rfile.read(length - _HEADER.size))

    def _answer(self, command: int, number: int, body: bytes) -> None:
        match command:
            case _Command.BIND:
                self._send(_Command.BIND | _RESPONSE, number, b"centre\0")
            case _Command.SUBMIT:
                self._submit(number, body)
            case _Command.UNBIND | _Command.ENQUIRE:
                self._send(command | _RESPONSE, number)
            case _:
                pass  # an answer to what we sent

    def _submit(self, number: int, body: bytes) -> None:
        submitted = _Reader(body)
        submitted.text()  # service type
        submitted.octets(2)
        sender = _from_gsm(submitted.text())
        submitted.octets(2)
        to = submitted.text().decode()
        esm_class, _, _ = submitted.octets(3)
        submitted.text()  # delivery time
        valid_until = submitted.text().decode()
        wants_receipt, _, coding, _, length = submitted.octets(5)
        raw = bytes(submitted.octets(length))
        if esm_class & _UDH_IN_TEXT:
            raw = raw[raw[0] + 1 :]
        if to.endswith("01"):
            self._send(_Command.SUBMIT | _RESPONSE, number, b"\0", status=_INVALID_DESTINATION)
            return
        text = raw.decode("utf-16-be") if coding == _UCS2 else _from_gsm(raw)
        reference = f"{next(self.server.ids):08x}"
        self._send(_Command.SUBMIT | _RESPONSE, number, reference.encode() + b"\0")
        self.server.catch(Caught(f"+{to.lstrip('+')}", sender, text, coding == _UCS2, valid_until))
        if wants_receipt:
            for state in _RECEIPTS.get(to[-2:], ["DELIVRD"]):
                self._report(reference, to, state)

    def _report(self, reference: str, to: str, state: str) -> None:
        error = "000" if state in {"DELIVRD", "ACCEPTD"} else "027"
        receipt = (
            f"id:{reference} sub:001 dlvrd:001 submit date:2601010000 done date:2601010000 "
            f"stat:{state} err:{error} text:Logg inn."
        ).encode()
        addresses = b"\x01\x01" + to.encode() + b"\0\x05\x00varsel\0"
        flags = bytes([_RECEIPT, 0, 0]) + b"\0\0" + bytes([0, 0, 0, 0, len(receipt)])
        if state == "EXPIRED":
            # Only by its field `message_state` does Kannel tell this from other failures.
            name = reference.encode() + b"\0"
            receipt += _FIELD.pack(_RECEIPTED_MESSAGE_ID, len(name)) + name
            receipt += _FIELD.pack(_MESSAGE_STATE, 1) + bytes([_EXPIRED])
        self._send(_Command.DELIVER, next(self._numbers), b"\0" + addresses + flags + receipt)

    def _send(self, command: int, number: int, body: bytes = b"", *, status: int = 0) -> None:
        self.wfile.write(_HEADER.pack(_HEADER.size + len(body), command, status, number) + body)


class _Reader:
    def __init__(self, raw: bytes) -> None:
        self._raw = raw

    def text(self) -> bytes:
        text, _, self._raw = self._raw.partition(b"\0")
        return text

    def octets(self, count: int) -> Sequence[int]:
        taken, self._raw = self._raw[:count], self._raw[count:]
        return list(taken)


def _from_gsm(raw: bytes) -> str:
    basic = "".join(_GSM[octet] if octet < len(_GSM) else "\ufffd" for octet in raw)
    head, *escaped = basic.split("\x1b")
    return head + "".join(_EXTENSION[each[0]] + each[1:] for each in escaped)


class Box:
    """One of the two programs of a gateway, which can be killed and started again."""

    def __init__(self, path: Path, configuration: Path) -> None:
        self._path = path
        self._configuration = configuration
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        log = self._configuration.with_name(f"{self._path.name}.log")
        with log.open("ab") as output:
            self._process = subprocess.Popen(
                [self._path, "-v", "1", self._configuration],
                cwd=self._configuration.parent,
                env=environment(_PACKAGE),
                stdout=output,
                stderr=subprocess.STDOUT,
            )

    def freeze(self) -> None:
        """Let it take what it is given, and do nothing with it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGSTOP)

    def kill(self) -> None:
        """Let it die at once, with all that it has in hand."""
        if self._process is not None:
            self._process.kill()
            self._process.wait()

    def stop(self) -> None:
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=1.0)
        except subprocess.TimeoutExpired:
            self.kill()


@dataclass(frozen=True, slots=True)
class Gateway:
    """A running gateway, and the centre that it is bound to."""

    centre: Centre
    port: int
    door: Box
    """The program that takes messages in, and reports; what it has taken is with the other."""

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}{PATH}"

    def caught(self) -> list[Caught]:
        """What the centre has got, after everything that the gateway has accepted so far."""
        mark = f"mark {time.monotonic_ns()}"
        assert send(self.port, _MARK, mark).startswith("0: Accepted")
        return [each for each in self.centre.wait_for(mark) if each.number != _MARK]


def send(port: int, number: str, text: str, password: str = PASSWORD) -> str:
    """Send a text message by hand, and tell what the gateway answers."""
    query = {"username": USER, "password": password, "from": "1", "to": number, "text": text}
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=_PATIENCE)
    with contextlib.closing(connection):
        connection.request("GET", f"{PATH}?{urlencode(query)}")
        return connection.getresponse().read().decode()


@contextmanager
def running_kannel(
    folder: Path, *, is_bound: bool = True, password: str = PASSWORD
) -> Iterator[Gateway]:
    """Run bearerbox, smsbox and a centre; what is not bound to the centre has to queue.

    Raises:
        ProgramUnavailableError: there is no Kannel here, and none can be had.
    """
    bearerbox, smsbox = program(_PACKAGE, "bearerbox"), program(_PACKAGE, "smsbox")
    admin, boxes, port = _free_ports(3)
    with ExitStack() as stack:
        centre = stack.enter_context(Centre())
        Thread(target=centre.serve_forever, args=(0.05,), daemon=True).start()
        stack.callback(centre.shutdown)
        operator = centre.port if is_bound else stack.enter_context(_nobody_listening())
        configuration = folder / "kannel.conf"
        configuration.write_text(_configuration(admin, boxes, port, operator, password))
        core, door = Box(bearerbox, configuration), Box(smsbox, configuration)
        for box, is_up in ((core, lambda: _listens(boxes)), (door, lambda: _listens(port))):
            stack.callback(box.stop)
            box.start()
            _wait_for(is_up)
        awaited = "0: Accepted" if is_bound else "3: Queued"
        _wait_for(lambda: _answers(port, awaited, password))
        yield Gateway(centre, port, door)


@contextlib.contextmanager
def _nobody_listening() -> Iterator[int]:
    """A port on which nobody listens, nor can anybody begin to meanwhile."""
    with socket.socket() as holder:
        holder.bind(("127.0.0.1", 0))
        yield int(holder.getsockname()[1])


def _configuration(admin: int, boxes: int, port: int, centre: int, password: str) -> str:
    return f"""\
group = core
admin-port = {admin}
admin-interface = 127.0.0.1
admin-password = {PASSWORD}
smsbox-port = {boxes}
smsbox-interface = 127.0.0.1
black-list-receiver-regex = "[+][0-9]*06$"

group = smsc
smsc = smpp
smsc-id = centre
host = 127.0.0.1
port = {centre}
transceiver-mode = true
smsc-username = varsel
smsc-password = hemmelig
system-type = ""
interface-version = 34
reconnect-delay = 1
alt-addr-charset = gsm
max-pending-submits = 500

group = smsbox
bearerbox-host = 127.0.0.1
sendsms-port = {port}
sendsms-interface = 127.0.0.1
http-request-retry = 5
http-queue-delay = 1

group = sendsms-user
username = {USER}
password = {password}
max-messages = 16
concatenation = true
black-list-regex = "[+][0-9]*05$"
"""


def _free_ports(count: int) -> list[int]:
    with ExitStack() as stack:
        taken = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in taken:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in taken]


def _listens(port: int) -> bool:
    with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", port), timeout=1):
        return True
    return False


def _answers(port: int, awaited: str, password: str) -> bool:
    """Whether it does, and as awaited; one that is still starting may hang up."""
    with contextlib.suppress(OSError):
        return send(port, _MARK, "ready", password).startswith(awaited)
    return False


def _wait_for(is_so: Callable[[], bool]) -> None:
    until = time.monotonic() + _PATIENCE
    while not is_so():
        assert time.monotonic() < until, "the gateway does not start; its logs tell why"
        time.sleep(0.02)
