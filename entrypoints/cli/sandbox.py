"""`varsel sandbox`: stand-ins for the registers, and what somebody changes of them at the console."""

import asyncio
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import aiohttp
from cyclopts import App, Parameter
from rich.console import Console

from application.setting import SettingError
from entrypoints import processes
from entrypoints.bootstrap import refuse_sandbox
from entrypoints.cli.app import settings_from
from entrypoints.cli.installation import data_folder
from entrypoints.cli.processes import Descriptor, listener_of, run
from entrypoints.cli.refusal import Refusal, RefusedSettings
from entrypoints.processes import REGISTERS
from entrypoints.sandbox.registers import CONTROL, RegistersInUseError, UnknownError, find
from entrypoints.settings import Settings
from entrypoints.wiring.registries import FOLLOWED, sample_holdings

app = App(
    name="sandbox",
    help="Stand in for the registers, change what they hold, and bring trouble to them.",
)

_console = Console(highlight=False, soft_wrap=True)
_WAIT = 15.0
"""Seconds to wait for the service to ask; in development it does so every few seconds."""
_POLL = 0.2
_PATIENCE = aiohttp.ClientTimeout(total=10)


@app.command
def registers(
    *,
    port: int = 0,
    people: int = 0,
    organisations: int = 0,
    seed: int = 0,
    client_key: Path | None = None,
    fd: Descriptor = None,
    lifeline: Descriptor = None,
) -> None:
    """Stand in for KRR and the other registers on this machine, until Ctrl-C.

    `varsel up --development` starts them by itself. What is changed of them is kept in the data folder.

    Parameters
    ----------
    port
        At which port of 127.0.0.1; any that is free, if none is named.
    people
        How many persons are generated beside the samples.
    organisations
        How many organisations are.
    seed
        Which numbers the generated persons have.
    client_key
        The file of a public RSA key (PEM) by which grants for tokens must be signed.
    """
    settings = settings_from()
    _refuse_outside(settings)

    listener = listener_of(fd, "127.0.0.1", port, setting="--port")
    try:
        key = None if client_key is None else client_key.read_bytes()
    except OSError as problem:
        raise Refusal(f"{client_key} cannot be read: {problem.strerror}") from None
    try:
        run(
            settings,
            lambda: processes.stand_in(
                settings,
                lambda folder: sample_holdings(
                    folder, people=people, organisations=organisations, seed=seed
                ),
                listener,
                client_key=key,
                told=_tell if fd is None else _say_nothing,
                lifeline=lifeline,
            ),
        )
    except (RegistersInUseError, UnknownError, ValueError) as problem:
        raise Refusal(str(problem)) from None


@app.command
def person(
    number: str,
    *,
    email: str | None = None,
    mobile: str | None = None,
    reserve: bool | None = None,
    language: str | None = None,
    delete: Annotated[bool, Parameter(negative=())] = False,
    wait: float = _WAIT,
) -> None:
    """Change where a person is reached, as the person would do it with the real register.

    Parameters
    ----------
    number
        The person's number, which is an invented one.
    email
        The e-mail address; an empty one takes it away.
    mobile
        The mobile number, likewise.
    reserve
        Whether the person has reserved against being notified.
    language
        nb, nn, en or se.
    delete
        Let the register know the person no more.
    wait
        Seconds to wait for the service to ask what has changed.
    """
    asked = {"email": email, "mobile": mobile, "reserved": reserve, "language": language}
    _change("person", {"number": number, "deleted": delete, **asked}, wait)


@app.command
def organisation(
    number: str,
    *,
    email: str | None = None,
    mobile: str | None = None,
    remove: Annotated[bool, Parameter(negative=())] = False,
    wait: float = _WAIT,
) -> None:
    """Change where an organisation is reached, as it would do it with the real register.

    Parameters
    ----------
    number
        The organisation's number, which is an invented one.
    email
        Its only e-mail address from now on.
    mobile
        Its only mobile number from now on.
    remove
        Remove all of its addresses.
    wait
        Seconds to wait for the service to ask what has changed.
    """
    asked = {"number": number, "email": email, "mobile": mobile, "remove": remove}
    _change("organisation", asked, wait)


