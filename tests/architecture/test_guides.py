"""What the guide tells people to call is there."""

import ast
import re
from pathlib import Path

from entrypoints.http.openapi import ROUTES

GUIDE = (Path(__file__).parents[2] / "docs" / "api.md").read_text()
BASE = "/notifications/api/v1"


def test_every_path_in_the_guide_is_a_route() -> None:
    named = {
        BASE + path.replace("SHIPMENT_ID", "{id}").replace("case-system", "{name}")
        for path in re.findall(r"(?:\$API|\{api\})(/[A-Za-z0-9_/-]+)", GUIDE)
    }

    assert len(named) >= 5
    assert named <= {route.path for route in ROUTES}


def test_every_python_example_of_the_guide_can_be_read() -> None:
    examples = re.findall(r"```python\n(.*?)```", GUIDE, re.DOTALL)

    assert examples
    for example in examples:
        ast.parse(example)
