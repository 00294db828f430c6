"""Events of the agent: what it does, its speeches from their making to their end, the conversation that they make up."""

from protocols.events.definition import SessionEvent, session_event
from protocols.events.values import InterruptedBy, SpeechOutcome


@session_event
class StateChanged(SessionEvent):
    """The conversation moved from state ``old`` to ``new`` (see `protocols.conversation`)."""

    old: str
    new: str


@session_event(kept=False)
class AgentStateChanged(SessionEvent):
    """The agent moved from state ``old`` to ``new`` (see `protocols.agent_state`). What is kept of it, `StateChanged` tells."""

    old: str
    new: str


@session_event
class AgentChanged(SessionEvent):
    """Another agent has the call from here on: ``old`` handed it to ``new`` (their names)."""

    old: str
    new: str


@session_event
class SpeechCreated(SessionEvent):
    """Something will be said.

    ``source`` is why: ``say``, ``generate_reply``, ``tool_response``, ``greeting``, ``apology`` … (`TurnSource`). ``user_initiated`` tells
    whether the program asked for it, by the command ``command_id``; a reply to a text of the caller's has that text's.
    ``owner`` is who sent the command (the id of an actor), or the session, which replies by itself.
    """

    speech_id: str
    source: str
    priority: int
    allow_interruptions: bool
    user_initiated: bool
    command_id: str = ""
    owner: str = ""


@session_event
class AgentSentence(SessionEvent):
    """A sentence of the agent begins to be heard (or, in a text call, is said)."""

    speech_id: str
    text: str


@session_event(kept=False)
class ResponseGenerated(SessionEvent):
    """The model has written its reply to the end: ``text`` is all of it, most of which is not heard yet."""

    speech_id: str
    text: str


@session_event
class SpeechInterrupted(SessionEvent):
    """A speech is being stopped before its end. One that only waited to be said is done without this."""

    speech_id: str
    by: InterruptedBy


@session_event
class FalseInterruption(SessionEvent):
    """The caller spoke over the reply and did not mean to interrupt it: it goes on where it was held.

    ``text`` is what was understood of it, if anything.
    """

    speech_id: str
    text: str


@session_event
class AgentMessage(SessionEvent):
    """A reply is over: ``text`` is what was heard of it; ``interrupted`` tells that this is not all."""

    speech_id: str
    text: str
    interrupted: bool


@session_event
class SpeechDone(SessionEvent):
    """A speech is over, after its `AgentMessage`: nothing more of it is heard. The fields are as in `SpeechCreated`."""

    speech_id: str
    source: str
    outcome: SpeechOutcome
    command_id: str = ""
    owner: str = ""


@session_event(kept=False)
class ConversationItemAdded(SessionEvent):
    """The history has a new item, a turn being over. What is in it, `UserMessage`, `AgentMessage`, `ToolReturned` and others tell for good.

    ``kind`` is that of the item (``message``, ``function_call``, ``function_call_output``, ``summary`` …, see `ChatItem`); a message has a
    ``role``. ``text`` is what it says, a call's arguments, or an output.
    """

    kind: str
    item_id: str
    role: str = ""
    text: str = ""
    interrupted: bool = False


@session_event
class ContextSummarised(SessionEvent):
    """The oldest ``items`` of the history were replaced by a summary, because they took too much of the model's context.

    What the whole context takes was ``tokens_before`` and is ``tokens_after``.
    """

    items: int
    tokens_before: int
    tokens_after: int
