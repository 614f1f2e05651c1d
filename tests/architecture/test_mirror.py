"""What the application does is tested where it stands: its tests mirror its modules."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

APPLICATION, TESTS, PORTS = (
    Path("application"),
    Path("tests/application"),
    Path("application/ports"),
)


def _modules() -> Iterator[Path]:
    for path in sorted(APPLICATION.rglob("*.py")):
        if PORTS not in path.parents and _does_something(path):
            yield path


def _does_something(path: Path) -> bool:
    """Whether a module has a function of its own that is no mere declaration."""
    return any(
        isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and not _is_declared(node)
        for node in ast.walk(ast.parse(path.read_text()))
    )


def _is_declared(function: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    *_, last = function.body
    return isinstance(last, ast.Expr) and isinstance(last.value, ast.Constant)


@pytest.mark.parametrize("module", list(_modules()), ids=str)
def test_each_module_of_the_application_that_does_something_has_tests_of_its_own(
    module: Path,
) -> None:
    place = TESTS / module.relative_to(APPLICATION)
    tests = place.with_name(f"test_{module.name}")

    assert tests.exists(), f"{module} has no {tests}"
    assert re.search(r"^(async )?def test_", tests.read_text(), re.MULTILINE)
