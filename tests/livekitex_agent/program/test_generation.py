"""A program is loaded once for all its calls; new code takes new calls; whatever dies, calls come back. With real processes."""

import asyncio
import itertools
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio

from livekitex_agent import AgentSystem, CallHandle, WorkerOptions
from livekitex_agent.program import ProgramPlace
from protocols import AgentMessage, InvalidAgentError, Restarted, Role
from support.echo_tree import echo_options
from support.forked_session import Facts, forked_root, write_program, write_text
from support.memory_brain import ANSWER, FACT, QUESTION

pytestmark = [pytest.mark.processes, pytest.mark.asyncio]


@pytest_asyncio.fixture
async def system() -> AsyncIterator[AgentSystem]:
    options = echo_options(log_level="error")
    async with AgentSystem.start(options, root=forked_root(options)) as system:
        yield system


@pytest.fixture
def script(tmp_path: Path) -> Path:
    return tmp_path / "waiter.py"


def program(script: Path) -> ProgramPlace:
    return ProgramPlace(place=str(script))


async def generations(system: AgentSystem) -> list[int]:
    """The process ids of the fork parents of programs."""
    return [child.os_pid for child in reversed(await system.which_children("jobs")) if "waiter" in child.id]


async def facts_of_another(call: CallHandle, pid: int) -> Facts:
    """Those of the call once its process is another one than ``pid``: who is killed by its parent's death lives a moment longer."""
    for number in itertools.count():
        facts = await Facts.of(call, f"again {pid} {number}")
        if facts.pid != pid:
            return facts
    raise AssertionError


async def until_generations(system: AgentSystem, count: int) -> None:
    while len(await generations(system)) != count:
        pass


async def test_a_program_is_set_up_once_and_its_calls_are_forked_from_it(system: AgentSystem, script: Path) -> None:
    write_program(script, 1, setup="import os; proc.userdata['pid'] = os.getpid()")
    facts = [await Facts.of(await system.start_session(program(script)), f"q{number}") for number in range(3)]
    assert {fact.parent for fact in facts} == set(await generations(system)) == {fact.userdata["pid"] for fact in facts}
    assert len({fact.pid for fact in facts}) == 3
    assert len({fact.random for fact in facts}) == 3
    assert {fact.version for fact in facts} == {1}


async def test_new_code_takes_new_calls_and_running_ones_keep_theirs_through_a_death(system: AgentSystem, script: Path) -> None:
    write_program(script, 1)
    first = await system.start_session(program(script))
    before = await Facts.of(first, "a")
    write_program(script, 2)
    second = await system.start_session(program(script))
    assert (await Facts.of(second, "b")).version == 2
    os.kill(before.pid, signal.SIGKILL)
    await first.wait_for(Restarted)
    after = await Facts.of(first, "c")
    assert (after.version, after.parent) == (1, before.parent)
    assert after.pid != before.pid
    assert after.random != before.random
    await first.end()
    await until_generations(system, 1)
    assert await generations(system) == [(await Facts.of(second, "d")).parent]


async def test_a_change_of_a_module_beside_it_is_new_code_too(system: AgentSystem, script: Path) -> None:
    (script.parent / "menu.py").write_text("USED = {'pizza': 9}\n")
    write_program(script, 1, top="import menu", setup="proc.userdata.update(menu.USED)")
    first = await Facts.of(await system.start_session(program(script)), "a")
    (script.parent / "menu.py").write_text("USED = {'pizza': 10, 'salad': 4}\n")
    second = await Facts.of(await system.start_session(program(script)), "b")
    assert (first.userdata, second.userdata) == ({"pizza": 9}, {"pizza": 10, "salad": 4})
    assert first.parent != second.parent


async def test_a_generation_that_is_killed_is_begun_anew_on_the_code_of_now_and_its_calls_come_back(
    system: AgentSystem, script: Path
) -> None:
    write_program(script, 1)
    calls = [await system.start_session(program(script)) for _ in range(2)]
    before = [await Facts.of(call, "a") for call in calls]
    write_program(script, 2)
    os.kill(before[0].parent, signal.SIGKILL)
    after = [await facts_of_another(call, fact.pid) for call, fact in zip(calls, before, strict=True)]
    assert [fact.version for fact in after] == [2, 2]
    assert {fact.parent for fact in after} == set(await generations(system))
    assert {fact.parent for fact in after}.isdisjoint({fact.parent for fact in before})


