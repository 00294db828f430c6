import asyncio
import http.client
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from aiohttp import web

from actors.health_server import listening
from actors.health_server.listening import MAX_CONNECTIONS, HttpThread, is_loopback, listen
from protocols import ConfigurationError, InternalError


async def hello(_request: web.Request) -> web.Response:
    return web.json_response("hello")


def application() -> web.Application:
    app = web.Application()
    app.router.add_get("/", hello)
    return app


@pytest.fixture
def crashes() -> list[Exception]:
    return []


@pytest.fixture
def port(crashes: list[Exception]) -> Iterator[int]:
    sock = listen("127.0.0.1", 0, allow_remote=False)
    thread = HttpThread(sock, application, crashes.append)
    thread.start()
    yield sock.getsockname()[1]
    thread.stop()
    assert crashes == []


def get(port: int) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=100)
    try:
        connection.request("GET", "/")
        return connection.getresponse().status
    finally:
        connection.close()


def test_it_serves_on_loopback_alone(port: int) -> None:
    assert get(port) == 200


def test_stopping_closes_the_port_and_every_connection() -> None:
    sock = listen("127.0.0.1", 0, allow_remote=False)
    port = sock.getsockname()[1]
    thread = HttpThread(sock, application, lambda _failure: None)
    thread.start()
    with socket.create_connection(("127.0.0.1", port), timeout=100) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert client.recv(10_000).startswith(b"HTTP/1.1 200")
        thread.stop()
        assert is_closed(client)
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), timeout=100)
    thread.stop()


