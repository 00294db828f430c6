"""Facts of the program: what a program in the call's process has the journal remember for it, by keys that only it understands.

A result of an effect that is not to happen again, a hook that has ended, a live change of an agent: what each of them means is decided
elsewhere; here it is a text under a key, that stands in the journal before its teller is answered.
"""

from dataclasses import replace
from typing import Final

from actors.agent_session.core.commands import refused
from actors.agent_session.core.effects import Answer
from actors.agent_session.core.entries import FactRecorded, UserDataRecorded
from actors.agent_session.core.inputs import FactTold, UserDataChanged
from actors.agent_session.core.memory import Memory, n_bytes
from actors.agent_session.core.transition import Transition
from protocols import CapacityError, CommandAccepted, LivekitexError, MessageTooLargeError, SessionError, UsageError

MAX_FACTS: Final = 1_000
"""Facts of a call; one more is refused with `CapacityError`, until one is forgotten."""
MAX_KEY_BYTES: Final = 512
MAX_FACT_BYTES: Final = 64_000
"""Of one fact's value."""
MAX_FACTS_BYTES: Final = 256_000
"""Of all facts, keys and values: each checkpoint holds them."""
MAX_USER_DATA_BYTES: Final = 128_000
"""Of the call's data as JSON; a tool that makes it larger has failed, and a change that does is not kept."""


def on_told(step: Transition, told: FactTold) -> None:
    """Remember a fact, or forget it, and answer once that is in the journal; or refuse it, and remember nothing."""
    refusal = _refusal(step.memory, told)
    if refusal is not None:
        step.then(Answer(request=told.request, message=refused(refusal)))
        return
    if step.memory.facts.get(told.key) != told.value:
        step.record(FactRecorded(key=told.key, value_json=told.value))
    step.then(Answer(request=told.request, message=CommandAccepted(command_id=told.key)))


def on_user_data(step: Transition, changed: UserDataChanged) -> None:
    """The call's data has changed outside of tools. What is too large is not kept, which is told once."""
    data = changed.user_data_json
    if data == step.memory.user_data_json:
        return
    if len(data.encode()) <= MAX_USER_DATA_BYTES:
        step.state = replace(step.state, data_refused=False)
        step.record(UserDataRecorded(user_data_json=data))
    elif not step.state.data_refused:
        step.state = replace(step.state, data_refused=True)
        size = f"user_data has {len(data.encode())} bytes, the limit is {MAX_USER_DATA_BYTES}"
        text = f"{size}: until it is less, a restart has it as it was before"
        step.publish(SessionError(source="program", text=text, retryable=False))


def _refusal(memory: Memory, told: FactTold) -> LivekitexError | None:
    key, value = told.key, told.value
    if not 0 < len(key.encode()) <= MAX_KEY_BYTES:
        return UsageError(f"the key {key!r:.80} has {len(key.encode())} bytes: give 1 to {MAX_KEY_BYTES}")
    if value is None:
        return None
    others = {other: kept for other, kept in memory.facts.items() if other != key}
    if len(others) >= MAX_FACTS:
        return _full(f"{MAX_FACTS} facts are kept for this call already: forget one before you keep {key!r:.80}")
    size = len(value.encode())
    if size > MAX_FACT_BYTES:
        return MessageTooLargeError(f"{key!r:.80} has {size} bytes as JSON, the limit is {MAX_FACT_BYTES}: keep less, or where to find it")
    if (total := n_bytes(others, others.values(), (key, value))) > MAX_FACTS_BYTES:
        return _full(f"with {key!r:.80} this call's facts had {total} bytes, the limit is {MAX_FACTS_BYTES}: forget one before")
    return None


def _full(text: str) -> CapacityError:
    error = CapacityError(text)
    error.retryable = False  # the same again would be refused again
    return error
