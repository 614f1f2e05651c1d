"""One conversation with a client of the mail server, from greeting to QUIT.

Commands are read one after the other, so that what a client sends together is answered in order.
"""

import asyncio
from typing import Final

import structlog

from entrypoints.sandbox.errors import MailboxUnavailableError
from entrypoints.sandbox.mail_server_state import LARGEST_MESSAGE, SmtpHouse
from entrypoints.sandbox.scenarios import MailConduct
from entrypoints.sandbox.smtp_dialogue import Answer, SmtpDialogue, Then
from entrypoints.sandbox.smtp_envelope import SmtpRefusal
from entrypoints.sandbox.smtp_framing import read_command, read_content

_log = structlog.get_logger(__name__)

# Where it ends cannot be told, nor what follows it.
_LINE_TOO_LONG: Final = Answer("500 5.5.2 Line too long", Then.HANG_UP)


async def converse(
    house: SmtpHouse, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Speak with one client until either has had enough; to drop it is left to the caller.

    Raises:
        asyncio.IncompleteReadError: the client has gone.
        ConnectionError: likewise.
    """
    dialogue = SmtpDialogue(house)
    answer = dialogue.greeting()
    while answer.then is not Then.DROP:
        writer.write(f"{answer.text}\r\n".encode())
        await writer.drain()
        match answer.then:
            case Then.GO_ON:
                answer = await _command(dialogue, reader)
            case Then.RECEIVE:
                answer = await _message(house, dialogue, reader)
            case Then.HANG_UP:
                writer.close()
                await writer.wait_closed()
                return


async def _command(dialogue: SmtpDialogue, reader: asyncio.StreamReader) -> Answer:
    try:
        return dialogue.answer((await read_command(reader)).decode())
    except UnicodeDecodeError:
        return Answer("500 5.5.2 Not UTF-8")
    except asyncio.LimitOverrunError:
        return _LINE_TOO_LONG


async def _message(
    house: SmtpHouse, dialogue: SmtpDialogue, reader: asyncio.StreamReader
) -> Answer:
    if dialogue.sender is None:
        raise AssertionError("content is received for a sender only")
    try:
        content = await read_content(reader, largest=LARGEST_MESSAGE)
        name = await house.take(dialogue.sender, dialogue.recipients, content)
    except asyncio.LimitOverrunError:
        return _LINE_TOO_LONG
    except SmtpRefusal as refusal:
        answer = Answer(str(refusal))
    except MailboxUnavailableError as error:
        _log.warning("catch_all_mailbox_unavailable", reason=str(error))
        answer = Answer("452 4.3.1 The mailbox cannot be written just now")
    else:
        if dialogue.asks_for(MailConduct.SLOW):
            await asyncio.sleep(house.pace.slow)
        is_dropped = dialogue.asks_for(MailConduct.DROP)
        answer = Answer(f"250 2.0.0 Ok: queued as {name}", Then.DROP if is_dropped else Then.GO_ON)
    dialogue.reset()
    return answer
