"""What a session tells of its work: its figures when it is asked, and to the audio processor how much audio it handled."""

from collections.abc import Callable
from typing import Any, Final

from actors.agent_session.audio_publisher import AudioPublisher
from actors.agent_session.core import State
from actors.agent_session.intake import Intake
from actors.agent_session.neighbours import AUDIO_PROCESSOR, Neighbours
from protocols import AudioHandled
from supervision import Context

REPORT_EVERY_S: Final = 10.0
"""Between two reports of the audio that was handled."""


class Reports:
    """Reports from now on; ``state`` gives the session's, and ``intake`` and ``audio_out`` count its audio."""

    def __init__(
        self, context: Context, neighbours: Neighbours, intake: Intake, audio_out: AudioPublisher, state: Callable[[], State]
    ) -> None:
        self._context = context
        self._neighbours = neighbours
        self._intake = intake
        self._audio_out = audio_out
        self._state = state
        self._told = (0.0, 0.0)
        context.after(REPORT_EVERY_S, self._tell_again)

    def tell_audio(self) -> None:
        """Tell how many seconds of audio came in and went out since that was told last, if there were any."""
        now = (self._intake.seconds, self._audio_out.seconds)
        if now != self._told:
            seconds_in, seconds_out = now[0] - self._told[0], now[1] - self._told[1]
            self._told = now
            self._neighbours.tell(AUDIO_PROCESSOR, AudioHandled(seconds_in=seconds_in, seconds_out=seconds_out, dropped_s=0.0))

    def figures(self) -> dict[str, Any]:
        """The session in figures."""
        state, memory = self._state(), self._state().memory
        return {
            "call_id": state.setup.call_id,
            "state": str(state.phase),
            "incarnation": memory.incarnation,
            "turns": memory.turns,
            "tool_calls": memory.calls,
            "events": memory.next_event - 1,
            "subscribers": len(state.subscribers),
            "seconds_in": round(self._intake.seconds, 3),
            "seconds_out": round(self._audio_out.seconds, 3),
        }

    def _tell_again(self) -> None:
        self.tell_audio()
        self._context.after(REPORT_EVERY_S, self._tell_again)