def test_a_port_in_use_is_told_with_the_cure() -> None:
    with listen("127.0.0.1", 0, allow_remote=False) as sock:
        port = sock.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"health port {port} on 127.0.0.1 is in use: choose another, or 0"):
            listen("127.0.0.1", port, allow_remote=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_other_machines_are_not_let_in_by_mistake(host: str) -> None:
    with pytest.raises(ConfigurationError, match="can be reached by other machines"):
        listen(host, 0, allow_remote=False)


def test_other_machines_are_let_in_when_allowed() -> None:
    with listen("0.0.0.0", 0, allow_remote=True) as sock:
        assert sock.getsockname()[0] == "0.0.0.0"


def test_a_host_of_another_machine_and_an_unknown_one_are_refused() -> None:
    with pytest.raises(ConfigurationError, match=r"health port 0 on 192\.0\.2\.1 cannot be had"):
        listen("192.0.2.1", 0, allow_remote=True)
    with pytest.raises(ConfigurationError, match="health host 'not a host' is unknown"):
        listen("not a host", 0, allow_remote=False)


@pytest.mark.parametrize(
    ("address", "loopback"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("0.0.0.0", False), ("::", False), ("fe80::1%eth0", False)],
)
def test_what_is_loopback(address: str, loopback: bool) -> None:
    assert is_loopback(address) is loopback


KILLED_SERVER = """
import signal, socket, sys
from actors.health_server.listening import HttpThread, listen
from aiohttp import web
sock = listen("127.0.0.1", int(sys.argv[1]), allow_remote=False)
HttpThread(sock, web.Application, print).start()
print(sock.getsockname()[1], flush=True)
signal.pause()
"""


def test_the_port_of_a_killed_process_is_free_at_once_even_with_open_connections() -> None:
    with subprocess.Popen([sys.executable, "-c", KILLED_SERVER, "0"], stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        port = int(server.stdout.readline())
        clients = [socket.create_connection(("127.0.0.1", port), timeout=100) for _ in range(3)]
        clients[0].sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
        assert clients[0].recv(12) == b"HTTP/1.1 404"
        server.kill()
    listen("127.0.0.1", port, allow_remote=False).close()
    for client in clients:
        client.close()


def is_closed(client: socket.socket) -> bool:
    try:
        return client.recv(1) == b""
    except ConnectionResetError:  # what it had sent was not read before
        return True


def test_slow_clients_never_keep_others_out(port: int) -> None:
    with ExitStack() as closing:
        slow = []
        for number in range(2 * MAX_CONNECTIONS):
            slow.append(closing.enter_context(socket.create_connection(("127.0.0.1", port), timeout=100)))
            slow[-1].sendall(b"GET / HT")
            if number % 16 == 0:  # more than its queue holds would come in another order
                assert get(port) == 200
        assert get(port) == 200
        assert is_closed(slow[0])  # the oldest made room
        slow[-1].sendall(b"TP/1.1\r\nHost: localhost\r\n\r\n")
        assert slow[-1].recv(15) == b"HTTP/1.1 200 OK"


def test_who_never_finishes_a_request_is_hung_up_on_and_others_are_served_on(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "LIFE_S", 0.05)
    sock = listen("127.0.0.1", 0, allow_remote=False)
    thread = HttpThread(sock, application, lambda _failure: None)
    thread.start()
    for begun in (b"", b"GET / HT", b"GET / HTTP/1.1\r\nHost: a\r\n"):
        with socket.create_connection(sock.getsockname(), timeout=100) as client:
            client.sendall(begun)
            assert is_closed(client)
    assert get(sock.getsockname()[1]) == 200
    thread.stop()


def test_a_fault_of_the_application_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    async def broken(_request: web.Request) -> web.Response:
        raise ValueError("broken")

    def faulty() -> web.Application:
        app = web.Application()
        app.router.add_get("/", broken)
        return app

    sock = listen("127.0.0.1", 0, allow_remote=False)
    thread = HttpThread(sock, faulty, lambda _failure: None)
    thread.start()
    assert get(sock.getsockname()[1]) == 500
    thread.stop()
    assert "ValueError: broken" in caplog.text


@pytest.mark.parametrize(
    "junk", [b"\0" * 64, b"-5>", b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"x" * 100_000, b"GET /" + b"a" * 5_000 + b" HTTP/1.1\r\n\r\n"]
)
def test_junk_is_refused_kills_nobody_and_fills_no_log(port: int, junk: bytes, caplog: pytest.LogCaptureFixture) -> None:
    with socket.create_connection(("127.0.0.1", port), timeout=100) as client:
        client.sendall(junk)
        client.shutdown(socket.SHUT_WR)
        try:
            answer = client.recv(12)
        except ConnectionResetError:
            answer = b""
        assert answer in {b"", b"HTTP/1.1 400", b"HTTP/1.0 400"}
    assert get(port) == 200
    assert caplog.records == []


def test_an_application_that_cannot_start_fails_the_start(crashes: list[Exception]) -> None:
    def broken() -> web.Application:
        raise ValueError("broken")

    sock = listen("127.0.0.1", 0, allow_remote=False)
    thread = HttpThread(sock, broken, crashes.append)
    with pytest.raises(InternalError, match="broken"):
        thread.start()
    assert sock.fileno() == -1
    assert crashes == []


def test_a_start_that_takes_for_ever_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(listening, "START_S", 0.01)
    monkeypatch.setattr(listening, "STOP_S", 0.01)
    go_on = threading.Event()

    def slow() -> web.Application:
        go_on.wait(100)
        return application()

    sock = listen("127.0.0.1", 0, allow_remote=False)
    thread = HttpThread(sock, slow, lambda _failure: None)
    with pytest.raises(InternalError, match="not served"):
        thread.start()
    go_on.set()
    thread.stop()


def test_serving_that_ends_by_itself_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    told, up = threading.Event(), threading.Event()
    failures: list[Exception] = []

    def crashed(failure: Exception) -> None:
        failures.append(failure)
        told.set()

    async def fail(_self: asyncio.Event) -> bool:
        await asyncio.to_thread(up.wait, 10)
        raise OSError("the loop is broken")

    monkeypatch.setattr(asyncio.Event, "wait", fail)
    sock = listen("127.0.0.1", 0, allow_remote=False)
    thread = HttpThread(sock, application, crashed)
    thread.start()
    up.set()
    assert told.wait(100)
    assert [str(failure) for failure in failures] == ["the loop is broken"]
    thread.stop()
