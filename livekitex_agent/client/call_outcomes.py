"""Whether a call is over whose session is gone: its supervisor may have given it up, and the worker manager brings it back all the same.

So the news that a session has ended for good is believed only once the worker manager says so too. Until then it is an end like others,
after which another incarnation may come: commands wait and are sent again, streams go on.
"""

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Final

from livekitex_agent.client.requester import Requester
from livekitex_agent.client.streams import Alarm
from livekitex_agent.gateway.frames import Unanswered
from protocols import NORMAL, GetJob, JobState, LivekitexError, Message, NameChanged

MANAGER: Final = "worker_manager"
SESSION: Final = "agent_session/"
OVER: Final = ("ended", "failed", "unknown")

PATIENCE_S: Final = 1.0
"""How long a session may be gone, if not for good, before the worker manager is asked."""
AGAIN_S: Final = 0.5
"""Before it is asked again: the call runs or returns, or there was no answer."""
ANSWER_S: Final = 5.0


@dataclass(eq=False)
class _Inquiry:
    reason: str
    alarm: Alarm = field(init=False)


class CallOutcomes:
    """The calls whose session is gone, and what becomes of them. Used from one event loop.

    ``tell`` is called with the news that a call is over: the end of its session's name, with the call's own reason.
    """

    def __init__(self, connection: Requester, tell: Callable[[NameChanged], None]) -> None:
        self._connection = connection
        self._tell = tell
        self._inquiries: dict[str, _Inquiry] = {}

    def name_changed(self, change: NameChanged) -> NameChanged:
        """What is certain of the news: all of it, unless it says that a session is gone for good which had not closed its call."""
        if not change.name.startswith(SESSION):
            return change
        self._forget(change.name)
        if change.ref is not None or (change.final and change.reason == str(NORMAL)):
            return change
        inquiry = self._inquiries[change.name] = _Inquiry(change.reason)
        inquiry.alarm = Alarm(partial(self._ask, change.name, inquiry))
        inquiry.alarm.set(0.0 if change.final else PATIENCE_S)
        return replace(change, final=False)

    def close(self) -> None:
        """Ask no more: the system has ended."""
        for name in tuple(self._inquiries):
            self._forget(name)

    def _forget(self, name: str) -> None:
        if name in self._inquiries:
            self._inquiries.pop(name).alarm.cancel()

    def _ask(self, name: str, inquiry: _Inquiry) -> None:
        question = GetJob(job_id=name.removeprefix(SESSION))
        try:
            self._connection.request(MANAGER, question, timeout_s=ANSWER_S, then=partial(self._hear, name, inquiry))
        except LivekitexError:
            self._forget(name)  # the system has ended, which everybody is told

    def _hear(self, name: str, inquiry: _Inquiry, answer: Message | Unanswered) -> None:
        if self._inquiries.get(name) is not inquiry:
            return  # it has come back meanwhile
        if not isinstance(answer, JobState) or answer.state not in OVER:
            inquiry.alarm.set(AGAIN_S)
            return
        self._forget(name)
        reason = f"{answer.reason}; its session had ended for {inquiry.reason}" if answer.state == "unknown" else answer.reason
        self._tell(NameChanged(name=name, ref=None, reason=reason, final=True))
