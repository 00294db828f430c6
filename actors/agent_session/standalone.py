"""A conversation without a call: the same core, engine and program in the process of a script or a test, without supervision and journal.

How it works. Of an actor's context a conversation needs little when it has no neighbours: a clock, a mailbox, timers. Here the mailbox is
the event loop of the engine, in a thread of its own, so there is still one input at a time. The agent's audio goes to the one subscriber
that there is, ``heard``. What nobody handled ends the conversation, and ``ended`` is told.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Final, cast

from actors.agent_session.blueprint import Blueprint, read_blueprint
from actors.agent_session.conversation import Conversation, Surroundings
from actors.agent_session.core import restore
from actors.agent_session.core.inputs import SubscriptionAsked
from actors.agent_session.engine import LoopThread
from actors.agent_session.journal_writer import Opening
from actors.agent_session.neighbours import Neighbours
from actors.agent_session.parts import Parts
from actors.agent_session.program import Program
from actors.agent_session.program_link import ProgramLink
from actors.agent_session.redaction import SessionRedaction
from actors.agent_session.shared_audio_buffer import Watermark
from protocols import (
    AudioCleared,
    AudioPushed,
    Clock,
    ExitReason,
    Message,
    Ref,
    StreamAudio,
    SystemClock,
    SystemEntropy,
    abnormal,
)
from supervision import Context

log = logging.getLogger("livekitex.session")

ID_BYTES: Final = 4
_LISTENER: Final = Ref(id="program", address="", uid="program")

Heard = Callable[[AudioPushed | AudioCleared], None]


class StandaloneSession:
    """The conversation of ``program``; `begin` it once. ``heard`` and ``ended`` are called on the engine's thread."""

    def __init__(self, program: Program, heard: Heard, ended: Callable[[ExitReason], None]) -> None:
        self._program = program
        self._ended = ended
        self._loop = LoopThread("engine", self._crashed)
        self._context = _LocalContext(self._loop, heard, self._exit, SystemClock())
        blueprint = self._blueprint()
        self.link = ProgramLink(
            self._as_context, blueprint, restore(()).memory, 1, started=self._started, failed=self._failed, crashed=self._failed
        )
        self._conversation: Conversation | None = None
        self._sequence = 0

    @property
    def _as_context(self) -> Context:
        return cast("Context", self._context)

    def hear(self, rate_hz: int, pcm: bytes) -> None:
        """The caller's next audio, PCM16 mono at a rate that a script may stream; before the conversation has begun it is lost."""
        chunk = StreamAudio(sequence=self._sequence, rate_hz=rate_hz, pcm=pcm)
        self._sequence += 1
        self._loop.call(lambda: self._conversation and self._conversation.serve(chunk, None, lambda _answer: None))

    def stop(self) -> None:
        """End it at once. A second call does nothing."""
        self._loop.stop()

    def _blueprint(self) -> Blueprint:
        entropy, clock = SystemEntropy(), SystemClock()
        return read_blueprint({"call_id": f"local-{entropy.hex_id(ID_BYTES)}", "agent": {"program": {"runner": ""}}}, clock.wall())

    def _started(self, parts: Parts) -> None:
        surroundings = Surroundings(
            context=self._as_context,
            neighbours=Neighbours(self._as_context, ()),
            redaction=SessionRedaction(parts.redactor),
            loop=self._loop,
            writer=None,
            watermark=Watermark(),
            last_end="",
            job_context="",
            in_background=lambda _work, _then: None,
            program=self._program,
        )
        self._conversation = Conversation(surroundings, parts, restore(()))
        self.link.live = self._conversation
        self._conversation.begin(Opening())
        listen = SubscriptionAsked(request=self._conversation.unanswered, subscriber=_LISTENER, from_number=1, audio=True, next_sequence=0)
        self._conversation.feed(listen)

    def _failed(self, text: str) -> None:
        self._exit(abnormal(text))

    def _crashed(self, failure: BaseException) -> None:
        log.error("the conversation has ended by a failure", exc_info=failure)
        self._exit(abnormal(f"{type(failure).__name__}: {failure}"))

    def _exit(self, reason: ExitReason) -> None:
        self.link.end()
        self._program.stop()
        self._ended(reason)


@dataclass
class _LocalContext:
    """What of `supervision.Context` a conversation without neighbours needs; everything but `post` on the engine's thread."""

    loop: LoopThread
    heard: Heard
    exit: Callable[[ExitReason], None]
    clock: Clock
    memory: memoryview | None = None
    registry: Ref | None = None

    def post(self, callback: Callable[[], None]) -> None:
        """Have it called in order."""
        self.loop.call(callback)

    def after(self, delay_s: float, callback: Callable[[], None]) -> Callable[[], None]:
        """Have it called later."""
        return self.loop.call_later(delay_s, callback)

    def send(self, to: Ref, message: Message, **_: Any) -> None:  # noqa: ANN401 - the protocol's options
        """To the one who listens; nobody else is there."""
        if to == _LISTENER and isinstance(message, AudioPushed | AudioCleared):
            self.heard(message)

    def send_name(self, name: str, message: Message) -> None:
        """Nobody is there."""