@app.command
def permit(
    user: str,
    organisation: str,  # what it is
    resource: str,
    *,
    action: str = "read",
    withdraw: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Let the decision point permit something to a user on behalf of an organisation, or no more.

    Parameters
    ----------
    user
        The user, by the id that the decision point knows; who has none, by national identity number.
    organisation
        On whose behalf, by organisation number.
    resource
        For which service.
    action
        To do what.
    withdraw
        Permit it no more.
    """
    grant = {"user": user, "party": organisation, "resource": resource, "action": action}
    _ask("permit", {**grant, "withdrawn": withdraw})
    _console.print("It is permitted no more." if withdraw else "It is permitted.")


@app.command
def trouble(
    path: str,
    *,
    status: int | None = None,
    retry_after: int | None = None,
    hang: float = 0,
    halve: Annotated[bool, Parameter(negative=())] = False,
    shuffle: Annotated[bool, Parameter(negative=())] = False,
    duplicate: Annotated[bool, Parameter(negative=())] = False,
    times: int | None = None,
    clear: Annotated[bool, Parameter(negative=())] = False,
) -> None:
    """Bring trouble to a path of the registers, in place of what trouble it has.

    The paths are those of the real registers, as /rest/v2/krr/hentEndringer; `/` is all of them.

    Parameters
    ----------
    path
        Which path, with all below it.
    status
        Answer this status instead.
    retry_after
        With it, that it be asked again after so many seconds.
    hang
        Wait so many seconds before each answer.
    halve
        Answer half of what was asked about, and break off pages and files half way.
    shuffle
        Answer in another order.
    duplicate
        Answer everything twice.
    times
        For so many answers; otherwise until it is cleared.
    clear
        End the trouble of this path.
    """
    made = {
        "status": status,
        "retry_after": retry_after,
        "hang": hang,
        "halve": halve,
        "shuffle": shuffle,
        "duplicate": duplicate,
        "times": times,
    }
    _ask("trouble", {"path": path, "trouble": None if clear else made})
    _console.print("The trouble is over." if clear else "There is trouble.")


def _refuse_outside(settings: Settings) -> None:
    try:
        refuse_sandbox(settings)
    except SettingError as problem:
        raise RefusedSettings(str(problem)) from None


def _tell(url: str) -> None:
    _console.print(
        f"The registers answer at {url}; Ctrl-C stops them. The service follows them with"
    )
    for name, path in FOLLOWED.items():
        _console.print(f"  {name}={url}{path}")
    _console.print(
        f"They give tokens for grants as the issuer {url}/, and take those of VARSEL_KRR_TOKEN, "
        "VARSEL_BUSINESSES_TOKEN and VARSEL_PARTY_REGISTER_TOKEN."
    )


def _say_nothing(_: str) -> None:
    pass


def _change(what: str, asked: Mapping[str, Any], wait: float) -> None:
    """Change something, and wait a while for the service to ask what has changed."""
    change = _ask(what, asked)["change"]
    _console.print(f"The register has it as change {change}.")
    until = time.monotonic() + wait
    while _ask()[what]["told"] < change:
        if time.monotonic() > until:
            _console.print("The service has not asked yet; it has it when it has asked next.")
            return
        time.sleep(_POLL)
    _console.print("The service has read it.")


def _ask(what: str | None = None, asked: Mapping[str, Any] | None = None) -> Any:  # noqa: ANN401  # JSON
    """Ask the stand-ins of the installation that is meant: what they hold, or to change it.

    Raises:
        Refusal: they do not run, or will not do it; says what to do.
    """
    folder = data_folder() / REGISTERS
    url = find(folder)
    if url is None:
        raise Refusal(
            f"no stand-ins for the registers run on {folder}: `make run` starts them, and so does "
            "`varsel sandbox registers`"
        )
    try:
        return asyncio.run(_asked(f"{url}{CONTROL}", what, asked))
    except (aiohttp.ClientError, TimeoutError):
        raise Refusal(f"the stand-ins for the registers do not answer at {url}") from None


async def _asked(url: str, what: str | None, asked: Mapping[str, Any] | None) -> Any:  # noqa: ANN401  # JSON
    async with aiohttp.ClientSession(timeout=_PATIENCE) as session:
        asking = session.get(url) if what is None else session.post(f"{url}/{what}", json=asked)
        async with asking as answer:
            told = await answer.json()
            if not answer.ok:
                raise Refusal(told["detail"])
            return told
