"""The API as it is described where nothing is installed besides."""

from typing import Final

from entrypoints.http.openapi import document as described
from entrypoints.http.openapi.schemas import USUAL, Sizes
from entrypoints.wiring.providers import OURS

DOORS: Final = tuple(kind.door for kind in OURS if kind.door is not None)
ROUTES: Final = tuple(described.routes(DOORS))


def document(sizes: Sizes = USUAL) -> bytes:
    return described.document(sizes, DOORS)
