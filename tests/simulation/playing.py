"""Play episodes, on every core there is."""

from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from itertools import count
from multiprocessing import get_context
from os import cpu_count

import structlog

from tests.simulation.clockwork import played
from tests.simulation.world import Episode, Told


def episode(seed: int) -> Told:
    """Play the episode of a seed."""
    structlog.configure(processors=[_nothing])
    return played(Episode(seed).play())


def many(first: int, steps: int) -> Sequence[Told]:
    """Play episodes from a seed on, until they have made so many steps together."""
    told: list[Told] = []
    seeds = count(first)
    with ProcessPoolExecutor(mp_context=get_context("spawn")) as pool:
        playing: set[Future[Told]] = {
            pool.submit(episode, next(seeds)) for _ in range(2 * (cpu_count() or 1))
        }
        while playing:
            done, playing = wait(playing, return_when=FIRST_COMPLETED)
            told += [each.result() for each in done]
            if sum(each.steps for each in told) < steps:
                playing |= {pool.submit(episode, next(seeds)) for _ in done}
    return sorted(told, key=lambda each: each.seed)


def _nothing(*_: object) -> str:
    raise structlog.DropEvent
