"""LiveKit's traces, of which there are none here."""

from livekitex_agent.absent_names import absent_names

_EVENTS = "a call tells what it does by its events and the metrics at /metrics: make spans of those, with the tracer of your choice"
__getattr__ = absent_names(
    __name__, dict.fromkeys(("set_tracer_provider", "tracer", "trace_types", "traces", "metrics", "http_server"), _EVENTS)
)
