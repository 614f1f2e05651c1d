"""`varsel orders`: orders that need an operator's eye."""

from uuid import UUID

from cyclopts import App
from rich.console import Console

from domain.order.events import OrderId
from entrypoints.cli.database import asked, database
from entrypoints.cli.operator import operator
from entrypoints.cli.refusal import Refusal
from entrypoints.wiring.operator_tools import quarantine

app = App(name="orders", help="See which orders are stuck, and let them go on.")


@app.command
def stuck() -> None:
    """List the orders that brought three workers down, and are not carried out any more."""

    async def ask() -> list[OrderId]:
        async with quarantine(database()) as service:
            return list(await service.quarantined())

    found = asked(ask())
    console = Console(highlight=False, soft_wrap=True)
    for order_id in found:
        console.print(str(order_id))
    console.print(
        f"{len(found)} stuck. What happened: varsel audit history ID. Again: varsel orders retry ID --reason WHY"
        if found
        else "No order is stuck."
    )


@app.command
def retry(order_id: UUID, *, reason: str) -> None:
    """Let a stuck order be carried out again; it is taken alone, so that it harms no other.

    Parameters
    ----------
    order_id
        The order, as `varsel orders stuck` lists it.
    reason
        Why; it goes on record with your name.
    """

    async def let() -> bool:
        async with quarantine(database()) as service:
            return await service.retry(OrderId(order_id), by=operator(), reason=reason)

    if not asked(let()):
        raise Refusal(f"order {order_id} is not stuck; see `varsel orders stuck`")
    Console(highlight=False, soft_wrap=True).print(
        f"order {order_id} is going to be carried out again"
    )
