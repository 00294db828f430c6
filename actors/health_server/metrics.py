"""A snapshot as Prometheus reads it. A part that did not answer has ``livekitex_up`` 0 and no figures: never a zero that nobody counted."""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from actors.health_server.snapshot import PARTS, Snapshot, obstacles

CONTENT_TYPE: Final = "text/plain; version=0.0.4; charset=utf-8"
BREAKER_STATES: Final = ("closed", "open", "half_open")

Samples = Iterable[tuple[tuple[str, ...], float]]
"""Values, each with those of its labels."""


def exposition(snapshot: Snapshot) -> bytes:
    """The text of ``/metrics``, of `CONTENT_TYPE`. Its registry is its own: nothing else of the process shows up."""
    registry = CollectorRegistry(auto_describe=False)
    registry.register(_Collected(snapshot))
    return generate_latest(registry)


class _Collected(Collector):
    def __init__(self, snapshot: Snapshot) -> None:
        self._snapshot = snapshot

    def collect(self) -> Iterator[Metric]:
        """All figures, in a fixed order."""
        snapshot = self._snapshot
        yield _gauge("up", "Whether the part answers", ("part",), (((part,), snapshot.is_up(part)) for part in PARTS))
        yield _gauge("ready", "Whether the node can take a call", (), [((), not obstacles(snapshot))])
        yield _gauge("collection_seconds", "How long it took to collect these figures", (), [((), snapshot.took_s)])
        yield from _worker(snapshot)
        yield from _tree(snapshot)
        yield from _tools(snapshot)
        yield from _breakers(snapshot)
        yield from _audio(snapshot)


def _worker(snapshot: Snapshot) -> Iterator[Metric]:
    if (worker := snapshot.worker) is not None:
        yield _gauge("jobs", "Calls that run", (), [((), len(worker.jobs))])
        yield _gauge("jobs_max", "Calls that may run at a time", (), [((), worker.max_jobs)])
        yield _counter("jobs_accepted", "Calls taken since the worker manager started", (), [((), worker.accepted)])
        yield _counter("jobs_refused", "Calls refused since the worker manager started", (), [((), worker.refused)])


def _tree(snapshot: Snapshot) -> Iterator[Metric]:
    if snapshot.tree is not None:
        kinds = Counter((node.id.partition("/")[0], node.state) for node in snapshot.tree.walk())
        yield _gauge("processes", "Children in the tree by role and state", ("role", "state"), sorted(kinds.items()))


def _tools(snapshot: Snapshot) -> Iterator[Metric]:
    if (answer := snapshot.tools) is not None:
        tools = answer.tools
        yield _counter("tool_calls", "Calls of a tool", ("tool",), (((tool.name,), tool.calls) for tool in tools))
        yield _counter("tool_failures", "Calls of a tool that failed", ("tool",), (((tool.name,), tool.failures) for tool in tools))
        yield _counter("tool_seconds", "Time spent in a tool", ("tool",), (((tool.name,), tool.total_ms / 1000) for tool in tools))


def _breakers(snapshot: Snapshot) -> Iterator[Metric]:
    if (answer := snapshot.breakers) is not None:
        states = (((one.service, state), one.state == state) for one in answer.breakers for state in BREAKER_STATES)
        yield _gauge("breaker_state", "1 for the state that the breaker is in", ("service", "state"), states)
        failures = (((one.service,), one.failures) for one in answer.breakers)
        yield _gauge("breaker_failures", "Failures within the breaker's window", ("service",), failures)


def _audio(snapshot: Snapshot) -> Iterator[Metric]:
    if (audio := snapshot.figures("audio_processor")) is not None:
        seconds = [(("in",), audio["seconds_in"]), (("out",), audio["seconds_out"]), (("dropped",), audio["dropped_s"])]
        yield _counter("audio_seconds", "Audio that the sessions reported", ("direction",), seconds)
        yield _counter("audio_conversions", "Conversion jobs done", (), [((), audio["conversions"])])
        yield _counter("audio_refused", "Conversion jobs refused", (), [((), audio["refused"])])


def _gauge(name: str, text: str, labels: tuple[str, ...], samples: Samples) -> Metric:
    family = GaugeMetricFamily(f"livekitex_{name}", text, labels=labels)
    for values, value in samples:
        family.add_metric(values, float(value))
    return family


def _counter(name: str, text: str, labels: tuple[str, ...], samples: Samples) -> Metric:
    family = CounterMetricFamily(f"livekitex_{name}", text, labels=labels)
    for values, value in samples:
        family.add_metric(values, float(value))
    return family
