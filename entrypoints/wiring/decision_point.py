"""Who decides who may act for whom: a decision point over HTTP, or the table of grants."""

from contextlib import AsyncExitStack

from adapters.decision_point.batches import BatchedDecisionPoint
from adapters.decision_point.grants import GrantTable
from adapters.decision_point.http import DecisionPointClient
from adapters.decision_point.permit_cache import PermitCache
from adapters.decision_point.unjudgeable import UnjudgeableMemory
from adapters.postgres.pool import Pool
from application.ports.decision_point import DecisionPoint
from entrypoints.settings import Settings
from entrypoints.wiring.tokens import decision_point_credentials


def decision_point(settings: Settings, pool: Pool, stack: AsyncExitStack) -> DecisionPoint:
    """Who decides, as the settings say."""
    if settings.decision_point_url is None:
        return GrantTable(pool)
    seconds = settings.decision_point_timeout
    client = DecisionPointClient(
        settings.decision_point_url, decision_point_credentials(settings), seconds=seconds
    )
    stack.push_async_callback(client.aclose)
    # Time enough for what came to nothing to be asked once more, in halves.
    asked = BatchedDecisionPoint(
        client.answer,
        seconds=2 * seconds,
        takes_numbers=settings.decision_point_takes_numbers,
    )
    return PermitCache(UnjudgeableMemory(asked), seconds=settings.decision_point_cache)
