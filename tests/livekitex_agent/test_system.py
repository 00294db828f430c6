"""The system on real processes, with sessions that only echo."""

import asyncio
import os
import signal
import socket
import threading
import urllib.request
from collections.abc import AsyncIterator, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
import pytest_asyncio

from livekitex_agent import (
    Agent,
    AgentMessage,
    AgentSystem,
    CallEnded,
    CallHandle,
    CapacityError,
    ConfigurationError,
    InvalidAgentError,
    InvalidAudioError,
    MessageTooLargeError,
    Node,
    Restarted,
    SessionUnavailableError,
    SystemUnavailableError,
    UsageError,
    UserMessage,
    sync,
)
from supervision import ChildSpec, SupervisorFlags, supervisor_args
from support import leftovers, procfs
from support.echo_tree import echo_options, echo_root

pytestmark = [pytest.mark.processes, pytest.mark.each_python]

ECHO = Agent.text(instructions="Say it again.")
STARTS_AT_ONCE = 30
"""More than one processor starts in the half second after which a start is sent again."""
REFUSED = Agent.text(instructions="refuse to start")


@pytest.fixture(scope="module")
def running() -> Iterator[sync.AgentSystem]:
    options = echo_options()
    with sync.AgentSystem.start(options, root=echo_root(options)) as system:
        yield system


@pytest.fixture
def session(running: sync.AgentSystem) -> Iterator[sync.CallHandle]:
    session = running.start_session(ECHO)
    yield session
    try:
        session.end()
        session.wait_for(CallEnded)
    except SessionUnavailableError:
        pass  # the test ended it


def pids(tree: Node) -> dict[str, int]:
    return {node.name: node.os_pid for node in tree.walk()}


def wait_until_back(system: sync.AgentSystem, name: str, old: int) -> dict[str, int]:
    """The tree once ``name`` has a new process and everybody runs; each look waits for answers of living supervisors."""
    while True:
        tree = system.tree()
        if pids(tree).get(name, old) != old and all(node.state == "running" for node in tree.walk()):
            return pids(tree)


def test_the_tree_is_what_ps_shows(running: sync.AgentSystem) -> None:
    tree = running.tree()
    assert [node.name for node in tree.walk() if "job/" not in node.name] == [
        "application",
        "infrastructure",
        "registry",
        "circuit_breakers",
        "tool_registry",
        "audio_processor",
        "health_server",
        "worker_manager",
        "jobs",
        "partition/0",
        "partition/1",
    ]
    for name, pid in pids(tree).items():
        assert procfs.command_line(pid) == f"livekitex: {name.replace('/', ' ')}"
    assert procfs.command_line(running.launcher_pid) == "livekitex: launcher"
    assert [child.id for child in running.which_children()] == ["jobs", "infrastructure"]
    assert running.count_children("infrastructure").active == 6
    assert running.status().jobs == ()


def test_each_process_listens_on_this_machine_alone(running: sync.AgentSystem) -> None:
    ours = {*pids(running.tree()).values(), running.launcher_pid}
    inodes = {procfs.socket_inode(link) for pid in ours for link in procfs.open_links(pid)}
    lines = Path("/proc/net/tcp").read_text("ascii").splitlines()[1:] + Path("/proc/net/tcp6").read_text("ascii").splitlines()[1:]
    hosts = {fields[1].rpartition(":")[0] for line in lines if (fields := line.split())[3] == procfs.LISTEN and int(fields[9]) in inodes}
    assert hosts == {"0100007F"}
    assert procfs.listening_ports(os.getpid(), procfs.listeners()) == set()


def test_nothing_secret_stands_where_others_can_read_it(running: sync.AgentSystem) -> None:
    started_with = Path(f"/proc/{running.launcher_pid}/environ").read_bytes()
    assert b"key" not in started_with.lower().replace(b"keyring", b"")


@pytest.mark.parametrize("path", ["/health", "/health/ready", "/health/live", "/metrics", "/status"])
def test_the_health_endpoints_answer_over_http(running: sync.AgentSystem, path: str) -> None:
    with urllib.request.urlopen(running.health_url() + path, timeout=60) as answer:
        assert answer.status == 200
        assert answer.read()


def test_audio_is_converted_outside_of_any_call(running: sync.AgentSystem) -> None:
    pcm = b"\0\1" * 16_000
    assert len(running.convert_audio(pcm, 16_000, 8_000)) == len(pcm) // 2
    with pytest.raises(InvalidAudioError, match="odd byte"):
        running.convert_audio(pcm + b"\0", 16_000, 8_000)
    with pytest.raises(InvalidAudioError, match="at most 10 s"):
        running.convert_audio(pcm * 30, 16_000, 48_000)


