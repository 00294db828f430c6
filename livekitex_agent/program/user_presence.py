"""What the caller does, as a session tells it: the call's own states, and ``away`` where nobody has said anything for a while.

The wait begins anew at each life of the call, as the program does: what follows from ``away`` is the program's business.
"""

import asyncio
from collections.abc import Callable
from typing import Final

from livekitex_agent.voice.events import AgentState, UserState, UserStateChangedEvent
from protocols import EventPushed, SystemClock, ToolReturned, UserInputTranscribed, UserStateChanged

USER_STATES: Final[dict[str, UserState]] = {
    "listening": "listening",
    "speaking": "speaking",
    "transcribing": "listening",  # he has stopped, and is about to be understood
}


class UserPresence:
    """Used on the program's loop; each change goes to ``tell``.

    He is away after ``timeout_s`` seconds (None: never) in which he and the agent have listened and nothing was ``busy`` that will be told.
    """

    def __init__(self, timeout_s: float | None, tell: Callable[[UserStateChangedEvent], object], busy: Callable[[], bool]) -> None:
        self.now: UserState = "listening"
        self._timeout_s = timeout_s
        self._tell = tell
        self._busy = busy
        self._agent: AgentState = "initializing"
        self._timer: asyncio.TimerHandle | None = None
        self._stopped = False

    def tell(self, pushed: EventPushed) -> None:
        """Something happened in the call."""
        match pushed.event:
            case UserStateChanged(new=new):
                self._become(USER_STATES[new], pushed.wall_s)
            case UserInputTranscribed(is_final=True) if self.now != "speaking":
                self.active()
            case ToolReturned() if self._timer is None:
                self._wait()
            case _:
                pass

    def agent_is(self, state: AgentState) -> None:
        """The agent is in ``state``."""
        self._agent = state
        self._wait()

    def active(self) -> None:
        """He has given a sign of life other than by his voice: he is not away, and the wait begins anew."""
        if self._timeout_s is None or self._stopped:
            return
        if self.now == "away":
            self._become("listening", SystemClock().wall())
        else:
            self._wait()

    def stop(self) -> None:
        """The session is over."""
        self._stopped = True
        self._cancel()

    def _become(self, state: UserState, wall_s: float) -> None:
        if state == self.now:
            return
        old, self.now = self.now, state
        self._wait()
        self._tell(UserStateChangedEvent(old_state=old, new_state=state, created_at=wall_s))

    def _wait(self) -> None:
        """Begin the wait, or begin it anew, where both listen; else end it."""
        self._cancel()
        waits = not self._stopped and self._timeout_s is not None and self.now == self._agent == "listening" and not self._busy()
        if waits and self._timeout_s is not None:
            self._timer = asyncio.get_running_loop().call_later(self._timeout_s, self._be_away)

    def _be_away(self) -> None:
        self._timer = None
        self._become("away", SystemClock().wall())

    def _cancel(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
