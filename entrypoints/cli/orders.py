"""`varsel orders`: orders that need an operator's eye."""

from uuid import UUID

from cyclopts import App
from rich.console import Console

from domain.order.events import OrderId
from entrypoints.cli.database import asked, database
from entrypoints.cli.refusal import Refusal
from entrypoints.wiring.lending import agenda

app = App(name="orders", help="See which orders are stuck, and let them go on.")


@app.command
def stuck() -> None:
    """List the orders that brought three workers down, and are not carried out any more."""

    async def ask() -> list[OrderId]:
        async with agenda(database()) as lent:
            return list(await lent.stuck())

    found = asked(ask())
    console = Console(highlight=False)
    for order_id in found:
        console.print(str(order_id))
    console.print(
        f"{len(found)} stuck. What happened: varsel audit history ID. Again: varsel orders retry ID"
        if found
        else "No order is stuck."
    )


@app.command
def retry(order_id: UUID) -> None:
    """Let a stuck order be carried out again; it is taken alone, so that it harms no other."""

    async def let() -> bool:
        async with agenda(database()) as lent:
            return await lent.retry(OrderId(order_id))

    if not asked(let()):
        raise Refusal(f"order {order_id} is not stuck; see `varsel orders stuck`")
    Console(highlight=False).print(f"order {order_id} is going to be carried out again")