def test_a_call_answers(session: sync.CallHandle) -> None:
    command_id = session.send_text("two pizzas")
    answer = session.wait_for(AgentMessage)
    assert (answer.text, answer.speech_id) == ("two pizzas", command_id)
    info = session.info()
    assert (info.call_id, info.incarnation) == (session.call_id, 1)
    assert procfs.command_line(info.os_pid) == f"livekitex: agent_session {session.call_id}"


def test_a_call_that_is_killed_comes_back_and_its_handle_goes_on(running: sync.AgentSystem, session: sync.CallHandle) -> None:
    before = pids(running.tree())
    session.send_text("one")
    killed = session.info().os_pid
    os.kill(killed, signal.SIGKILL)
    session.send_text("two")
    assert session.wait_for(Restarted).incarnation == 2
    assert session.wait_for(AgentMessage, lambda message: message.text == "two")
    after = pids(running.tree())
    assert {name for name in before if before[name] != after[name]} == {f"agent_session/{session.call_id}"}


@pytest.mark.parametrize("text", ["die before", "die after"])
def test_a_command_is_acted_on_once_whenever_its_process_dies(session: sync.CallHandle, text: str) -> None:
    """Before it was taken: then it is sent again. After: then it is known already."""
    if text == "die before":
        with pytest.raises(SessionUnavailableError, match=r"SendText \(command_id='\w+'\) was not accepted"):
            session.send_text(text, timeout_s=1.0)  # each life that it is sent to dies
        return
    session.send_text(text)
    session.send_text("last")
    texts = []
    for pushed in session.events():
        if isinstance(pushed.event, UserMessage):
            texts.append(pushed.event.text)
            if pushed.event.text == "last":
                break
    assert texts == [text, "last"]


def test_events_have_each_number_once_through_lives(session: sync.CallHandle) -> None:
    for text in ("one", "die after 1", "two", "die after 2", "three"):
        session.send_text(text)
    session.end()
    events = list(session.events())
    assert [pushed.number for pushed in events] == list(range(1, len(events) + 1))
    assert [pushed.incarnation for pushed in events if isinstance(pushed.event, Restarted)] == [2, 3]
    assert [pushed.number for pushed in session.events(from_number=4)] == list(range(4, len(events) + 1))


def test_audio_is_heard_once_and_in_order_through_a_restart(session: sync.CallHandle) -> None:
    spoken = [number.to_bytes(2, "big") for number in range(1, 41)]
    for number, sample in enumerate(spoken):
        session.stream_audio(sample * 800, 8_000)
        if number == 20:
            os.kill(session.info().os_pid, signal.SIGKILL)
    session.commit_audio()
    assert session.wait_for(UserMessage).text == b"".join(spoken).hex()


def test_the_agents_audio_is_heard(running: sync.AgentSystem, session: sync.CallHandle) -> None:
    heard = threading.Event()
    listening = running.session(session.call_id).audio()
    threading.Thread(target=lambda: (next(listening), heard.set()), daemon=True).start()
    while not heard.is_set():
        session.stream_audio(b"\0\0" * 800, 8_000)
        session.commit_audio()


def test_a_response_can_be_cancelled(session: sync.CallHandle) -> None:
    session.cancel_response()


@pytest.mark.parametrize(
    ("pcm", "rate_hz"), [(b"\0\0", 44_100), (b"\0\0", 0), (b"\0", 8_000), (b"", 8_000)], ids=["rate", "zero", "odd", "empty"]
)
def test_what_is_no_audio_is_refused_and_the_call_lives_on(session: sync.CallHandle, pcm: bytes, rate_hz: int) -> None:
    with pytest.raises(InvalidAudioError):
        session.stream_audio(pcm, rate_hz)
    session.send_text("still here")


def test_ten_megabytes_are_refused_and_the_call_lives_on(session: sync.CallHandle) -> None:
    with pytest.raises(MessageTooLargeError, match="send it in parts"):
        session.send_text("x" * 10_000_000)
    session.send_text("still here")


def test_an_ended_call_says_so_at_once(running: sync.AgentSystem) -> None:
    session = running.start_session(ECHO, "to-end")
    session.end("done")
    assert session.wait_for(CallEnded).reason == "done"
    with pytest.raises(SessionUnavailableError):
        session.wait_for(AgentMessage)
    with pytest.raises(SessionUnavailableError):
        session.send_text("too late", timeout_s=2.0)
    assert session.end(command_id="again") == "again", "it has ended, as is asked for"


