"""A server describes its program, and WorkerOptions are both a system's settings and a program."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from livekitex_agent.job import JobContext, JobProcess, JobType
from livekitex_agent.options import SystemOptions
from livekitex_agent.program.loading import load_program
from livekitex_agent.unregistered_worker import place_of
from livekitex_agent.worker import AgentServer, ServerEnvOption, WorkerOptions, WorkerPermissions, WorkerType
from protocols import ConfigurationError, UsageError


async def serve(_ctx: JobContext) -> None:
    raise AssertionError


async def other(_ctx: JobContext) -> None:
    raise AssertionError


PLACED = AgentServer()
PLACED.rtc_session(serve, agent_name="placed")


@pytest.fixture(autouse=True)
def _no_names(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("LIVEKIT_AGENT_NAME", "LIVEKIT_AGENT_NAME_OVERRIDE", "LIVEKIT_URL"):
        monkeypatch.delenv(name, raising=False)


def test_an_entrypoint_is_found_by_its_agents_name() -> None:
    server = AgentServer()
    with pytest.raises(ConfigurationError, match="No RTC session entrypoint has been registered"):
        server.session_for("")
    assert server.rtc_session(agent_name="waiter", type=WorkerType.PUBLISHER)(serve) is serve
    assert server.session_for("").entrypoint is serve
    assert server.session_for("waiter").type is JobType.PUBLISHER
    assert server.rtc_session(other) is other
    assert server.session_for("").entrypoint is other
    assert [session.agent_name for session in server.sessions] == ["waiter", ""]
    with pytest.raises(ConfigurationError, match="no rtc_session is named 'cook': choose one of 'waiter', ''"):
        server.session_for("cook")
    with pytest.raises(RuntimeError, match="has an rtc_session named 'waiter' already"):
        server.rtc_session(other, agent_name="waiter")


def test_with_several_names_none_is_guessed() -> None:
    server = AgentServer()
    server.rtc_session(serve, agent_name="a")
    server.rtc_session(other, agent_name="b")
    with pytest.raises(ConfigurationError, match="no rtc_session is named ''"):
        server.session_for("")


def test_the_environment_names_an_agent(monkeypatch: pytest.MonkeyPatch) -> None:
    server = AgentServer()
    monkeypatch.setenv("LIVEKIT_AGENT_NAME", "default")
    server.rtc_session(serve)
    monkeypatch.setenv("LIVEKIT_AGENT_NAME_OVERRIDE", "forced")
    server.rtc_session(other, agent_name="own")
    assert [session.agent_name for session in server.sessions] == ["default", "forced"]


def test_setup_is_a_function(monkeypatch: pytest.MonkeyPatch) -> None:
    def setup(_proc: JobProcess) -> None:
        raise AssertionError

    server = AgentServer()
    assert server.setup_fnc is None
    server.setup_fnc = setup
    assert server.setup_fnc is setup
    with pytest.raises(TypeError, match="setup_fnc must be a callable"):
        server.setup_fnc = 3  # type: ignore[assignment]
    with pytest.raises(TypeError, match="load_fnc must be a callable"):
        server.load_fnc = 3  # type: ignore[assignment]
    monkeypatch.setenv("LIVEKIT_URL", "ws://here")
    assert AgentServer().settings.ws_url == "ws://here"


def test_settings_change_by_their_names() -> None:
    server = AgentServer(permissions=WorkerPermissions(hidden=True))
    server.update_options(ws_url="ws://there", max_retry=2, drain_timeout=5)
    assert (server.settings.ws_url, server.settings.max_retry, server.settings.permissions.hidden) == ("ws://there", 2, True)
    assert server.to_system_options().drain_s == 5.0


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ({}, {"drain_s": 30.0, "health_host": "127.0.0.1", "health_port": 0, "log_level": "warning"}),
        ({"drain_timeout": 60, "port": 8081}, {"drain_s": 60.0, "health_port": 8081}),
        ({"host": "0.0.0.0"}, {"health_host": "0.0.0.0", "health_remote": True}),
        ({"log_level": "TRACE"}, {"log_level": "debug"}),
        ({"log_level": ServerEnvOption("DEBUG", "WARN")}, {"log_level": "warning"}),
        ({"port": ServerEnvOption(0, 8081)}, {"health_port": 8081}),
    ],
)
def test_what_livekit_names_is_a_setting_of_ours(said: dict[str, Any], meant: dict[str, Any]) -> None:
    for options in (WorkerOptions(**said), AgentServer(**said).to_system_options()):
        assert {name: getattr(options, name) for name in meant} == meant


def test_worker_options_are_the_settings_of_a_system_too() -> None:
    options = WorkerOptions(partitions=1, max_jobs=3, drain_s=2.0)
    assert isinstance(options, SystemOptions)
    assert (options.partitions, options.max_jobs, options.drain_s) == (1, 3, 2.0)
    with pytest.raises(ConfigurationError, match="partitions=0: use 1 to 64"):
        WorkerOptions(partitions=0)
    with pytest.raises(ConfigurationError, match="log_level: invalid level 'loud': use one of TRACE"):
        WorkerOptions(log_level="loud")
    with pytest.raises(ConfigurationError, match="invalid level"):
        AgentServer(log_level="loud")


def test_worker_options_describe_a_program() -> None:
    def prewarm(_proc: JobProcess) -> None:
        raise AssertionError

    server = AgentServer.from_server_options(WorkerOptions(serve, prewarm_fnc=prewarm, agent_name="waiter", max_retry=3))
    assert server.session_for("waiter").entrypoint is serve
    assert server.setup_fnc is prewarm
    assert server.settings.max_retry == 3
    with pytest.raises(ConfigurationError, match="WorkerOptions without entrypoint_fnc describe no program"):
        AgentServer.from_server_options(WorkerOptions())


@pytest.mark.asyncio
async def test_what_needs_a_server_says_what_to_use_until_then() -> None:
    server = AgentServer()
    with pytest.raises(RuntimeError, match="No RTC session entrypoint"):
        await server.run()
    server.rtc_session(serve)
    with pytest.raises(UsageError, match=r"AgentServer\.run\(\) needs a LiveKit server, which the next version registers with"):
        await server.run()
    with pytest.raises(UsageError, match=r"AgentServer\.simulate_job\(\) for a room that exists needs a LiveKit server"):
        await server.simulate_job("room")
    with pytest.raises(UsageError, match="the server does not run: begin"):
        await server.simulate_job("room", fake_job=True)
    await server.drain()
    await server.aclose()
    assert (server.id, server.draining, server.active_jobs) == ("unregistered", True, [])


@pytest.mark.processes
@pytest.mark.asyncio
async def test_it_runs_without_being_registered_until_it_is_closed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    server = AgentServer()
    server.rtc_session(serve)
    up = asyncio.Event()
    server.on("worker_started", up.set)
    run = asyncio.ensure_future(server.run(unregistered=True))
    await up.wait()
    with pytest.raises(RuntimeError, match="worker is already running"):
        await server.run(unregistered=True)
    await server.drain()
    assert server.draining
    await server.aclose()
    await run
    await server.aclose()
    with pytest.raises(UsageError, match="the server does not run"):
        await server.simulate_job("room", fake_job=True)


def test_the_place_of_a_server_is_that_of_its_entrypoint() -> None:
    place = place_of(PLACED, PLACED.sessions[0].entrypoint, agent_name="placed", room="lobby")
    assert (place.server, place.agent_name, place.room) == ("PLACED", "placed", "lobby")
    assert place.place.rpartition("/")[2].removesuffix(".py").rpartition(".")[2] == "test_worker"


SERVED = """
from pathlib import Path
from livekitex_agent.worker import AgentServer

server = AgentServer()


@server.rtc_session(agent_name="waiter")
async def serve(ctx):
    told = f"{ctx.job.room.name} {ctx.job.agent_name} {ctx.incarnation} {ctx.is_fake_job()}"
    Path(__file__).with_name("told").write_text(told)
    ctx.shutdown("done")
"""


@pytest.mark.processes
@pytest.mark.asyncio
async def test_a_job_that_the_program_asks_for_is_served_by_its_entrypoint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path))
    (tmp_path / "waiter.py").write_text(SERVED)
    server = load_program(str(tmp_path / "waiter.py")).server
    run = asyncio.ensure_future(server.run(unregistered=True))
    await asyncio.sleep(0)
    await server.simulate_job("lobby", fake_job=True)
    await server.drain(60.0)
    assert (tmp_path / "told").read_text() == "lobby waiter 1 True"
    await server.aclose()
    await run
