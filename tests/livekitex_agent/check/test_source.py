"""A program as it stands in its files: agents through any number of bases and files, and what runs again after a death."""

from pathlib import Path

import pytest

from livekitex_agent.check.source import Source, read_program

PROGRAM = """
from livekitex_agent import Agent, AgentServer, AgentSession, function_tool
import requests as http
from helpers import Base, notify

class Clerk(Base):
    async def on_enter(self):
        self._greet()

    def _greet(self):
        log()

    @function_tool
    async def order(self): ...

    @function_tool(idempotent=True)
    def price(self): ...

class Data:
    def on_enter(self): ...

server = AgentServer()

@server.rtc_session(agent_name="clerk")
async def entrypoint(ctx):
    data = Data()
    await start(AgentSession(userdata=data))

async def start(session):
    http.get("x")

def log(): ...
def never(): ...
"""


@pytest.fixture
def sources(tmp_path: Path) -> list[Source]:
    (tmp_path / "shop.py").write_text(PROGRAM, "utf-8")
    (tmp_path / "helpers.py").write_text(
        "import shop\nfrom livekitex_agent import Agent\nclass Base(Agent[int]): ...\ndef notify(): ...\n", "utf-8"
    )
    (tmp_path / "unrelated.py").write_text("class Other(Agent): ...", "utf-8")
    return read_program(tmp_path / "shop.py")


def test_the_files_beside_it_that_it_imports_are_read(sources: list[Source]) -> None:
    assert [Path(source.path).name for source in sources] == ["shop.py", "helpers.py"]
    assert sources[0].agents == sources[1].agents == {"Base", "Clerk"}


def test_what_runs_again_after_a_death_is_found_with_what_it_calls(sources: list[Source]) -> None:
    assert sources[0].replayed() == {
        "entrypoint": "the entrypoint runs again after a death",
        "start": "the entrypoint runs again after a death",
        "Clerk.on_enter": "on_enter runs again after a death, unless it had returned",
        "Clerk._greet": "on_enter runs again after a death, unless it had returned",
        "log": "on_enter runs again after a death, unless it had returned",
        "Clerk.price": "an idempotent tool that was cut off runs again",
    }


def test_the_class_of_user_data_is_found_by_its_name(sources: list[Source]) -> None:
    assert [cls for _, cls in sources[0].user_data()] == ["Data"]


@pytest.mark.parametrize(
    ("source", "names"),
    [
        ("async def main(ctx): ...\nWorkerOptions(entrypoint_fnc=main)", {"main"}),
        ("async def main(ctx): ...\nserver.rtc_session(main, agent_name='x')", {"main"}),
        ("@server.rtc_session\nasync def main(ctx): ...", {"main"}),
        ("async def main(ctx): ...", set()),
    ],
)
def test_entrypoints_are_found_however_they_are_named(source: str, names: set[str], tmp_path: Path) -> None:
    (tmp_path / "shop.py").write_text(source, "utf-8")
    assert read_program(tmp_path / "shop.py")[0].entrypoints() == names