def test_starts_at_once_have_a_handle_each_however_often_each_was_sent_again(running: sync.AgentSystem) -> None:
    before = len(running.status().jobs)
    with ThreadPoolExecutor(STARTS_AT_ONCE) as pool:
        calls = list(pool.map(lambda _: running.start_session(ECHO, timeout_s=120), range(STARTS_AT_ONCE)))
        assert len({call.call_id for call in calls}) == STARTS_AT_ONCE
        assert len(running.status().jobs) == before + STARTS_AT_ONCE
        assert len(list(pool.map(lambda call: call.send_text("hi", timeout_s=120), calls))) == STARTS_AT_ONCE
        list(pool.map(lambda call: (call.end(), call.wait_for(CallEnded, timeout_s=120)), calls))


def test_a_call_started_twice_is_one_call(running: sync.AgentSystem) -> None:
    first, second = running.start_session(ECHO, "twice"), running.start_session(ECHO, "twice")
    assert first.info().os_pid == second.info().os_pid
    first.send_text("through the other")
    assert second.wait_for(AgentMessage).text == "through the other"
    first.end()


def test_a_refused_agent_is_told_why_and_nothing_is_left(running: sync.AgentSystem) -> None:
    with pytest.raises(InvalidAgentError, match="this agent is refused: write another"):
        running.start_session(REFUSED)
    with pytest.raises(InvalidAgentError, match=r"agent is a str: give an Agent\(instructions=...\)"):
        running.start_session("agent")  # type: ignore[arg-type]
    assert running.status().jobs == ()


@pytest.mark.parametrize("call_id", ["", "a/b", "x" * 65, "-rf", 5])
def test_a_call_id_that_cannot_be_a_name_is_refused(running: sync.AgentSystem, call_id: str) -> None:
    with pytest.raises(UsageError, match="use letters, digits"):
        running.start_session(ECHO, call_id)


@pytest.mark.parametrize("name", ["registry", "circuit_breakers", "tool_registry", "worker_manager", "infrastructure"])
def test_infrastructure_dies_and_a_call_does_not_notice(running: sync.AgentSystem, session: sync.CallHandle, name: str) -> None:
    before = pids(running.tree())
    os.kill(before[name], signal.SIGKILL)
    session.send_text("while it restarts")
    after = wait_until_back(running, name, before[name])
    changed = {each for each in before if before[each] != after[each]}
    order = [*list(before)[1:8]]
    assert changed == set(order if name == "infrastructure" else order[order.index(name) :])
    assert running.start_session(ECHO, f"after-{name}").info().incarnation == 1
    running.session(f"after-{name}").end()
    assert session.info().incarnation == 1


@pytest_asyncio.fixture
async def system() -> AsyncIterator[AgentSystem]:
    options = echo_options(partitions=1, max_jobs=1, drain_s=0)
    async with AgentSystem.start(options, root=echo_root(options)) as system:
        yield system


@pytest.mark.asyncio
async def test_a_launcher_that_is_killed_is_told_to_everybody_who_waits(system: AgentSystem) -> None:
    session = await system.start_session(ECHO)
    waiting = [asyncio.create_task(session.wait_for(CallEnded)), asyncio.create_task(_listen(session))]
    await session.send_text("hello")
    tree = await system.tree()
    os.kill(system.launcher_pid, signal.SIGKILL)
    for each in waiting:
        with pytest.raises(SystemUnavailableError, match="its launcher process was killed by SIGKILL"):
            await each
    assert "SIGKILL" in str(await system.wait_ended())
    for call in (session, system.session("another")):
        with pytest.raises(SystemUnavailableError):
            await call.send_text("anybody?")
        with pytest.raises(SystemUnavailableError):
            await call.stream_audio(b"\0\0", 8_000)
    assert leftovers.wait_for_end(lambda: {pid for pid in pids(tree).values() if procfs.stat(pid)}) == set()


@pytest.mark.asyncio
@pytest.mark.parametrize("victim", ["admin", "application", "gateway by SIGTERM"])
async def test_who_stands_above_the_tree_ends_it_cleanly(system: AgentSystem, victim: str) -> None:
    session = await system.start_session(ECHO)
    everybody = set(pids(await system.tree()).values())
    if victim == "gateway by SIGTERM":
        os.kill(system.launcher_pid, signal.SIGTERM)
    else:
        ours = (pid for pid in procfs.pids() if leftovers.descends(pid, {system.launcher_pid}))
        (pid,) = (pid for pid in ours if procfs.command_line(pid) == f"livekitex: {victim}")
        os.kill(pid, signal.SIGKILL)
    said = str(await system.wait_ended())
    if victim == "gateway by SIGTERM":
        assert said == "the system was stopped by SIGTERM to its launcher"
    else:
        role = "admin" if victim == "admin" else "root"
        assert said.startswith(f"the system has ended: its {role} process was killed by SIGKILL (by hand, or by the kernel")
    with pytest.raises(SystemUnavailableError):
        await session.send_text("anybody?")
    assert leftovers.wait_for_end(lambda: {pid for pid in everybody if procfs.stat(pid)}) == set()


