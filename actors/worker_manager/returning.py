"""What becomes of a call whose processes are gone: it has ended, it comes back, it says farewell, or it has failed. Pure.

A call comes back as often as its own budget allows, so one that dies at each start spends nobody else's. Then it is started one last time,
only to say that it ends. If that fails too, it has failed. ::

    gone ── it had closed, was to end, or nobody waits for its start ─> Over ("ended")
      ├──── its supervisor or partition died ───> Return ─┐
      │                                      (budget spent)
      ├──── its supervisor gave it up ────────────────────┴> Return, with a farewell
      ├──── it cannot read its journal ──────────────────────────────> Over ("failed"), and the journal stays
      └──── it was saying farewell ───────────────────────────────────> Over ("failed")
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from actors.journal import is_unreadable
from protocols import NORMAL, ExitReason, StartJob, shorten_reason
from supervision import RestartIntensity

FIRST_PAUSE_S: Final = 0.2
"""Before the next attempt after one that did not come up; doubled before each further one."""
MAX_PAUSE_S: Final = 10.0

AGAIN_S: Final = 0.2
"""Before the next attempt to start a call again whose partition was about to end."""

UNSEEN: Final = "error:the processes of the call were gone when the worker manager looked"
"""Why a call is started again of whose end nobody heard."""

FAILED: Final = "failed"
"""The state of a call that failed, and how its outcome begins in its journal."""

_ORPHANED: Final = re.compile(r"error:\S+ ended")


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """What is remembered of a call besides its place.

    ``job`` is what it was started with (None: another incarnation of the WorkerManager did). ``ending`` is the reason once it shall end.
    ``returns`` is its budget, None before the first return. ``last_end`` is why it was started again, ``farewell_reason`` why for the last
    time. ``failed_starts`` counts those since it was up, ``was_up`` tells whether it ever was.
    """

    job: StartJob | None = None
    ending: str = ""
    returns: RestartIntensity | None = None
    last_end: str = ""
    farewell_reason: str = ""
    failed_starts: int = 0
    was_up: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class JournaledCall:
    """What a call's journal says. ``ended`` once it has closed, for ``outcome``; ``ours`` if it belongs to this run of the system."""

    job: StartJob
    began_wall_s: float = 0.0
    ended: bool = False
    outcome: str = ""
    ours: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Ends:
    """What was told of the end of a call's processes; empty where nothing was.

    ``tree`` is why its supervisor ended, ``session`` why its session did for good, ``spent`` who of the tree died once too often.
    """

    tree: str = ""
    session: str = ""
    spent: str = ""

    @property
    def whole(self) -> bool:
        """Whether this explains the end: who stops in order was told of by then, or will be in a moment."""
        return bool(self.tree) and (_died(self.tree) or bool(self.session or self.spent))


@dataclass(frozen=True, slots=True)
class Return:
    """Start the call again (see `job_of`) after ``pause_s``."""

    pause_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Over:
    """The call does not come back. ``state`` is ``ended`` or ``failed``; ``release`` if its journal cannot know that yet."""

    state: str
    reason: str
    release: bool = False


Verdict = Return | Over


def gone(
    call: Call,
    ends: Ends,
    found: JournaledCall | None,
    budget: RestartIntensity,
    now: float,
    *,
    with_partition: bool,
    awaited: bool,
    journaled: bool,
) -> tuple[Call, Verdict]:
    """The processes of a call are gone, ``with_partition`` together with their partition.

    ``found`` is None where there is none, ``journaled`` whether there should be one (a call that closes removes it). ``budget`` is that of
    a call which has never returned; ``now`` is monotonic seconds. ``awaited`` is whether a request waits for the call.
    """
    if not (call.was_up or call.last_end or awaited):
        return call, Over("ended", "nobody waited for its start any more", release=True)
    over = _over(call, ends, found)
    if over is not None:
        return call, over
    if found is not None and call.job is None:
        call = replace(call, job=found.job)
    if not with_partition and not _died(ends.tree or "normal"):
        if ends.spent:
            call = replace(call, last_end=shorten_reason(f"error:{ends.spent}"))
            return _with_farewell(call, f"it died too often ({_words(budget)}), the last time because {ends.spent}")
        if found is None and (journaled or ends.tree):
            return call, Over("ended", ends.session or ends.tree or "it removed its journal")
    return _return(call, ends.tree or UNSEEN, budget, now)


