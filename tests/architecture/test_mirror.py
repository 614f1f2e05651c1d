"""What the application does is tested where it stands, and what it asks of others is a contract a port."""

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


PORTS_OF = {
    node.name: path
    for path in sorted(PORTS.glob("*.py"))
    for node in ast.parse(path.read_text()).body
    if isinstance(node, ast.ClassDef)
    and any(ast.unparse(base) == "Protocol" for base in node.bases)
}
"""Every port, and where it stands."""
SPOKEN_OF_ELSEWHERE = {
    "Claim": "AgendaContract",  # two of an agenda's methods, as one who calls either knows them
    "OpenProvider": "ProviderKindContract",  # a provider as its kind makes it
    "OutcomeLookup": "RememberingProviderContract",  # what a provider remembers, which is asked through it
}
NOT_HELD_BY_WORDS = {"Recorder"}
"""It tells how a store fares that goes away or back: tested where one does, in `test_failing_over`."""
CONTRACTS = re.findall(
    r"^class (\w+Contract)\b",
    "\n".join(each.read_text() for each in Path("contracts").glob("*.py")),
    re.MULTILINE,
)
SUITES = re.findall(
    r"^class Test\w+\((?:\w+\.)?(\w+Contract)\)",
    "\n".join(each.read_text() for each in Path("tests/adapters").rglob("test_*.py")),
    re.MULTILINE,
)


@pytest.mark.parametrize("port", sorted(PORTS_OF.keys() - NOT_HELD_BY_WORDS))
def test_each_port_has_a_contract_that_adapters_are_held_to(port: str) -> None:
    contract = SPOKEN_OF_ELSEWHERE.get(port, f"{port}Contract")

    assert contract in CONTRACTS
    assert contract in SUITES


def test_a_contract_that_nobody_is_held_to_promises_nothing() -> None:
    assert set(CONTRACTS) <= set(SUITES)
