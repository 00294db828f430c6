"""The AgentSession actor: how one incarnation of a call comes up, and how it ends.

How it works. Three things have to be there before the call is live: its providers and tools, which user code makes on a thread of its own
(`preparation`); its past, which the journal's thread reads meanwhile; and, where the call was handed on in an earlier incarnation, the
agent that has it now. Until then messages wait. Whichever of them comes last begins the `Conversation`, which is all that follows.

Where a program makes the agent (`program`) it makes the parts, too: once it is loaded and the past is there its entrypoint runs, and starts
the conversation when it is ready.

While it is live there are three threads: the actor's own runs the core and performs its effects, one runs the engine's event loop, one
writes the journal. The others come back with `Context.post`, so the core sees one input at a time. What nobody handled in any of them ends
the process; its supervisor starts the next incarnation. A simulation has none of these threads and overrides what makes them.
"""

import asyncio
from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from typing import Any, ClassVar, Final, NoReturn, TypeVar

from actors.agent_session.blueprint import Blueprint, read_blueprint
from actors.agent_session.conversation import Conversation, Surroundings
from actors.agent_session.core import (
    Past,
    after_end,
    restore,
)
from actors.agent_session.core.inputs import (
    JournalFailed,
    JournalRecovered,
)
from actors.agent_session.engine import EngineLoop, LoopThread
from actors.agent_session.journal_writer import JournalWriter, Listener, Opening
from actors.agent_session.neighbours import AUDIO_PROCESSOR, CIRCUIT_BREAKERS, TOOL_REGISTRY, Neighbours
from actors.agent_session.parts import Parts
from actors.agent_session.preparation import PREPARE_TIMEOUT_S, failed_parts, in_background, load_program, prepare, prepare_successor
from actors.agent_session.program import Program
from actors.agent_session.program_link import ProgramLink
from actors.agent_session.redaction import SessionRedaction
from actors.agent_session.shared_audio_buffer import Watermark, watermark_of
from actors.journal import FileStore, unreadable
from protocols import (
    ConfigurationError,
    ExitKind,
    ExitReason,
    FencedError,
    InternalError,
    JournalError,
    JournalStore,
    Message,
    Ref,
    abnormal,
)
from supervision import Actor, keep_files_private

T = TypeVar("T")

MAX_EARLY: Final = 1_000
"""Messages that wait until the call is live; what comes beyond is dropped, and sent again by whoever needs an answer."""
CLOSED_START_S: Final = 30.0
"""For a program to start the session again of a call that is over, and so to come to its own end."""
UNSTARTED: Final = "before its session had started"
"""Stands in why an incarnation ended whose program came to nothing so early: the next one is the last that tries."""
FENCED: Final = ExitReason(ExitKind.SHUTDOWN, "fenced: a newer incarnation has taken up the call")
"""Why an incarnation ends that is not the newest of its call: nobody starts it again."""


