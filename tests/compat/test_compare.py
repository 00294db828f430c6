"""The comparer: its parts, what was recorded of the peer, and a sample of the programs under this package."""

import json
import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from compat import compare
from compat.folders import folder

PROGRAMS = sorted((compare.HERE / "programs").glob("*.py"))


def test_a_program_is_changed_in_nothing_but_its_import_lines() -> None:
    source = (
        "from livekit import agents, rtc\n"
        "from livekit.agents import Agent\n"
        "import livekit.agents.llm as models\n"
        "    from livekit.agents.beta.workflows import TaskGroup\n"
        "from livekit.agentship import x\n"
        'text = "from livekit.agents import Agent"\n'
    )
    assert compare.with_our_imports(source) == (
        "import livekitex_agent as agents\n"
        "from livekit import rtc\n"
        "from livekitex_agent import Agent\n"
        "import livekitex_agent.llm as models\n"
        "    from livekitex_agent.beta.workflows import TaskGroup\n"
        "from livekit.agentship import x\n"
        'text = "from livekit.agents import Agent"\n'
    )


def test_a_record_is_of_the_program_and_of_all_that_makes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (program := tmp_path / "program.py").write_text("x = 1\n")
    before = {compare.fingerprint(program)}
    program.write_text("x = 2\n")
    before.add(compare.fingerprint(program))
    made_by = ["driver.py", "fakes.py", "lines.py", "records.py", "facts.py", "job_peer.py"]
    for name in made_by:
        (tmp_path / name).write_bytes((compare.HERE / name).read_bytes())
    monkeypatch.setattr(compare, "HERE", tmp_path)
    assert compare.fingerprint(program) in before
    for name in made_by:
        (tmp_path / name).write_bytes((tmp_path / name).read_bytes() + b"# changed\n")
        before.add(compare.fingerprint(program))
    assert len(before) == 2 + len(made_by)


