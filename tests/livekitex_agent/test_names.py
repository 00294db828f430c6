"""Each name that LiveKit's official examples import from its package is here, or says what to use instead.

``example_imports.txt`` lists them, a module and a name a line (``.`` is the package itself), as of their version 1.7 and later.
"""

import importlib
import subprocess
import sys
from pathlib import Path

import pytest

IMPORTS = [line.split() for line in Path(__file__).with_name("example_imports.txt").read_text("utf-8").splitlines()]
ABSENT = "there is no "


def found(module: str, name: str) -> bool:
    """Whether the name is there; what says what to use instead counts as there."""
    path = "livekitex_agent" if module == "." else f"livekitex_agent.{module}"
    try:
        holder = importlib.import_module(path)
        if hasattr(holder, name):
            return True
        importlib.import_module(f"{path}.{name}")
    except ModuleNotFoundError:
        return False
    except ImportError as refusal:
        told = str(refusal)
        return told.startswith(f"{ABSENT}{name} in {path}: ") and len(told) > len(f"{ABSENT}{name} in {path}: ") + 20
    return True


def test_the_list_is_one_of_names() -> None:
    assert len(IMPORTS) > 80
    assert all(len(line) == 2 for line in IMPORTS)


@pytest.mark.parametrize(("module", "name"), IMPORTS, ids=str)
def test_a_name_of_the_examples_is_here_or_says_what_to_use(module: str, name: str) -> None:
    assert found(module, name)


@pytest.mark.parametrize("asked", ["voice.agent import AgentTask", "voice.events import RunContext", "voice.report import SessionReport"])
def test_a_name_is_also_where_livekit_has_it_whatever_is_imported_first(asked: str) -> None:
    name = asked.rpartition(" ")[2]
    code = f"from livekitex_agent.{asked}; import livekitex_agent; assert {name} is livekitex_agent.{name}"
    subprocess.run([sys.executable, "-c", code], check=True, timeout=60)


def test_a_module_is_an_attribute_of_the_package_that_nobody_has_imported() -> None:
    asked = "import livekitex_agent as agents; agents.cli.run_app, agents.stt.STT, agents.voice.AgentSession, agents.io.AudioInput"
    subprocess.run([sys.executable, "-c", asked], check=True, timeout=60)


def test_all_that_the_module_of_voices_promises_is_there() -> None:
    voice = importlib.import_module("livekitex_agent.voice")
    assert [name for name in voice.__all__ if getattr(voice, name, None) is None] == []
    assert voice.AgentSession is importlib.import_module("livekitex_agent").AgentSession


@pytest.mark.parametrize("name", ["AMD", "Plugin", "SimulationContext", "SpeechSteeringOptions", "avatar", "ipc", "mcp"])
def test_a_name_of_the_package_that_is_not_here_is_refused_with_the_cure(name: str) -> None:
    with pytest.raises(ImportError, match=f"there is no {name} in livekitex_agent: "):
        exec(f"from livekitex_agent import {name}", {})


def test_the_gateways_detector_is_here() -> None:
    from livekitex_agent import inference
    from protocols import ConfigurationError

    assert inference.VAD(model="silero", min_silence_duration=0.3).options["min_silence_ms"] == 300
    with pytest.raises(ConfigurationError, match="there is 'silero'"):
        inference.VAD(model="other")