class AgentSession(Actor):
    """One call's conversation. Arguments: see `blueprint.read_blueprint`.

    It answers commands, audio, subscriptions and questions (`protocols.messages.session`). It tells the JobContext of its call that it has
    begun and that the call has ended, and the tool registry of its tools, whenever it hears that they are there, and needs neither.

    It is up when its providers and tools are there, whether or not its journal has answered. Messages wait until that has, or for
    `journal_writer.STALL_S` at most.
    """

    trap_exit: ClassVar[bool] = True

    conversation_class: ClassVar[type[Conversation]] = Conversation

    def on_start(self, args: Mapping[str, Any]) -> None:
        """Begin to take up the call where its journal ends, and return at once.

        Raises (also later, as the outcome of the start):
            LivekitexError: the agent, an option, a provider or a tool is wrong; the text names it and the cure.
        """
        self._early: deque[Callable[[], None]] | None = deque()
        self._writer: JournalWriter | None = None
        self._loop: EngineLoop | None = None
        self._parts: Parts | None = None
        self._past: tuple[Past, Opening] | None = None
        self._conversation: Conversation | None = None
        self._preparing = ""
        self._program: Program | None = None
        self._link: ProgramLink | None = None
        self._giving_way: ExitReason | None = None
        self._returns = False  # it ends before it is live, and its journal is the next one's, who counts on from it
        self._redaction = SessionRedaction()
        with self._releasing():
            self._begin(read_blueprint(args, self.context.clock.wall()))
            self._prepare()

    def on_message(self, message: Message) -> None:
        """Serve the messages of a session; others are dropped."""
        serve = partial(self._serve, message, self.context.sender, self.context.replier())
        if self._early is None:
            serve()
        elif len(self._early) < MAX_EARLY:
            self._early.append(serve)

    def _serve(self, message: Message, sender: Ref | None, reply: Callable[[Message], None]) -> None:
        if not self._live.serve(message, sender, reply):
            super().on_message(message)

    def on_shutdown(self, reason: ExitReason) -> None:
        """End, also while the session is not up yet."""
        if self._early is not None:
            self._release(born=False)
        super().on_shutdown(reason)

    def on_registry_changed(self) -> None:
        """Ask the new registry who is there."""
        self._neighbours.watch()

    def on_ping(self, answer: Callable[[], None]) -> None:
        """Answer from the event loop, through the mailbox: a hang of either is one of the session."""
        if self._loop is not None:
            self._loop.call(self.context.post, answer)
        elif self._early is not None:  # not live yet
            answer()

    def terminate(self, reason: ExitReason) -> None:
        """Leave word of the end, for the incarnation that follows."""
        if self._early is not None:
            self._release(born=False)
            return
        self._live.end(reason)
        self._release()

    def _begin(self, blueprint: Blueprint) -> None:
        context, self._blueprint = self.context, blueprint
        self._neighbours = Neighbours(context, (TOOL_REGISTRY, AUDIO_PROCESSOR, CIRCUIT_BREAKERS, self._job_context))
        if blueprint.journal is not None:
            keep_files_private(blueprint.journal.parent)
        self._watermark = watermark_of(context.memory)
        over = self._watermark.over and (blueprint.journal is None or not blueprint.journal.exists())
        if blueprint.journal is None:
            self._watermark = Watermark(over=over)
        elif not over:  # it reads the past while the providers load
            listener = Listener(
                opened=self._opened,
                failed=lambda text: self._live.feed(JournalFailed(text=text)),
                recovered=lambda: self._live.feed(JournalRecovered()),
                crashed=self._crashed,
            )
            self._writer = self.make_writer(FileStore(blueprint.journal.parent), listener, above=self._watermark.incarnation)
        if self._writer is None:
            past = after_end(self._watermark.incarnation, self._watermark.next_event) if over else restore(())
            self._past = past, Opening()

    def _opened(self, opening: Opening) -> None:
        """The journal has told what it holds, or does not answer: of a call that is new, nothing can be lost."""
        past = restore(opening.past, opening.older)
        returns = bool(self._watermark.incarnation or self._blueprint.last_end or self.context.last_exit)
        if returns or opening.past or not opening.failure:
            past = replace(past, report=opening.report, lost=opening.lost)
        self._past = past, opening
        self._run_program()
        self._go_live()

    def _prepare(self) -> None:
        """Make the providers and tools, or load the program that does; that ends the start."""
        finish = self.context.defer_start()
        self.context.acknowledge_start()
        give_up = self.context.after(PREPARE_TIMEOUT_S, self._preparation_overdue)

        def begin_step(step: str) -> None:
            self._preparing = step

        def prepared(outcome: Parts | Program | BaseException) -> None:
            give_up()
            with self._releasing():
                if isinstance(outcome, BaseException):
                    raise outcome
                if isinstance(outcome, Parts):
                    self._parts = outcome
                    self._go_live()
                else:
                    self._program = outcome
                    self._run_program()
            finish()
            if self._giving_way is not None:
                self.context.exit(self._giving_way)

        if self._blueprint.program is None:
            self.in_background(lambda: prepare(self._blueprint, begin_step), prepared)
        else:
            self.in_background(lambda: load_program(self._blueprint, begin_step), prepared)

    def _run_program(self) -> None:
        """Begin the program's entrypoint, once it is loaded and what the call remembers is there."""
        if self._program is None or self._past is None or self._link is not None:
            return
        past, opening = self._past
        if past.memory.closed:  # the program had not ended: it comes to its end again, if it starts its session again
            self.context.after(CLOSED_START_S, lambda: self._started(failed_parts(self._blueprint, "")))
        self._link = ProgramLink(
            self.context,
            self._blueprint,
            past.memory,
            opening.incarnation,
            started=self._started,
            failed=self._failed,
            crashed=self._program_crashed,
        )
        self._program.begin(self._link, self.program_loop())

    def _started(self, parts: Parts) -> None:
        """The program has begun the conversation."""
        if self._parts is None:
            with self._releasing():
                self._parts = parts
                self._go_live()

    def _failed(self, text: str) -> None:
        """The program cannot go on, before it has begun the conversation or later: the call ends with its reason."""
        if self._conversation is None:
            self._started(failed_parts(self._blueprint, text))
        else:
            self.context.exit(abnormal(text))

    def _program_crashed(self, text: str) -> None:
        """See `ProgramCall.crash`."""
        if self._conversation is not None:
            self.context.exit(abnormal(text))
        elif UNSTARTED in (self.context.last_exit or self._blueprint.last_end):
            self._failed(text)
        else:
            self._returns = True
            self.context.exit(abnormal(f"{UNSTARTED}: {text}"))

    def _succeeded(self, outcome: Parts | BaseException) -> None:
        """The agent that the call was handed to in another incarnation is made."""
        with self._releasing():
            if isinstance(outcome, BaseException):
                raise outcome
            self._parts = outcome
            self._go_live()

    def _preparation_overdue(self) -> NoReturn:
        self._release(born=False)
        raise ConfigurationError(f"{self._preparing} took more than {PREPARE_TIMEOUT_S:g} s: make it in less, or when it is first used")

    @contextmanager
    def _releasing(self) -> Iterator[None]:
        """Leave nothing of an incarnation that does not come up."""
        try:
            yield
        except BaseException:
            self._release(born=False)
            raise

    def _go_live(self) -> None:
        """Begin the conversation, once both its parts and its past are there."""
        if self._parts is None or self._past is None:
            return
        self._redaction = SessionRedaction(self._parts.redactor)
        if self._writer is not None:
            self._writer.leaving = self._redaction.to_journal
        past, opening = self._past
        parts = self._parts
        if self._program is None and parts.agent != past.memory.agent:
            self.in_background(lambda: prepare_successor(parts, past.memory.agent), self._succeeded)
            return
        self._loop = self.make_loop()
        surroundings = Surroundings(
            context=self.context,
            neighbours=self._neighbours,
            redaction=self._redaction,
            loop=self._loop,
            writer=self._writer,
            watermark=self._watermark,
            last_end=self.context.last_exit or self._blueprint.last_end,
            job_context=self._job_context,
            in_background=self.in_background,
            program=self._program,
        )
        self._conversation = self.conversation_class(surroundings, parts, past)
        early, self._early = self._early or deque(), None
        if self._link is not None:
            self._link.live = self._conversation
        self._conversation.begin(opening)
        for serve in early:
            serve()

    @property
    def _live(self) -> Conversation:
        """The conversation of a session that is live."""
        if self._conversation is None:
            raise InternalError("the session is not live yet: please report this")
        return self._conversation

    # The threads, and what they make. A simulation has none.

    def make_loop(self) -> EngineLoop:
        """The loop of the engine."""
        return LoopThread("engine", self._crashed)

    def make_writer(self, store: JournalStore, listener: Listener, *, above: int) -> JournalWriter:
        """What writes the call's journal in ``store``."""
        return JournalWriter(self.context, store, self._blueprint.description, listener, above=above)

    def program_loop(self) -> asyncio.AbstractEventLoop | None:
        """The running event loop that the program is to share; None: it has one of its own, in a thread of its own."""
        return None

    def in_background(self, work: Callable[[], T], then: Callable[[T | BaseException], None]) -> None:
        """Make the providers and tools, which may take long; see `preparation.in_background`."""
        in_background(self.context, work, then)

    # The end.

    def _crashed(self, failure: BaseException) -> None:
        """From any thread: end the process for what nobody handled.

        Whose call has a newer incarnation, or a newer journal, ends for good.
        """

        def crash() -> NoReturn:
            raise self._redaction.to_supervisor(failure)

        if isinstance(failure, JournalError):
            self.context.post(partial(self._give_way, FENCED if isinstance(failure, FencedError) else unreadable(failure)))
        else:
            self.context.post(crash)

    def _give_way(self, reason: ExitReason) -> None:
        self._writer = None  # its thread has ended
        if self._conversation is not None:
            self._conversation.lose_writer()
        if self._parts is None:
            self._giving_way = reason  # it is no failure of the start
        else:
            self.context.exit(reason)

    @property
    def _job_context(self) -> str:
        return f"job_context/{self._blueprint.call_id}"

    def _release(self, *, born: bool = True) -> None:
        self._redaction.close()
        if self._program is not None:
            self._program.stop()
        if self._loop is not None:
            self._loop.stop()
        if born and self._conversation is not None:
            self._conversation.release()
        elif self._writer is not None and self._returns:
            self._writer.close(delete=False)
        elif self._writer is not None:
            self._writer.abandon()
