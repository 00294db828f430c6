"""What became of the tools that a program has run lately, as its session tells it: more than the model is told."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Final

from protocols import FunctionToolsExecuted, SessionEvent

KEPT: Final = 256
"""Outcomes that are remembered; of older calls only what the model was told is known."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolOutcome:
    """One run: ``message`` is what it returned, or its failure in full (None: nothing), ``reply`` whether the model answers it."""

    message: str | None
    failed: bool
    reply: bool
    hand_off: bool


class ToolOutcomes:
    """By the call's id; at the bound the oldest is forgotten. Used on the program's loop."""

    def __init__(self) -> None:
        self._outcomes: OrderedDict[str, ToolOutcome | None] = OrderedDict()

    def begun(self, call_id: str) -> None:
        """A call's tool is run."""
        self._keep(call_id, None)

    def was_begun(self, call_id: str) -> bool:
        """Whether the tool was run: some calls are answered without, for one of a tool that there is not."""
        return call_id in self._outcomes

    def any_open(self) -> bool:
        """Whether a tool that was begun has not ended."""
        return any(outcome is None for outcome in self._outcomes.values())

    def note(self, call_id: str, outcome: ToolOutcome) -> None:
        """Remember what became of a call."""
        self._keep(call_id, outcome)

    def of(self, call_id: str, result: str, *, ok: bool) -> ToolOutcome:
        """What became of a call; of one that is not known, what the model was told says it."""
        known = self._outcomes.get(call_id)
        return ToolOutcome(message=result or None, failed=not ok, reply=True, hand_off=False) if known is None else known

    def answers(self, event: SessionEvent) -> bool:
        """Whether the model answers what the event tells that calls came to; not, if it tells nothing of that."""
        calls = event.calls if isinstance(event, FunctionToolsExecuted) else ()
        return any(self.of(call.call_id, call.result, ok=True).reply for call in calls)

    def _keep(self, call_id: str, outcome: ToolOutcome | None) -> None:
        self._outcomes[call_id] = outcome
        if len(self._outcomes) > KEPT:
            self._outcomes.popitem(last=False)
