"""`varsel owners`: the switch by which an operator stops an owner, and lets it again."""

from cyclopts import App
from rich.console import Console

from entrypoints.cli.database import asked, database
from entrypoints.cli.refusal import Refusal
from entrypoints.wiring.lending import owner_ledger

app = App(name="owners", help="Stop an owner, and let it again.")


@app.command
def stop(owner: str, *, reason: str) -> None:
    """Take nothing more of an owner in, and hand nothing of it over, until it is let again.

    What is just being handed over still leaves; what waits for too long expires.

    Parameters
    ----------
    owner
        The owner's short name, as its tokens say it; large letters and small ones are the same.
    reason
        Why, for whoever looks next.
    """

    async def write() -> None:
        async with owner_ledger(database()) as ledger:
            await ledger.stop(owner, reason)

    asked(write())
    _say(f"{owner} is stopped, on every machine within a second. Again: varsel owners let {owner}")


@app.command
def let(owner: str) -> None:
    """Let an owner again; what had become due is carried out."""

    async def write() -> bool:
        async with owner_ledger(database()) as ledger:
            return await ledger.let(owner)

    if not asked(write()):
        raise Refusal(f"{owner} is not stopped; see `varsel owners stopped`")
    _say(f"{owner} is let again")


@app.command
def stopped() -> None:
    """List the owners that are stopped, and why."""

    async def ask() -> dict[str, str]:
        async with owner_ledger(database()) as ledger:
            return dict(await ledger.stopped())

    for owner, reason in (found := asked(ask())).items():
        _say(f"{owner}: {reason}")
    if not found:
        _say("No owner is stopped.")


def _say(words: str) -> None:
    Console(highlight=False, markup=False).print(words)