async def test_whoever_is_killed_above_it_its_calls_come_back(system: AgentSystem, script: Path) -> None:
    write_program(script, 1)
    call = await system.start_session(program(script))
    await Facts.of(call, "a")
    tree = {node.name: node.os_pid for node in (await system.tree()).walk()}
    os.kill(tree["worker_manager"], signal.SIGKILL)
    other = await system.start_session(program(script))
    before = [await Facts.of(one, "b") for one in (call, other)]
    assert before[0].parent == before[1].parent, "who manages calls anew finds the generation"
    os.kill(tree["jobs"], signal.SIGKILL)
    after = await facts_of_another(other, before[1].pid)
    assert [after.parent] == await generations(system)


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("import nix_da\n", r"ModuleNotFoundError: No module named 'nix_da' \(.*waiter\.py:1\)"),
        ("x = 1\nraise OSError('no disk')\n", r"its import failed: OSError: no disk \(.*waiter\.py:2\)"),
        ("import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\n", r"SIGSEGV"),
    ],
)
async def test_a_program_whose_import_fails_is_refused_and_nothing_is_left(
    system: AgentSystem, script: Path, text: str, complaint: str
) -> None:
    write_text(script, text)
    with pytest.raises(Exception, match=complaint):
        await system.start_session(program(script))
    assert await generations(system) == []
    assert (await system.status()).jobs == ()
    write_program(script, 3)
    assert (await Facts.of(await system.start_session(program(script)), "a")).version == 3


async def test_setup_that_fails_is_told(system: AgentSystem, script: Path) -> None:
    write_program(script, 1, setup="proc.userdata['n']")
    with pytest.raises(InvalidAgentError, match=r"its setup_fnc failed: KeyError: 'n' \(.*waiter\.py:\d+\)"):
        await system.start_session(program(script))


@pytest.mark.parametrize(
    "what",
    [
        {"setup": "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()"},
        {"setup": "import socket; proc.socket = socket.socket()"},
        {"top": "import threading; threading.Thread(target=threading.Event().wait, daemon=True).start()"},
    ],
    ids=["a thread of setup", "a socket of setup", "a thread of the import"],
)
async def test_what_no_fork_may_have_is_done_in_each_call(system: AgentSystem, script: Path, what: dict[str, str]) -> None:
    write_program(script, 1, **what)
    calls = [await system.start_session(program(script)) for _ in range(2)]
    facts = [await Facts.of(call, "a") for call in calls]
    assert {fact.parent for fact in facts} == set(await generations(system))


async def test_the_generation_of_a_program_that_hangs_in_its_import_holds_up_nobody_else(system: AgentSystem, script: Path) -> None:
    write_text(script, "while True:\n    pass\n")
    hanging = asyncio.ensure_future(system.start_session(program(script)))
    other = script.with_name("waiter2.py")
    write_program(other, 2)
    assert (await Facts.of(await system.start_session(program(other)), "a")).version == 2
    hanging.cancel()
    await asyncio.gather(hanging, return_exceptions=True)


TALKING = """
from livekitex_agent import Agent, AgentServer, AgentSession, JobContext
from support.memory_brain import MEMORY_BRAIN

server = AgentServer()


class Waiter(Agent):
    def __init__(self) -> None:
        super().__init__(instructions="VERSION")

    async def on_enter(self) -> None:
        self.session.say("Hello from VERSION.")


@server.rtc_session()
async def entrypoint(ctx: JobContext) -> None:
    session = AgentSession(llm=MEMORY_BRAIN)
    await session.start(Waiter(), room=ctx.room)
"""


async def test_a_conversation_comes_back_on_new_code_and_greets_nobody_twice(script: Path, tmp_path: Path) -> None:
    write_text(script, TALKING.replace("VERSION", "one"))
    async with AgentSystem.start(WorkerOptions(journal_dir=tmp_path, preload=False, log_level="error")) as system:
        call = await system.start_session(program(script))
        assert (await call.wait_for(AgentMessage)).text == "Hello from one."
        await call.send_text(FACT)
        await call.wait_for(AgentMessage)
        write_text(script, TALKING.replace("VERSION", "two!"))
        [generation] = await generations(system)
        os.kill(generation, signal.SIGKILL)
        assert (await call.wait_for(Restarted)).incarnation == 2
        await call.send_text(QUESTION)
        assert (await call.wait_for(AgentMessage)).text == ANSWER
        spoken = [item.text for item in (await call.history()).messages if item.role is Role.ASSISTANT]
        assert spoken == ["Hello from one.", "Noted.", ANSWER]
        assert generation not in await generations(system)
