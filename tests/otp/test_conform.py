"""Every recorded scenario, on the core and on the actors; and the command that says so."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from otp.compare import first_difference
from otp.conform import check
from otp.core_driver import CoreDriver
from otp.schema import Scenario, load
from otp.sim_driver import SimDriver

HERE = Path(__file__).parent
SCENARIOS = list(load(HERE / "traces.json"))


def test_there_are_as_many_as_were_recorded() -> None:
    assert len(SCENARIOS) == 246


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_the_core_does_what_otp_did(scenario: Scenario) -> None:
    assert check(scenario, CoreDriver) is None


@pytest.mark.parametrize("scenario", SCENARIOS, ids=lambda scenario: scenario.name)
def test_the_actors_do_what_otp_did(scenario: Scenario) -> None:
    assert check(scenario, lambda: SimDriver(seed=1)) is None


@pytest.mark.parametrize("options", [[], ["--real"]])
def test_the_command(options: list[str], tmp_path: Path) -> None:
    recorded = json.loads((HERE / "traces.json").read_text())
    scenario = recorded["scenarios"][0]
    spoiled = json.loads(json.dumps(scenario)) | {"name": "spoiled"}
    spoiled["steps"][1]["expect"]["events"].append("exit nobody#1 normal")
    broken = json.loads(json.dumps(scenario)) | {"name": "broken"}
    broken["steps"][1]["action"] = {"do": "dance"}
    (tmp_path / "some.json").write_text(json.dumps({"scenarios": [scenario, spoiled, broken]}))
    command = [sys.executable, str(HERE / "conform.py"), *options, str(tmp_path / "some.json"), str(HERE / "traces.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=900)
    said = done.stdout.splitlines()
    assert said[0].startswith("spoiled: step 2: event ")
    assert said[1].startswith("broken: raised ")
    assert "unknown action dance" in done.stdout
    assert said[-1] == "PASSED 247 FAILED 2"
    assert done.returncode == 1


@pytest.mark.processes
@pytest.mark.parametrize("form", [[], ["--light"]])
def test_real_processes_do_what_otp_did(form: list[str], tmp_path: Path) -> None:
    first_of_group = {scenario["group"]: scenario for scenario in reversed(json.loads((HERE / "traces.json").read_text())["scenarios"])}
    (tmp_path / "some.json").write_text(json.dumps({"scenarios": list(first_of_group.values())}))
    command = [sys.executable, str(HERE / "conform.py"), "--real", "--processes", *form, str(tmp_path / "some.json")]
    done = subprocess.run(command, capture_output=True, text=True, check=False, cwd=tmp_path, timeout=900)
    assert done.stdout == f"PASSED {len(first_of_group)} FAILED 0\n"


def seen(**changes: Any) -> dict[str, Any]:
    tree = [{"sup": "b", "children": []}, {"sup": "a", "children": []}]
    return {"result": "ok", "order": "total", "events": ["x", "y"], "unchanged": [], "tree": tree} | changes


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"tree": list(reversed(seen()["tree"]))}, None),
        ({"result": "error"}, "step 1: result: expected error, got ok"),
        ({"events": ["x", "z"]}, "step 1: event 2: expected 'z', got 'y'"),
        ({"events": ["x"]}, "step 1: event 2: expected nothing more, got 'y'"),
        ({"events": ["x", "y", "z"]}, "step 1: event 3: expected 'z', got nothing more"),
        ({"unchanged": ["a"]}, "step 1: unchanged: expected ['a'], got []"),
        ({"tree": []}, "step 1: tree: expected [], got [{'sup': 'a', 'children': []}, {'sup': 'b', 'children': []}]"),
        ({"before_holds": [True]}, "step 1: before_holds: expected [True], got None"),
    ],
)
def test_every_difference_is_told(changes: dict[str, Any], words: str | None) -> None:
    assert first_difference([seen(**changes)], {"alive": []}, [seen()], {"alive": []}) == words


def test_the_end_counts_too() -> None:
    assert first_difference([], {"alive": ["a"]}, [], {"alive": []}) == "final: expected {'alive': ['a']}, got {'alive': []}"
