"""What every port promises, as classes of tests: an adapter of yours is held to them as ours are.

`pip install varsel[contracts]`, subclass a contract, name your adapter in its fixture, and run pytest
with `asyncio_mode = auto`. `docs/adapters.md` leads through it.
"""

import pkgutil

import pytest

# Before they are imported, so that a failed assertion tells what it saw.
pytest.register_assert_rewrite(
    *(f"{__name__}.{each.name}" for each in pkgutil.iter_modules(__path__))
)
