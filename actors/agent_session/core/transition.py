"""One turn of the core under way: gathers what one input changes, writes and causes.

The only mutable thing of the core, made and given up within `handle`. The memory changes through `record` alone, which is the journal's own
fold, so a restored session knows exactly what a living one wrote.
"""

from dataclasses import dataclass, replace
from typing import Final

from actors.agent_session.core.effects import Effect, Push, Write
from actors.agent_session.core.entries import Checkpoint, Entry, Happened
from actors.agent_session.core.memory import Memory, Turn
from actors.agent_session.core.replay import EVENTS_KEPT, remember
from actors.agent_session.core.state import SessionConfig, State, States
from actors.journal import UnknownRecord
from protocols import (
    AGENT_STATES,
    USER_STATES,
    AgentEvent,
    AgentStateChanged,
    EventPushed,
    EventsMissed,
    InternalError,
    SessionEvent,
    StateChanged,
    UserEvent,
    UserStateChanged,
)

CHECKPOINT_EVERY: Final = 256
"""Entries after which a checkpoint is written at the latest, which bounds the journal and the time of a restart."""
CHECKPOINT_SOONEST: Final = 32
"""Entries after which one is written where the memory is still small: damage to the journal's beginning then costs nothing."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A time, in both senses: ``monotonic_s`` for durations, ``wall_s`` for what is shown."""

    monotonic_s: float
    wall_s: float


class Transition:
    """What one input does to ``state``; ``state`` is the newest all the way."""

    def __init__(self, state: State, now: Moment) -> None:
        self.state = state
        self.now = now
        self._entries: list[Entry] = []
        self._effects: list[Effect] = []
        self._then: list[Effect] = []

    @property
    def setup(self) -> SessionConfig:
        """What never changes."""
        return self.state.setup

    @property
    def memory(self) -> Memory:
        """What survives."""
        return self.state.memory

    @property
    def turn(self) -> Turn:
        """The open turn, where there must be one."""
        if self.memory.turn is None:
            raise InternalError(f"no turn is open in the state {self.state.phase}: please report this")
        return self.memory.turn

    def record(self, entry: Entry) -> None:
        """Remember ``entry`` and have it journalled."""
        self._entries.append(entry)
        entries = 1 if isinstance(entry, Checkpoint) else self.state.entries + 1
        self.state = replace(self.state, memory=remember(self.memory, entry), entries=entries)

    def publish(self, event: SessionEvent, *, turn_id: str = "", speech_id: str = "") -> None:
        """Number ``event``, journal it, and push it to the subscribers once it is journalled.

        One that is not kept is only pushed, after all before it. A program is told all of them. Turn and speech are those that are given,
        else those that the event names, else those under way.
        """
        memory, happened = self.memory, self._happened(event, turn_id, speech_id)
        if event.kept:
            self.record(happened)
            self.state = replace(self.state, log=(*self.state.log[1 - EVENTS_KEPT :], happened))
        else:
            happened = replace(happened, number=memory.next_event - 1)
        if self.state.subscribers or self.setup.program:
            to = tuple(subscriber.ref for subscriber in self.state.subscribers)
            self.then(Push(to=to, event=pushed(self.setup.call_id, happened)))

    def move_agent(self, event: AgentEvent) -> None:
        """Move the agent's machine."""
        self.state = replace(self.state, agent=AGENT_STATES.step(self.state.agent, event))

    def move_user(self, event: UserEvent) -> None:
        """Move the caller's machine."""
        self.state = replace(self.state, user=USER_STATES.step(self.state.user, event))

    def tell_changes(self, before: States) -> None:
        """Tell how the conversation has moved since ``before``."""
        after = self.state.states
        if after.user is not before.user:
            self.publish(UserStateChanged(old=before.user, new=after.user))
        if after.agent is not before.agent:
            self.publish(AgentStateChanged(old=before.agent, new=after.agent))
        if after.conversation is not before.conversation:
            self.publish(StateChanged(old=before.conversation, new=after.conversation))

    def do(self, effect: Effect) -> None:
        """Have ``effect`` performed at once."""
        self._effects.append(effect)

    def then(self, effect: Effect) -> None:
        """Have ``effect`` performed once everything recorded so far is in the journal."""
        self._then.append(effect)

    def next_token(self) -> int:
        """A fresh token for a piece of work."""
        self.state = replace(self.state, token=self.state.token + 1)
        return self.state.token

    def _happened(self, event: SessionEvent, turn_id: str, speech_id: str) -> Happened:
        memory, turn = self.memory, self.memory.turn
        return Happened(
            number=memory.next_event,
            incarnation=memory.incarnation,
            wall_s=self.now.wall_s,
            event=event,
            turn_id=turn_id or getattr(event, "turn_id", "") or (turn.turn_id if turn is not None else ""),
            speech_id=speech_id or getattr(event, "speech_id", "") or (turn.speech_id if turn is not None else ""),
        )

    def result(self) -> tuple[State, tuple[Effect, ...]]:
        """The state after the input, and what is to be done, in order."""
        if self.state.entries >= min(CHECKPOINT_EVERY, max(CHECKPOINT_SOONEST, 2 * len(self.memory.history.items))):
            self.record(Checkpoint(memory=self.memory))
        write = (Write(entries=tuple(self._entries), then=tuple(self._then)),) if self._entries or self._then else ()
        return self.state, (*self._effects, *write)


def pushed(call_id: str, happened: Happened) -> EventPushed:
    """An event as subscribers get it. They miss one that this version of the program does not know."""
    event = EventsMissed(count=1) if isinstance(happened.event, UnknownRecord) else happened.event
    return EventPushed(
        call_id=call_id,
        number=happened.number,
        incarnation=happened.incarnation,
        wall_s=happened.wall_s,
        event=event,
        turn_id=happened.turn_id,
        speech_id=happened.speech_id,
    )
