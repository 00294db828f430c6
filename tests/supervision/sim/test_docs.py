"""The page about simulation shows code that works."""

import importlib.util
import re
import sys
from pathlib import Path

import pytest

from supervision import SimRuntime


def test_the_example_runs_and_the_table_names_what_there_is(checkout: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    text = (checkout / "docs" / "simulation.md").read_text("utf-8")
    (code,) = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    path = tmp_path / "simulation_example.py"
    path.write_text(code, "utf-8")
    spec = importlib.util.spec_from_file_location("simulation_example", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    monkeypatch.setitem(sys.modules, "simulation_example", module)
    spec.loader.exec_module(module)
    for seed in range(3):
        for test in (module.test_a_lost_question_is_not_counted, module.test_a_crash_is_an_exit_with_its_reason):
            with SimRuntime(seed=seed) as sim:
                test(sim)
    calls = {name for row in re.findall(r"^\| .* \| (`.*) \|$", text, re.MULTILINE) for name in re.findall(r"`(\w+)`", row)}
    assert calls - {"call"} == {name for name in vars(SimRuntime) if not name.startswith("_")} - {"clock", "outside", "report"}
