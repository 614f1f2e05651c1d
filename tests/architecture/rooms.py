"""Count the rooms of the house and the arrows between them: `python -m tests.architecture.rooms --arrows`.

A room is a package, an arrow the imports that lead from one room's modules to another's. Of each floor: how
many rooms and modules it has, how many arrows lead between its rooms, and which; and the longest modules.
"""

import sys
from collections import Counter
from pathlib import Path
from typing import Final

import grimp

_FLOORS: Final = ("domain", "application", "adapters", "entrypoints")
_LONGEST: Final = 5


def arrows(graph: grimp.ImportGraph, floor: str) -> Counter[tuple[str, str]]:
    """How many imports lead from one room of a floor to another room of it."""
    counted: Counter[tuple[str, str]] = Counter()
    for importer in _modules(graph, floor):
        for imported in graph.find_modules_directly_imported_by(importer):
            pair = room_of(graph, importer), room_of(graph, imported)
            if imported.startswith(f"{floor}.") and pair[0] != pair[1]:
                counted[pair] += 1
    return counted


def room_of(graph: grimp.ImportGraph, module: str) -> str:
    """The package that a module stands in; a package is its own room."""
    return module if graph.find_children(module) else module.rpartition(".")[0]


def _modules(graph: grimp.ImportGraph, floor: str) -> list[str]:
    return [each for each in graph.modules if each == floor or each.startswith(f"{floor}.")]


def main() -> None:
    """Print all of it."""
    graph = grimp.build_graph(*_FLOORS)
    out = sys.stdout.write
    for floor in _FLOORS:
        modules = _modules(graph, floor)
        rooms = {room_of(graph, each) for each in modules}
        between = arrows(graph, floor)
        out(f"{floor}: {len(rooms)} rooms, {len(modules)} modules, {len(between)} arrows\n")
        if "--arrows" not in sys.argv:
            continue
        for (importer, imported), count in sorted(between.items()):
            out(f"  {importer} -> {imported} ({count})\n")
    files = [file for floor in _FLOORS for file in Path(floor).rglob("*.py")]
    lengths = sorted((len(file.read_text().splitlines()), str(file)) for file in files)
    out("the longest modules\n")
    for lines, file in reversed(lengths[-_LONGEST:]):
        out(f"  {lines:>5} {file}\n")


if __name__ == "__main__":
    main()
