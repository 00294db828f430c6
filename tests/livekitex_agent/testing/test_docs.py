"""The page about testing shows code that works, and names what there is."""

import asyncio
import importlib.util
import re
import sys
from pathlib import Path

import pytest

from livekitex_agent.testing import RunResult, TestSession, fakes


@pytest.fixture
def page(checkout: Path) -> str:
    return (checkout / "docs" / "testing.md").read_text("utf-8")


def test_the_example_runs(page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (code,) = re.findall(r"```python\n(.*?)```", page, re.DOTALL)
    path = tmp_path / "testing_example.py"
    path.write_text(code, "utf-8")
    monkeypatch.syspath_prepend(tmp_path)
    spec = importlib.util.spec_from_file_location("testing_example", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "testing_example", module)
    spec.loader.exec_module(module)
    asyncio.run(module.test_the_price_is_looked_up())
    for seed in range(3):
        asyncio.run(module.test_a_crash_in_the_tool_is_survived(seed))


def test_the_tables_name_what_there_is(page: str) -> None:
    told = set(re.findall(r"(\w+)", page))
    for kind in (TestSession, RunResult):
        assert {name for name in vars(kind) if not name.startswith("_")} - {"greeting", "now_s", "pushed", "seconds", "given"} <= told
    for name in fakes.__all__:
        assert name in told
        factory = getattr(fakes, name)
        for option in re.findall(r"``(\w+)``", factory.__doc__ or ""):
            assert option in told or option in {"replies", "to", "silence", "rate_hz", "min_silence_ms", "retryable", "text", "pause_s"}, (
                option
            )
