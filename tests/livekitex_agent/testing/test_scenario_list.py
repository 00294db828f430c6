"""The list of scenarios names tests that exist."""

import re
from pathlib import Path


def test_each_test_in_the_list_exists(checkout: Path) -> None:
    page = (checkout / "docs" / "scenarios.md").read_text("utf-8")
    named = re.findall(r"`([\w/]+\.py)::(\w+)`", page)
    assert len(named) > 50
    missing = [
        f"{path}::{test}"
        for path, test in named
        if not re.search(rf"^(async )?def {test}\(", (checkout / path).read_text("utf-8"), re.MULTILINE)
    ]
    assert not missing
