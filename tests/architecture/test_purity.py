"""What the inside may know of the world: an allow-list, since a forbid-list forgets the next library."""

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

DOMAIN = Path(__file__).parents[2] / "domain"
MODULES = sorted(DOMAIN.rglob("*.py"))

IMPURE = {
    "asyncio",
    "io",
    "os",
    "pathlib",
    "random",
    "secrets",
    "socket",
    "subprocess",
    "sys",
    "tempfile",
    "threading",
    "time",
    "urllib.request",
}
IMPURE_CALLS = {"now", "utcnow", "today", "uuid1", "uuid4", "open", "print", "input", "getenv"}


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module is not None:
            yield node.module


def called(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            match node.func:
                case ast.Name(id=name) | ast.Attribute(attr=name):
                    yield name
                case _:
                    pass


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(DOMAIN)))
def test_the_domain_imports_the_standard_library_and_msgspec_alone(path: Path) -> None:
    allowed = sys.stdlib_module_names | {"domain", "msgspec"}

    names = set(imported(ast.parse(path.read_text())))

    assert {name for name in names if name.partition(".")[0] not in allowed} == set()
    assert names & IMPURE == set()


@pytest.mark.parametrize("path", MODULES, ids=lambda path: str(path.relative_to(DOMAIN)))
def test_the_domain_reads_no_clock_and_draws_no_number(path: Path) -> None:
    assert set(called(ast.parse(path.read_text()))) & IMPURE_CALLS == set()


def test_there_is_a_domain_to_look_at() -> None:
    assert len(MODULES) > 10
