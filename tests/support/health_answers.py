"""What a healthy node answers to its HealthServer."""

from typing import Any

from protocols import (
    Breakers,
    BreakerState,
    ChildCounts,
    Figures,
    JobInfo,
    Message,
    ToolEntry,
    Tools,
    WorkerStatus,
)


def figures(role: str, **values: Any) -> Figures:
    return Figures(role=role, figures=values)


def healthy() -> dict[str, Message | None]:
    """The answers by key, parts and details."""
    return {
        "registry": figures("registry", names=9, watches=1, refused=0, watches_dropped=0),
        "circuit_breakers": figures("circuit_breakers", closed=1, open=1, half_open=0),
        "tool_registry": figures("tool_registry", tools=1),
        "audio_processor": figures(
            "audio_processor", seconds_in=2.5, seconds_out=1.5, dropped_s=0.5, conversions=3, converted_bytes=10, refused=1
        ),
        "worker_manager": figures("worker_manager", known=True, partitions=2, draining=False, jobs=1, max_jobs=8),
        "jobs": ChildCounts(specs=2, active=2, supervisors=2, workers=0),
        "breakers": Breakers(
            breakers=(BreakerState(service="llm", state="closed", failures=1), BreakerState(service="stt", state="open", failures=5))
        ),
        "tools": Tools(
            tools=(
                ToolEntry(
                    name="price_of",
                    description="the price",
                    parameters={"type": "object"},
                    source="/home/me/shop.py:price_of",
                    calls=4,
                    failures=1,
                    total_ms=250.0,
                ),
            )
        ),
        "worker": WorkerStatus(
            jobs=(JobInfo(job_id="7f3a", partition="partition/0", started_wall_s=5.0),), max_jobs=8, accepted=3, refused=2, draining=False
        ),
    }