def test_a_folder_is_gone_behind_its_block_or_with_the_next_command_if_its_own_is_gone(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    with subprocess.Popen([sys.executable, "-c", ""]) as ended:
        ended.wait(20)
    (tmp_path / f"compat-{ended.pid}-left").mkdir()
    (tmp_path / f"compat-{ended.pid}-left" / "program.py").touch()
    kept = {tmp_path / f"compat-{os.getppid()}-other", tmp_path / "compat-of-somebody"}
    for other in kept:
        other.mkdir()
    with folder() as made:
        assert set(tmp_path.iterdir()) == {made, *kept}
    assert set(tmp_path.iterdir()) == kept


@pytest.mark.processes
def test_a_command_that_is_ended_leaves_no_folder_and_no_process(tmp_path: Path) -> None:
    (home := tmp_path / "tmp").mkdir()
    (pid := tmp_path / "pid").touch()
    (program := tmp_path / "endless.py").write_text(
        f"import os, pathlib, time\npathlib.Path({str(pid)!r}).write_text(str(os.getpid()))\ntime.sleep(600)\n"
    )
    environment = os.environ | {"TMPDIR": str(home)}
    with subprocess.Popen([sys.executable, str(compare.HERE / "compare.py"), str(program)], env=environment) as command:
        try:
            assert _comes(lambda: bool(pid.read_text())), "the program does not run"
            assert len(list(home.glob("compat-*"))) == 1
            command.send_signal(signal.SIGTERM)
            assert command.wait(20) == 128 + signal.SIGTERM
        finally:
            command.kill()
    assert list(home.iterdir()) == []
    assert _comes(lambda: not Path(f"/proc/{pid.read_text()}").exists())


def _comes(condition: Callable[[], bool], within_s: float = 60.0) -> bool:
    until = time.monotonic() + within_s
    while not condition() and time.monotonic() < until:
        time.sleep(0.02)
    return condition()


def test_only_what_the_peer_keeps_in_all_runs_is_demanded() -> None:
    steady = {"items": [1], "events": {"close": ["a"]}, "orders": {}}
    recorded = compare.facts.kept([steady, steady | {"events": {"close": ["b"]}}, steady | {"notes": [1]}])
    assert recorded == {"same": {"items": [1]}, "not kept": ["events: close", "notes"]}
    assert compare.facts.differences(recorded, steady | {"events": {"close": ["c"]}, "notes": [2]}) == {}


def test_what_differs_and_what_is_missing_or_more_is_named() -> None:
    recorded = {"same": {"items": [[1, 2]], "notes": [3]}, "not kept": []}
    found = compare.facts.differences(recorded, {"items": [[1, 4]], "events": {"error": ["x"]}, "orders": {"new": ["y"]}})
    assert found == {"items": ([[1, 2]], [[1, 4]]), "notes": ([3], None), "events: error": (None, ["x"])}
    assert compare.facts.first_difference(*found["items"]) == "[0][1]: theirs 2, ours 4"


def test_what_says_the_same_is_the_same() -> None:
    recorded = {"same": {"schemas": {"f": {"description": "Do.\n", "parameters": {"properties": {"x": {"type": ["string", "null"]}}}}}}}
    parameters = {"properties": {"x": {"anyOf": [{"type": "string"}, {"type": "null"}]}}, "required": []}
    own = {"schemas": {"f": {"description": "Do.", "parameters": parameters}}}
    assert compare.facts.differences(recorded | {"not kept": []}, own) == {}
    assert compare.facts.facts({"items": [{"added": ["b", "a"]}]}) == {"items": [{"added": ["a", "b"]}]}
    one_of_two = {"properties": {"x": {"anyOf": [{"type": "string", "maxLength": 3}, {"type": "null"}]}}, "required": ["x"]}
    assert compare.facts.facts({"schemas": one_of_two}) == {"schemas": one_of_two}


def test_a_program_is_the_same_on_purpose_or_other_and_a_purpose_that_is_gone_is_other() -> None:
    different = {"items": (1, 2)}
    assert compare.Verdict("p", {}, {}).kind == "SAME"
    assert compare.Verdict("p", different, {"items": "ours is better"}).kind == "ON PURPOSE"
    assert compare.Verdict("p", different, {}).kind == "OTHER"
    assert compare.Verdict("p", {}, {"items": "ours is better"}).kind == "OTHER"
    assert compare.Verdict("p", different | {"notes": (1, 2)}, {"items": "ours is better"}).kind == "OTHER"


def test_the_differences_on_purpose_are_few_and_each_has_its_reason() -> None:
    stated = compare.on_purpose()
    assert len(stated) <= compare.MOST_ON_PURPOSE
    assert set(stated) <= {program.stem for program in PROGRAMS}
    assert all(len(reason) > 20 for reasons in stated.values() for reason in reasons.values())


@pytest.mark.parametrize("program", PROGRAMS, ids=lambda program: program.stem)
def test_what_is_recorded_is_of_the_program_as_it_is(program: Path) -> None:
    recorded = compare.recorded_of(program)
    assert recorded is not None
    assert recorded["program"] == compare.fingerprint(program), "record it anew: compare.py --peer PYTHON --record-only"
    assert recorded["runs"] == compare.PEER_RUNS
    assert {"items", "asked", "failures"} <= set(recorded["same"])
    assert recorded["same"]["failures"] == []


def test_there_are_at_least_forty_programs() -> None:
    assert len(PROGRAMS) >= 40
    assert all(json.loads((compare.HERE / "recorded" / f"{program.stem}.json").read_text()) for program in PROGRAMS)


SAMPLE = (
    *("01_text_reply", "03_tool_function", "04_tool_raw", "06_arguments_defaults", "09_on_enter_greeting", "14_llm_node", "23_user_data"),
    *("30_shutdown_callbacks", "35_max_tool_steps", "40_ignore_on_enter", "44_run_and_expect"),
)
SPOKEN = ("42_voice", "43_stream_adapters")
"""Heard and spoken by providers of LiveKit's classes that take the rtc SDK's frames only: here events are others."""


@pytest.mark.processes
def test_a_sample_of_the_programs_comes_to_the_same_under_this_package() -> None:
    programs = [program for program in PROGRAMS if program.stem in SAMPLE]
    ours = compare.records(compare.OURS, sys.executable, programs, 1)
    verdicts = [compare.judge(program, ours[program.stem][0], compare.recorded_of(program), {}) for program in programs]
    assert [line for verdict in verdicts if verdict.kind != "SAME" for line in verdict.lines()] == []


@pytest.mark.processes
def test_a_spoken_call_comes_to_the_same_items_requests_and_words() -> None:
    programs = [program for program in PROGRAMS if program.stem in SPOKEN]
    ours = compare.records(compare.OURS, sys.executable, programs, 1)
    for program in programs:
        different = compare.judge(program, ours[program.stem][0], compare.recorded_of(program), {}).different
        assert [name for name in ("items", "asked", "notes", "screen", "failures") if name in different] == []
