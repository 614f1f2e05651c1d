"""`varsel suppressions`: addresses that are left alone since they bounced, and how that is lifted.

An address is asked for on the standard input, so that it stands in no history of a shell.
"""

import sys
from collections.abc import Sequence
from datetime import timedelta

from cyclopts import App
from rich.console import Console

from application.operations.suppressions import NoAddressError, address_meant
from application.ports.suppressions import BouncedAddress
from domain.contact_point import AddressKey
from entrypoints.cli.database import asked
from entrypoints.cli.installation import settings_and_database
from entrypoints.cli.operator import operator
from entrypoints.cli.refusal import Refusal
from entrypoints.wiring.operator_tools import suppressions

app = App(
    name="suppressions",
    help="See which addresses are left alone since they bounced for good, and lift that.",
)


@app.command(name="list")
def list_suppressions(*, most: int = 100) -> None:
    """List the addresses that are left alone, those that bounced last first.

    An address itself is not known here: it is named by a keyed hash, and by the order whose history tells
    more of it. One that its register has confirmed since is listed, and used all the same.

    Parameters
    ----------
    most
        How many are listed.
    """
    settings, database = settings_and_database()

    async def ask() -> Sequence[BouncedAddress]:
        async with suppressions(settings, database) as service:
            return await service.suppressed(most=most)

    console = Console(highlight=False, markup=False, soft_wrap=True)
    found = asked(ask())
    for each in found:
        until = each.bounced_at + timedelta(days=settings.suppression_days)
        console.print(
            f"{each.address_hash[:12]}  {each.channel:<5}  {each.failure:<15}  "
            f"{each.bounced_at:%Y-%m-%d %H:%M} UTC  until {until:%Y-%m-%d}  order {each.order_id}"
        )
    if not found:
        console.print("No address is left alone.")


@app.command
def lift(*, reason: str, address: str | None = None) -> None:
    """Let an address be used again at once.

    Parameters
    ----------
    reason
        Why; it goes on record with your name, and with a keyed hash of the address.
    address
        The e-mail address, or the number with its country code. Better left out: then it is read from the
        standard input, and no shell remembers it.
    """
    meant = _meant(_read() if address is None else address)

    async def write() -> bool:
        async with suppressions(*settings_and_database()) as service:
            return await service.lift(meant, by=operator(), reason=reason)

    if not asked(write()):
        raise Refusal("that address is not left alone; see `varsel suppressions list`")
    Console(highlight=False, soft_wrap=True).print("the address is used again")


def _meant(address: str) -> AddressKey:
    try:
        return address_meant(address)
    except NoAddressError:
        raise Refusal("write an e-mail address, or a number with its country code") from None


def _read() -> str:
    if sys.stdin.isatty():
        sys.stderr.write("address: ")
        sys.stderr.flush()
    return sys.stdin.readline()
