"""The first hour of a new user, in odd circumstances: it works, or a clear error names the cure; nothing is left in any of them."""

from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest

from support import first_hours
from support.first_hours import FIRST, Circumstance, begun, ended
from support.program import Program

pytestmark = pytest.mark.processes


@dataclass
class Running:
    programs: dict[str, Program]
    state: Path


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """All of them at the same time, with one folder for their journals."""
    folder = tmp_path_factory.mktemp("first")
    state = folder / "state"
    with ExitStack() as stack:
        programs = {name: stack.enter_context(begun(folder / name, circumstance, state)) for name, circumstance in FIRST.items()}
        yield Running(programs, state)


@pytest.mark.parametrize("name", FIRST)
def test_a_first_hour(name: str, running: Running) -> None:
    assert not ended(FIRST[name], running.programs[name]).problems


def test_none_of_them_leaves_a_call_in_the_folder_that_they_share(running: Running) -> None:
    for program in running.programs.values():
        program.wait()
    assert running.state.exists()
    assert not [path for path in running.state.rglob("*") if path.is_file()]


def test_a_starter_that_runs_on_uvloop_and_has_used_a_room(tmp_path: Path) -> None:
    for library in ("uvloop", "livekit.rtc"):
        pytest.importorskip(library, reason=f"needs {library}: pip install 'livekitex-agent[test]'", exc_type=ImportError)
    circumstance = Circumstance(line=f"{first_hours.RUN} busy room", said=first_hours.SPOKE, complaints=99)
    with begun(tmp_path / "room", circumstance, tmp_path / "state") as program:
        assert not ended(circumstance, program).problems
