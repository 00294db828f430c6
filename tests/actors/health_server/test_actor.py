import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from actors.health_server import HealthServer, listening, web
from protocols import (
    NORMAL,
    ConvertAudio,
    Figures,
    GetFigures,
    GetHealthAddress,
    GetSession,
    HealthAddress,
    RegisterTools,
    StartJob,
    ToolEntry,
    ToolUsed,
)
from supervision import SimRuntime, StopStart
from support import sim_tree
from support.fake_context import FakeContext
from support.http_of_sim import Response, address_of, fetch, get

PARTS = tuple(sim_tree.INFRASTRUCTURE)


@pytest.fixture
def sim(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimRuntime]:
    monkeypatch.setattr(web, "ANSWER_S", 100.0)  # of real time, in which a slow machine lets the simulation's go by
    with SimRuntime() as sim:
        yield sim
        print(sim.report())


@pytest.fixture
def alone() -> Iterator[Callable[..., tuple[FakeContext, HealthServer]]]:
    servers: list[HealthServer] = []

    def start(memory: bytearray | None = None, **args: object) -> tuple[FakeContext, HealthServer]:
        context = FakeContext(memory=None if memory is None else memoryview(memory))
        server = HealthServer(context)
        server.on_start(args)
        servers.append(server)
        return context, server

    yield start
    for server in servers:
        server.terminate(NORMAL)


Alone = Callable[..., tuple[FakeContext, HealthServer]]


def started(sim: SimRuntime) -> None:
    sim_tree.start(sim, sim_tree.application(PARTS))
    sim.run_for(1.0)  # the worker manager finds the partitions


def problems(response: Response) -> tuple[int, list[str]]:
    return response.status, response.json["problems"]


def test_a_whole_node_is_healthy_ready_and_alive(sim: SimRuntime) -> None:
    started(sim)
    for path in ("/health", "/health/ready", "/health/live"):
        assert problems(fetch(sim, path)) == (200, [])


def test_a_part_that_hangs_is_named_and_the_answer_is_not_late(sim: SimRuntime) -> None:
    started(sim)
    sim.suspend("worker_manager")
    assert problems(fetch(sim, "/health")) == (503, ["worker_manager does not answer"])
    assert problems(fetch(sim, "/health/ready")) == (503, ["worker_manager does not answer"])
    assert problems(fetch(sim, "/health/live")) == (200, [])
    sim.resume("worker_manager")
    assert problems(fetch(sim, "/health/ready")) == (200, [])


def test_without_jobs_the_node_is_not_ready(sim: SimRuntime) -> None:
    started(sim)
    sim.suspend("application")
    sim.kill("jobs")
    sim.settle()
    found = fetch(sim, "/health/ready")
    assert found.status == 503
    assert "jobs does not answer" in found.json["problems"]


def test_the_status_shows_the_live_tree_and_all_figures(sim: SimRuntime) -> None:
    started(sim)
    tool = ToolEntry(name="price_of", description="", parameters={"type": "object"}, source="shop:price_of")
    sim.ask("tool_registry", RegisterTools(tools=(tool,)))
    sim.send("tool_registry", ToolUsed(name="price_of", ok=True, duration_ms=5.0))
    sim.ask("audio_processor", ConvertAudio(pcm=bytes(32), from_rate_hz=16_000, to_rate_hz=8_000))
    sim.ask("worker_manager", StartJob(job_id="7f3a", agent={}, options={}))
    document = fetch(sim, "/status").json
    assert (document["healthy"], document["ready"], document["problems"], document["unanswered"]) == (True, True, [], [])
    assert document["tools"] == [{"name": "price_of", "calls": 1, "failures": 0, "total_ms": 5.0}]
    assert document["audio"]["conversions"] == 1
    assert [job["job_id"] for job in document["worker"]["jobs"]] == ["7f3a"]

    def ids(node: dict[str, object]) -> list[object]:
        children = node.get("children", [])
        assert isinstance(children, list)
        return [node["id"], *(ids(child) for child in children)] if "children" in node else [node["id"]]

    partitions = [
        ["partition/0", ["job/7f3a", ["job_context/7f3a"], ["agent_session/7f3a"]]],
        ["partition/1"],
    ]
    assert ids(document["tree"]) == ["application", ["infrastructure", *([part] for part in PARTS)], ["jobs", *partitions]]


def test_the_metrics_are_prometheus_text(sim: SimRuntime) -> None:
    started(sim)
    sim.suspend("audio_processor")
    text = fetch(sim, "/metrics").body.decode()
    assert 'livekitex_up{part="registry"} 1.0\n' in text
    assert 'livekitex_up{part="audio_processor"} 0.0\n' in text
    assert "livekitex_audio" not in text
    assert 'livekitex_processes{role="partition",state="running"} 2.0\n' in text


def test_nothing_is_remembered_between_two_questions(sim: SimRuntime) -> None:
    started(sim)
    assert fetch(sim, "/status").json["worker"]["jobs"] == []
    sim.ask("worker_manager", StartJob(job_id="7f3a", agent={}, options={}))
    assert [job["job_id"] for job in fetch(sim, "/status").json["worker"]["jobs"]] == ["7f3a"]