def is_explained(call: Call, ends: Ends, *, with_partition: bool) -> bool:
    """Whether a call whose processes are gone can be judged; else the news of its end, which may still come, say more."""
    return with_partition or bool(call.ending) or not call.was_up or ends.whole


def not_up(call: Call, result: str, budget: RestartIntensity, now: float) -> tuple[Call, Verdict]:
    """A call that was started again did not come up; ``result`` is its partition's answer."""
    if not result.startswith("error:"):
        return call, Return(AGAIN_S)  # the partition ends, which spends nothing of the call's
    if call.farewell_reason:
        return call, _failed(f"{call.farewell_reason}; it could not say farewell ({result})")
    call = replace(call, failed_starts=call.failed_starts + 1)
    call, verdict = _return(call, result, budget, now)
    if isinstance(verdict, Return) and not call.farewell_reason:
        verdict = Return(min(MAX_PAUSE_S, FIRST_PAUSE_S * 2.0 ** (call.failed_starts - 1)))
    return call, verdict


def heard(ends: Ends, name: str, reason: str, *, final: bool) -> Ends:
    """After the news that ``name`` has ended for ``reason``: one of the call's tree, or a supervisor above it.

    ``final``: its supervisor does not start it again. That somebody's supervisor ended says less than how that one did.
    """
    kind = name.partition("/")[0]
    if kind in ("jobs", "partition"):
        return ends if ends.tree or _ORPHANED.fullmatch(reason) else replace(ends, tree=f"error:{name} ended ({reason})")
    if kind == "job":
        if _ORPHANED.fullmatch(reason):
            return replace(ends, tree=ends.tree or reason)
        return replace(ends, tree=f"error:{name} ended ({reason})" if _died(reason) else reason)
    if not final:
        return ends
    if _died(reason):
        return replace(ends, spent=f"{name} ended ({reason})")
    return replace(ends, session=reason) if kind == "agent_session" else ends


def job_of(call: Call) -> StartJob | None:
    """What a call is started with: again, its session is told why, and whether it is for the last time. None: nobody remembers."""
    if call.job is None or not call.last_end:
        return call.job
    options: Mapping[str, Any] = {**call.job.options, "last_end": call.last_end, "farewell_reason": call.farewell_reason}
    return replace(call.job, options=options)


def _over(call: Call, ends: Ends, found: JournaledCall | None) -> Over | None:
    """How a call is over whose processes are gone, whatever they died of; None: it is not."""
    if call.ending:
        return Over("ended", call.ending, release=True)
    if found is not None and found.ended:
        return Over(FAILED if found.outcome.startswith(FAILED) else "ended", found.outcome)
    if ends.session == str(NORMAL):  # it closed; if its journal says otherwise, the disk had failed it
        return Over("ended", ends.session, release=found is not None)
    if is_unreadable(session := ExitReason.parse(ends.session)):  # it stays for the version that can
        return Over(FAILED, shorten_reason(f"{FAILED}: {session.detail}"))
    if found is not None and not found.ours:
        return Over("ended", "another system has taken up the call")
    if call.farewell_reason:
        return _failed(f"{call.farewell_reason}; it died of saying farewell too")
    return None


def _return(call: Call, reason: str, budget: RestartIntensity, now: float) -> tuple[Call, Verdict]:
    returns, allowed = (call.returns or budget).count(now)
    call = replace(call, returns=returns, last_end=shorten_reason(reason))
    if not allowed:
        return _with_farewell(call, f"it had to be started again too often ({_words(budget)}), the last time because of {reason}")
    return (call, Return()) if call.job is not None else (call, _forgotten(reason))


def _with_farewell(call: Call, why: str) -> tuple[Call, Verdict]:
    call = replace(call, farewell_reason=shorten_reason(why))
    return (call, Return()) if call.job is not None else (call, _forgotten(why))


def _forgotten(reason: str) -> Over:
    return _failed(f"nobody remembers what the call was started with, and it died: {reason}")


def _failed(reason: str) -> Over:
    return Over(FAILED, shorten_reason(f"{FAILED}: {reason}"), release=True)


def _died(reason: str) -> bool:
    return not ExitReason.parse(reason).clean


def _words(budget: RestartIntensity) -> str:
    return f"allowed are {budget.max_restarts} in {budget.max_seconds} s"
