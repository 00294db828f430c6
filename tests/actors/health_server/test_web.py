import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from aiohttp.test_utils import TestClient, TestServer
from aiohttp.web import Application, Request

from actors.health_server import web
from actors.health_server.snapshot import Node, Snapshot
from actors.health_server.web import HEADERS, MAX_REQUESTS, Endpoints
from protocols import Message
from support.health_answers import figures, healthy

pytestmark = pytest.mark.asyncio

ENDPOINTS = ("/health", "/health/ready", "/health/live", "/metrics", "/status")


class FakeNode:
    """Answers with ``snapshot`` once ``open``."""

    def __init__(self, **changes: Message | None) -> None:
        tree = Node(id="application", type="supervisor", state="running")
        self.snapshot = Snapshot(wall_s=7.0, took_s=0.01, answers={**healthy(), **changes}, tree=tree)
        self.open = asyncio.Event()
        self.open.set()
        self.asked: list[bool] = []
        self.full_house = asyncio.Event()

    async def ask(self, full: bool) -> Snapshot:
        self.asked.append(full)
        if len(self.asked) == MAX_REQUESTS:
            self.full_house.set()
        await self.open.wait()
        return self.snapshot

    async def turn(self) -> None:
        await self.open.wait()


@asynccontextmanager
async def served(node: FakeNode, hosts: frozenset[str] | None = None) -> AsyncIterator[tuple[TestClient[Request, Application], Endpoints]]:
    endpoints = Endpoints(node.ask, node.turn, hosts)
    async with TestClient(TestServer(endpoints.application())) as client:
        yield client, endpoints


async def test_a_healthy_node_says_so() -> None:
    node = FakeNode()
    async with served(node) as (client, endpoints):
        for path, status in (("/health", "healthy"), ("/health/ready", "ready"), ("/health/live", "alive")):
            async with client.get(path) as response:
                assert (response.status, await response.json()) == (200, {"status": status, "problems": []})
        assert node.asked == [False, False]
        assert (endpoints.requests, endpoints.refused) == (3, 0)


async def test_who_does_not_answer_is_named() -> None:
    async with served(FakeNode(worker_manager=None, registry=None)) as (client, _):
        async with client.get("/health") as response:
            problems = ["registry does not answer", "worker_manager does not answer"]
            assert (response.status, await response.json()) == (503, {"status": "unhealthy", "problems": problems})
        async with client.get("/health/ready") as response:
            assert (response.status, await response.json()) == (
                503,
                {"status": "not ready", "problems": ["worker_manager does not answer"]},
            )
        async with client.get("/status") as response:
            assert response.status == 200
            document = await response.json()
            assert (document["healthy"], document["ready"]) == (False, False)
            assert document["unanswered"] == ["registry", "worker_manager"]


async def test_liveness_depends_on_nobody_else() -> None:
    node = FakeNode(**dict.fromkeys(healthy()))
    async with served(node) as (client, _):
        async with client.get("/health/live") as response:
            assert response.status == 200
        assert node.asked == []


async def test_a_draining_node_is_not_ready() -> None:
    draining = figures("worker_manager", known=True, partitions=2, draining=True)
    async with served(FakeNode(worker_manager=draining)) as (client, _), client.get("/health/ready") as response:
        assert (response.status, (await response.json())["problems"]) == (503, ["worker_manager is draining"])


async def test_metrics_and_status_are_full_reports() -> None:
    node = FakeNode()
    async with served(node) as (client, _):
        async with client.get("/metrics") as response:
            assert response.status == 200
            assert response.headers["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
            assert "livekitex_jobs 1.0\n" in await response.text()
        async with client.get("/status") as response:
            assert response.content_type == "application/json"
            assert (await response.json())["tree"]["id"] == "application"
        assert node.asked == [True, True]


@pytest.mark.parametrize("path", [*ENDPOINTS, "/", "/health/", "/etc/passwd"])
@pytest.mark.parametrize("method", ["GET", "HEAD", "POST", "DELETE", "OPTIONS"])
async def test_whatever_is_answered_has_the_security_headers_and_tells_no_version(path: str, method: str) -> None:
    async with served(FakeNode()) as (client, _), client.request(method, path) as response:
        assert {name: response.headers.get(name) for name in HEADERS} == HEADERS
        if path in ENDPOINTS:
            assert response.status == (200 if method in {"GET", "HEAD"} else 405)
        else:
            assert response.status == 404
        if response.status == 405:
            assert set(response.headers["Allow"].split(",")) == {"GET", "HEAD"}
        if response.status >= 400 and method != "HEAD":
            assert list(await response.json()) == ["error"]


async def test_an_actor_that_does_not_answer_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(web, "ANSWER_S", 0.01)
    node = FakeNode()
    node.open.clear()
    async with served(node) as (client, endpoints):
        for path in ENDPOINTS:
            async with client.get(path) as response:
                assert (response.status, await response.json()) == (503, {"error": "health_server does not answer"})
        assert endpoints.refused == len(ENDPOINTS)


async def test_requests_are_bounded() -> None:
    node = FakeNode()
    node.open.clear()
    async with served(node) as (client, _):
        waiting = [asyncio.create_task(client.get("/health")) for _ in range(MAX_REQUESTS)]
        await node.full_house.wait()
        async with client.get("/health") as response:
            assert (response.status, response.headers["Retry-After"]) == (503, "1")
        node.open.set()
        assert {response.status for response in await asyncio.gather(*waiting)} == {200}
        async with client.get("/health") as response:
            assert response.status == 200


@pytest.mark.parametrize(
    ("host", "status"),
    [
        ("127.0.0.1:8080", 200),
        ("127.0.0.1", 200),
        ("LOCALHOST:1", 200),
        ("[::1]", 200),
        ("[::1]:80", 200),
        ("evil.example", 421),
        ("evil.example:8080", 421),
        ("", 421),
    ],
)
async def test_a_name_of_the_web_that_leads_to_this_machine_is_not_served(host: str, status: int) -> None:
    hosts = frozenset({"localhost", "127.0.0.1", "[::1]"})
    async with served(FakeNode(), hosts) as (client, _), client.get("/status", headers={"Host": host}) as response:
        assert response.status == status
