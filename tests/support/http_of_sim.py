"""Asks an HTTP server whose actor lives in a SimRuntime: the request runs in a thread, the simulation in the test's."""

import http.client
import json
import threading
from dataclasses import dataclass, field
from typing import Any

from protocols import GetHealthAddress, HealthAddress
from supervision import SimRuntime


@dataclass
class Response:
    """What came over HTTP."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        return json.loads(self.body)


def get(address: HealthAddress, path: str) -> Response:
    """A plain request, in this thread."""
    connection = http.client.HTTPConnection(address.host, address.port, timeout=200)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        return Response(answer.status, answer.read(), dict(answer.headers))
    finally:
        connection.close()


def address_of(sim: SimRuntime) -> HealthAddress:
    """Where the HealthServer listens."""
    answer = sim.ask("health_server", GetHealthAddress())
    assert isinstance(answer, HealthAddress)
    return answer


PACE_S = 0.05
"""Virtual time that passes while the server's threads are given a fifth of it, so that on a busy machine they are not taken for hung."""


def fetch(sim: SimRuntime, path: str) -> Response:
    """A request while the simulation runs, until it is answered."""
    address = address_of(sim)
    answers: list[Response] = []
    client = threading.Thread(target=lambda: answers.append(get(address, path)))
    client.start()
    while client.is_alive():
        sim.run_for(PACE_S)
        client.join(PACE_S / 5)
    return answers[0]