async def _listen(session: CallHandle) -> None:
    async for _ in session.audio():
        pass


@pytest.mark.asyncio
async def test_a_bound_that_is_reached_is_told_at_once(system: AgentSystem) -> None:
    session = await system.start_session(ECHO)
    with pytest.raises(CapacityError):
        await system.start_session(ECHO)
    await session.end()


@pytest.mark.asyncio
async def test_a_system_belongs_to_its_event_loop(system: AgentSystem) -> None:
    def elsewhere() -> None:
        asyncio.run(system.status())

    with pytest.raises(UsageError, match=r"use livekitex_agent\.sync from threads"):
        await asyncio.to_thread(elsewhere)


@pytest.mark.asyncio
async def test_the_root_gives_up_and_the_script_is_told_why() -> None:
    worker = ChildSpec(id="worker", actor="supervision:CircuitBreakerRegistry")
    root = {"actor": "supervision:Supervisor", "args": supervisor_args(SupervisorFlags(max_restarts=0), [worker])}
    async with AgentSystem.start(echo_options(), root=root) as system:
        (child,) = await system.which_children()
        os.kill(child.os_pid, signal.SIGKILL)
        why = "more than 0 restarts within 5 s, the last because worker ended: killed"
        assert str(await system.wait_ended()).startswith(f"the system has ended: its supervision tree gave up, it took {why}: cure that")
        with pytest.raises(SystemUnavailableError, match="its supervision tree gave up"):
            await system.which_children()


@pytest.mark.asyncio
async def test_a_tree_that_does_not_come_up_is_told_why_and_nothing_is_left() -> None:
    taken = socket.create_server(("127.0.0.1", 0))
    with taken:
        broken = ChildSpec(id="broken", actor="no_such_module:Actor")
        root = {"actor": "supervision:Supervisor", "args": supervisor_args(SupervisorFlags(), [broken])}
        with pytest.raises(SystemUnavailableError, match=r"could not start: .*ModuleNotFoundError: No module named 'no_such_module'"):
            await AgentSystem.start(echo_options(), root=root)
        with pytest.raises(ConfigurationError, match="is in use: choose another"):
            await AgentSystem.start(echo_options(health_port=taken.getsockname()[1]))


@pytest.mark.asyncio
async def test_giving_up_while_it_starts_leaves_nothing() -> None:
    starting = asyncio.ensure_future(AgentSystem.start(echo_options()).__aenter__())
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    starting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await starting


@pytest.mark.asyncio
async def test_a_drain_takes_no_new_call_and_waits_for_those_that_run_through_restarts(system: AgentSystem) -> None:
    session = await system.start_session(ECHO)
    assert await system.drain() == 1, "no time was given"
    with pytest.raises(CapacityError, match="draining"):
        await system.start_session(ECHO, "another")
    draining = asyncio.create_task(system.drain(60.0))
    manager = pids(await system.tree())["worker_manager"]
    os.kill(manager, signal.SIGKILL)
    while pids(await system.tree()).get("worker_manager") in (None, 0, manager):
        pass  # each look waits for answers of living supervisors
    assert not draining.done()
    await session.end()
    assert await draining == 0
    assert (await system.status()).draining


@pytest.mark.asyncio
@pytest.mark.parametrize("target", ["script", "launcher"])
async def test_serving_ends_with_a_signal_and_gives_the_handlers_back(system: AgentSystem, target: str) -> None:
    before = signal.getsignal(signal.SIGTERM)
    session = await system.start_session(ECHO)
    serving = asyncio.create_task(system.serve_forever())
    await session.send_text("hello")
    assert signal.getsignal(signal.SIGTERM) != before
    os.kill(os.getpid() if target == "script" else system.launcher_pid, signal.SIGTERM)
    await serving
    assert (await session.wait_for(CallEnded)).reason == "system stopped"
    assert signal.getsignal(signal.SIGTERM) == before
    assert procfs.stat(system.launcher_pid) is None


@pytest.mark.asyncio
async def test_serving_raises_what_ended_the_system_unasked(system: AgentSystem) -> None:
    serving = asyncio.create_task(system.serve_forever())
    os.kill(system.launcher_pid, signal.SIGKILL)
    with pytest.raises(SystemUnavailableError, match="its launcher process was killed by SIGKILL"):
        await serving


def test_serving_is_for_the_main_thread(running: sync.AgentSystem) -> None:
    with ThreadPoolExecutor(1) as pool, pytest.raises(UsageError, match="signals come to the main thread alone"):
        pool.submit(running.serve_forever).result()
