"""What is said while a tool takes long (`RunContext.with_filler`)."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Literal

from livekitex_agent.voice.speech_handle import SpeechHandle

if TYPE_CHECKING:
    from livekitex_agent.voice.agent_session import AgentSession

log = logging.getLogger("livekitex.program")

FillerSource = str | Callable[[int], SpeechHandle | str | None]
_STATES: Final[tuple[Literal["agent_state_changed"], Literal["user_state_changed"]]] = ("agent_state_changed", "user_state_changed")


@dataclass
class Pace:
    """What a tool lets its fillers know.

    Who waits for silence has an event in ``waiting``; setting that has the wait begin anew. ``detached`` once the tool goes on without its
    speech, which may be over then.
    """

    waiting: set[asyncio.Event] = field(default_factory=set)
    detached: bool = False


@asynccontextmanager
async def filling(
    session: "AgentSession[Any]",
    speech: SpeechHandle,
    source: FillerSource,
    *,
    delay: float,
    interval: float | None,
    max_steps: int | None,
    pace: Pace | None = None,
) -> AsyncIterator[None]:
    """Say fillers while the block runs, until the tool's ``speech`` is interrupted or over; see `RunContext.with_filler`."""
    if delay < 0:
        raise ValueError("delay must be non-negative")
    if interval is not None and interval < 0:
        raise ValueError("interval must be non-negative when set")
    filling = _fill(session, speech, source, pace or Pace(), delay=delay, interval=interval, max_steps=max_steps)
    saying = asyncio.create_task(filling, name="fillers")
    try:
        yield
    finally:
        saying.cancel()
        await asyncio.wait([saying])


async def _fill(
    session: "AgentSession[Any]",
    speech: SpeechHandle,
    source: FillerSource,
    pace: Pace,
    *,
    delay: float,
    interval: float | None,
    max_steps: int | None,
) -> None:
    said = 0
    try:
        while max_steps is None or said < max_steps:
            await _silence(session, delay, pace)
            if speech.interrupted or (speech.done() and not pace.detached):
                return
            made = source(said) if callable(source) else source
            filler = session.say(made) if isinstance(made, str) else made
            said += filler is not None
            if interval is None:
                return
            await asyncio.sleep(interval)
            if filler is not None:
                await filler.wait_for_playout()
    except Exception:  # the seam to the user's code
        log.exception("a filler has failed, this call of the tool gets no other one")


async def _silence(session: "AgentSession[Any]", seconds: float, pace: Pace) -> None:
    """Return once neither the caller nor the agent has spoken for so long."""
    changed = asyncio.Event()
    pace.waiting.add(changed)

    def note(_event: object) -> None:
        changed.set()

    for kind in _STATES:
        session.on(kind, note)
    try:
        while True:
            changed.clear()
            spoken = "speaking" in (session.agent_state, session.user_state)
            try:
                async with asyncio.timeout(None if spoken else seconds):
                    await changed.wait()
            except TimeoutError:
                return
    finally:
        pace.waiting.discard(changed)
        for kind in _STATES:
            session.off(kind, note)
