"""The lists of scenarios and of faults name tests that exist."""

import re
from pathlib import Path

import pytest


@pytest.mark.parametrize(("name", "least"), [("scenarios", 50), ("faults", 8)])
def test_each_test_in_the_list_exists(checkout: Path, name: str, least: int) -> None:
    page = (checkout / "docs" / f"{name}.md").read_text("utf-8")
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", page)
    assert len(named) > least
    missing = [
        f"{path}::{test}"
        for path, test in named
        if not re.search(rf"^(async )?def {test}\(", (checkout / path).read_text("utf-8"), re.MULTILINE)
    ]
    assert not missing