def test_a_restart_serves_again(sim: SimRuntime) -> None:
    started(sim)
    before, first = address_of(sim), sim.ref("health_server")
    sim.kill("registry")  # those after it are stopped in order and started again
    sim.run_until(lambda: sim.is_alive("worker_manager") and sim.is_alive("health_server") and sim.ref("health_server") != first)
    sim_tree.announce(sim, sim.ref("application"))
    sim.run_for(1.0)
    assert problems(fetch(sim, "/health")) == (200, [])
    with pytest.raises(ConnectionRefusedError):
        get(before, "/health/live")


def test_it_tells_where_it_listens_and_what_it_did(alone: Alone) -> None:
    context, server = alone()
    [address] = context.deliver(server, GetHealthAddress())
    assert isinstance(address, HealthAddress)
    assert address.host == "127.0.0.1"
    assert get(address, "/health/live").status == 200
    assert get(address, "/nothing").status == 404
    assert context.deliver(server, GetFigures()) == [Figures(role="health_server", figures={"requests": 2, "refused": 1, "collections": 0})]
    assert context.deliver(server, GetSession()) == []


def test_a_page_of_the_web_cannot_read_what_is_on_loopback(alone: Alone) -> None:
    context, server = alone()
    [address] = context.deliver(server, GetHealthAddress())
    assert isinstance(address, HealthAddress)
    with socket.create_connection((address.host, address.port), timeout=100) as client:
        client.sendall(b"GET /status HTTP/1.1\r\nHost: evil.example\r\nConnection: close\r\n\r\n")
        assert client.recv(12) == b"HTTP/1.1 421"


def test_other_machines_may_ask_by_any_name_where_that_is_allowed(alone: Alone) -> None:
    context, server = alone(host="0.0.0.0", allow_remote=True)
    [address] = context.deliver(server, GetHealthAddress())
    assert isinstance(address, HealthAddress)
    with socket.create_connection(("127.0.0.1", address.port), timeout=100) as client:
        client.sendall(b"GET /health/live HTTP/1.1\r\nHost: pod.example\r\nConnection: close\r\n\r\n")
        assert client.recv(12) == b"HTTP/1.1 200"


@pytest.mark.parametrize(
    ("args", "told"),
    [
        ({"port": -1}, "ConfigurationError: health port is -1"),
        ({"host": "0.0.0.0"}, "ConfigurationError: health host 0.0.0.0 can be reached by other machines"),
        ({"hosts": "x"}, "ConfigurationError: unknown health option"),
    ],
)
def test_a_start_that_cannot_be_says_why(alone: Alone, args: dict[str, object], told: str) -> None:
    with pytest.raises(StopStart, match=told):
        alone(**args)


def test_a_port_in_use_fails_the_start_with_the_cure(alone: Alone) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other, pytest.raises(StopStart, match="is in use: choose another, or 0"):
        alone(port=other.getsockname()[1])


def test_the_next_life_has_the_port_of_the_last_one_if_it_is_free(alone: Alone) -> None:
    memory = bytearray(2)
    context, server = alone(memory)
    [first] = context.deliver(server, GetHealthAddress())
    server.terminate(NORMAL)
    context, server = alone(memory)
    assert context.deliver(server, GetHealthAddress()) == [first]
    context, other = alone(bytearray(memory))  # taken meanwhile
    [address] = context.deliver(other, GetHealthAddress())
    assert isinstance(address, HealthAddress)
    assert address != first
    assert alone(bytearray(1))


def test_a_heartbeat_passes_through_the_event_loop(alone: Alone) -> None:
    _, server = alone()
    answered = threading.Event()
    threads: list[str] = []

    def answer() -> None:
        threads.append(threading.current_thread().name)
        answered.set()

    server.on_ping(answer)
    assert answered.wait(100)
    assert threads == ["health-http"]  # from where the fake context runs what is posted


def test_it_dies_with_its_thread(alone: Alone) -> None:
    context, server = alone()
    posted: list[Callable[[], None]] = []
    context.post = posted.append  # type: ignore[method-assign]
    server._crashed(OSError("the loop is broken"))
    with pytest.raises(OSError, match="the loop is broken"):
        posted[0]()


def test_an_answer_that_nobody_waits_for_is_dropped(alone: Alone, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "STOP_S", 0.2)
    context, server = alone()
    [address] = context.deliver(server, GetHealthAddress())
    assert isinstance(address, HealthAddress)
    posted: list[Callable[[], None]] = []
    came = threading.Event()

    def post(callback: Callable[[], None]) -> None:
        posted.append(callback)
        came.set()

    context.post = post  # type: ignore[method-assign]
    with socket.create_connection((address.host, address.port), timeout=100) as client:
        client.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert came.wait(100)
    with socket.create_connection((address.host, address.port), timeout=100) as client:
        came.clear()
        client.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert came.wait(100)
        posted[0]()
        posted[0]()
        posted[1]()
        assert client.recv(12) == b"HTTP/1.1 200"
    server.terminate(NORMAL)
    posted[0]()
