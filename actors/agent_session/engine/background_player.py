"""Sound beside the speech on its way out: in real time, as a stream of its own, so that it never holds what is said."""

import asyncio
from collections.abc import Callable
from typing import Final

from actors.agent_session.engine.speech_output import Push
from actors.media import BackgroundMixer, LoopedSound, Playout
from protocols import BACKGROUND_ID, Clock

BATCH_MS: Final = 200
THINKING_AFTER_S: Final = 0.4
"""Work that is over sooner is not heard."""


class BackgroundPlayer:
    """Pushes what ``mixer`` gives at ``rate_hz``, from `open` on. ``working`` tells whether the agent thinks and says nothing."""

    def __init__(self, mixer: BackgroundMixer, rate_hz: int, clock: Clock, *, working: Callable[[], bool], push: Push) -> None:
        self._mixer = mixer
        self._clock = clock
        self._working = working
        self._push = push
        self._opened = asyncio.Event()
        self._has_sound = asyncio.Event()
        self._plan = Playout(rate_hz=rate_hz, lead_ms=BATCH_MS)
        self._since: float | None = None
        self._position = 0

    def open(self) -> None:
        """Let it be heard from now on."""
        self._opened.set()

    def change(self, *, ambient: LoopedSound | None, thinking: LoopedSound | None) -> None:
        """Play these from now on."""
        self._mixer.change(ambient=ambient, thinking=thinking)
        self._has_sound.set()

    async def run(self) -> None:
        """Play, for ever."""
        await self._opened.wait()
        while True:
            while not self._mixer.empty:
                self._play(self._clock.monotonic())
                await asyncio.sleep(BATCH_MS / 1000)
            self._has_sound.clear()
            await self._has_sound.wait()

    def _play(self, now: float) -> None:
        if not self._working():
            self._since = None
        elif self._since is None:
            self._since = now
        self._mixer.set_thinking(self._since is not None and now >= self._since + THINKING_AFTER_S)
        if self._mixer.silent:
            self._plan = self._plan.stopped()
            return
        samples, self._plan = self._plan.due(self._plan.rate_hz, now)
        self._push(BACKGROUND_ID, self._position, self._mixer.take(samples))
        self._position += samples
