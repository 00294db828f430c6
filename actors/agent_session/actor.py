"""The AgentSession actor: the shell around the conversation.

Three threads: the actor's own runs the core and performs its effects, one runs the engine's event loop, one writes the journal. The others
come back with `Context.post`, so the core sees one input at a time. What nobody handled in any of them ends the process. Before that a
fourth makes the providers and tools (`preparation`), while the third reads the past; the conversation goes live when both are there.
"""

from collections import deque
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from functools import partial
from itertools import count
from typing import Any, ClassVar, Final, NoReturn

from actors.agent_session.assembly import agent_ready, make_entries, make_setup, name_services
from actors.agent_session.audio_publisher import AudioPublisher
from actors.agent_session.blueprint import Blueprint, read_blueprint
from actors.agent_session.core import (
    After,
    Answer,
    Effect,
    Happened,
    IncarnationEnded,
    Input,
    Leave,
    Moment,
    Past,
    Push,
    ResumePoint,
    SessionConfig,
    State,
    Tell,
    UseAgent,
    Write,
    after_end,
    begin,
    handle,
    restore,
    undurable,
)
from actors.agent_session.core.inputs import (
    AgentFailed,
    CommandArrived,
    InfoAsked,
    JournalFailed,
    JournalRecovered,
    SubscriptionAsked,
    SubscriptionEnded,
)
from actors.agent_session.engine import PERMIT_S, CircuitBreakers, Engine, EngineLoop, LoopThread, named
from actors.agent_session.given_audio import give
from actors.agent_session.intake import Intake
from actors.agent_session.journal_writer import Ending, JournalWriter, Listener, Opening
from actors.agent_session.neighbours import AUDIO_PROCESSOR, CIRCUIT_BREAKERS, TOOL_REGISTRY, Neighbours
from actors.agent_session.preparation import PREPARE_TIMEOUT_S, Parts, in_background, prepare, prepare_successor
from actors.agent_session.redaction import SessionRedaction
from actors.agent_session.reports import Reports
from actors.agent_session.shared_audio_buffer import SHARED_AUDIO_BUFFER_BYTES, SharedAudioBuffer, Watermark, watermark_of
from actors.agent_session.shared_speech_buffer import SHARED_SPEECH_BUFFER_BYTES, SharedSpeechBuffer
from actors.journal import FileStore, unreadable
from protocols import (
    NORMAL,
    ConfigurationError,
    ExitKind,
    ExitReason,
    FencedError,
    Figures,
    GetFigures,
    GetSession,
    InternalError,
    JournalError,
    JournalStore,
    Message,
    NameChanged,
    Ref,
    RegisterTools,
    SessionCommand,
    SessionStarted,
    StreamAudio,
    StreamSpeech,
    Subscribe,
    Unsubscribe,
)
from supervision import Actor, keep_files_private

SHARED_MEMORY_BYTES: Final = SHARED_AUDIO_BUFFER_BYTES + SHARED_SPEECH_BUFFER_BYTES
"""What of a call outlives its process: the caller's audio, then the agent's."""
REGISTER_TIMEOUT_S: Final = 5.0
MAX_EARLY: Final = 1_000
"""Messages that wait until the call is live; what comes beyond is dropped, and sent again by whoever needs an answer."""
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

    _state: State

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
        self._preparing = ""
        self._giving_way: ExitReason | None = None
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
        match message:
            case StreamAudio():
                self._take_audio(message, reply)
            case StreamSpeech():
                give(message, self._state, self._engine, lambda answer: self.context.post(partial(reply, answer)))
            case _ if isinstance(message, SessionCommand):
                owner = sender.id if sender is not None else ""
                self._feed(CommandArrived(request=self._request(reply), command=message, position=self._memory.position, owner=owner))
            case Subscribe():
                self._subscribe(message, sender, reply)
            case Unsubscribe():
                if sender is not None:
                    self._feed(SubscriptionEnded(subscriber=sender))
            case GetSession():
                self._feed(InfoAsked(request=self._request(reply)))
            case GetFigures():
                reply(Figures(role="agent_session", figures=self._reports.figures()))
            case NameChanged():
                self._neighbours.changed(message)
                self._introduce(message)
            case _:
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
        """Leave word of the end, for the incarnation that follows.

        It finds a call that is closed as such, and tells those who have not heard of it. If none follows, the journal is swept.
        """
        if self._early is not None:
            self._release(born=False)
            return
        if self._writer is not None:
            self._writer.write((IncarnationEnded(reason=str(reason), clean=reason.clean),), lambda _durable: None)
            if self._state.memory.closed:
                self._writer.close(delete=False, ending=self._ending())
        self._reports.tell_audio()
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
                failed=lambda text: self._feed(JournalFailed(text=text)),
                recovered=lambda: self._feed(JournalRecovered()),
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
        self._go_live()

    def _prepare(self) -> None:
        """Make the providers and tools; that ends the start."""
        finish = self.context.defer_start()
        self.context.acknowledge_start()
        give_up = self.context.after(PREPARE_TIMEOUT_S, self._preparation_overdue)

        def begin_step(step: str) -> None:
            self._preparing = step

        def prepared(outcome: Parts | BaseException) -> None:
            give_up()
            with self._releasing():
                if isinstance(outcome, BaseException):
                    raise outcome
                self._parts = outcome
                self._go_live()
            finish()
            if self._giving_way is not None:
                self.context.exit(self._giving_way)

        self.in_background(lambda: prepare(self._blueprint, begin_step), prepared)

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
        if parts.agent != past.memory.agent:
            self.in_background(lambda: prepare_successor(parts, past.memory.agent), self._succeeded)
            return
        context, blueprint, providers, tools = self.context, parts.blueprint, parts.providers, parts.tools
        caller = past.memory.caller
        # In fresh memory the audio of the incarnations before is missing: it begins behind what the journal speaks of.
        known = max(past.memory.heard_until, caller.start if caller is not None else 0)
        fresh_at = known + 1 if past.memory.incarnation else 0
        memory = context.memory or memoryview(bytearray(SHARED_MEMORY_BYTES))
        self._memory = SharedAudioBuffer(memory[:SHARED_AUDIO_BUFFER_BYTES], fresh_at=fresh_at)
        self._speech = SharedSpeechBuffer(memory[SHARED_AUDIO_BUFFER_BYTES:])
        self._intake = Intake(self._memory)
        voice_rate_hz = providers.tts.rate_hz if providers.tts is not None else 0
        self._audio_out = AudioPublisher(blueprint.call_id, voice_rate_hz, context.send, lambda: self._state.subscribers)
        self._requests: dict[int, Callable[[Message], None]] = {}
        self._numbers = count(1)
        self._loop = self.make_loop()
        self._engine = Engine(
            self._loop,
            providers,
            tools,
            self._memory,
            self._speech,
            call_id=blueprint.call_id,
            # Whoever has heard the agent before this incarnation has an echo cancellation that has learnt.
            turns=replace(blueprint.turns, aec_warmup_s=0.0) if past.memory.speeches else blueprint.turns,
            services=name_services(blueprint),
            breakers=CircuitBreakers(
                lambda wanted, then: context.post(lambda: self._neighbours.ask(CIRCUIT_BREAKERS, wanted, timeout_s=PERMIT_S, then=then)),
                lambda outcome: context.post(partial(self._neighbours.tell, CIRCUIT_BREAKERS, outcome)),
            ),
            clock=context.clock,
            report=lambda what: context.post(partial(self._feed, what)),
            push=lambda *audio: context.post(partial(self._push_audio, *audio)),
            clear=lambda *audio: context.post(partial(self._audio_out.clear, *audio)),
        )
        journal_path = str(blueprint.journal) if self._writer is not None else ""
        setup = make_setup(blueprint, providers, tools, journal_path=journal_path)
        early, self._early = self._early or deque(), None
        self._live(setup, past, opening.incarnation, self._watermark)
        if opening.failure:
            self._feed(JournalFailed(text=opening.failure))
        self._neighbours.watch()
        self._reports = Reports(context, self._neighbours, self._intake, self._audio_out, lambda: self._state)
        for serve in early:
            serve()

    # The threads, and what they make. A simulation has none.

    def make_loop(self) -> EngineLoop:
        """The loop of the engine."""
        return LoopThread("engine", self._crashed)

    def make_writer(self, store: JournalStore, listener: Listener, *, above: int) -> JournalWriter:
        """What writes the call's journal in ``store``."""
        return JournalWriter(self.context, store, self._blueprint.description, listener, above=above)

    def in_background(self, work: Callable[[], Parts], then: Callable[[Parts | BaseException], None]) -> None:
        """Make the providers and tools, which may take long; see `preparation.in_background`."""
        in_background(self.context, work, then)

    # The core.

    def _live(self, setup: SessionConfig, past: Past, incarnation: int, watermark: Watermark) -> None:
        turn = past.memory.turn
        point = ResumePoint(
            oldest=self._memory.oldest,
            position=self._memory.position,
            settled=self._memory.settled,
            kept=self._speech.kept(turn.speech_id) if turn is not None else None,
            last_end=self.context.last_exit or self._blueprint.last_end,
            next_event=watermark.next_event,
        )
        self._memory.raise_watermark(incarnation, 1)
        self._state, effects = begin(setup, past, incarnation, point, self._now())
        self._perform(effects)

    def _feed(self, what: Input) -> None:
        self._state, effects = handle(self._state, what, self._now())
        self._perform(effects)

    def _now(self) -> Moment:
        return Moment(monotonic_s=self.context.clock.monotonic(), wall_s=self.context.clock.wall())

    def _perform(self, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            match effect:
                case Write():
                    self._write(effect)
                case Answer(request=request, message=message):
                    self._requests.pop(request)(self._redaction.to_others(message))
                case Push(to=subscribers, event=event):
                    leaving = self._redaction.to_others(event)
                    for subscriber in subscribers:
                        self.context.send(subscriber, leaving)
                case Tell(name=name, message=message):
                    self._neighbours.tell(name, self._redaction.to_others(message))
                case After(delay_s=delay_s, input=what):
                    self.context.after(delay_s, partial(self._feed, what))
                case UseAgent():
                    self._use_agent(effect)
                case Leave():
                    self._leave()
                case _:
                    self._engine.perform(effect)

    def _write(self, write: Write) -> None:
        if self._writer is None:
            self._written(write, durable=False)
        else:
            self._writer.write(write.entries, lambda durable: self._written(write, durable=durable))

    def _written(self, write: Write, *, durable: bool) -> None:
        told = max((entry.number for entry in write.entries if isinstance(entry, Happened)), default=0)
        if told:
            self._memory.raise_watermark(self._state.memory.incarnation, told + 1)
        self._perform(write.then if durable else tuple(map(undurable, write.then)))

    def _use_agent(self, wanted: UseAgent) -> None:
        """Hand the call to an agent, once its tools and its model are made."""
        parts = self._made

        def made(outcome: Parts | BaseException) -> None:
            if self._state.loading != wanted.token:
                return
            if isinstance(outcome, BaseException):
                self._feed(AgentFailed(token=wanted.token, text=named(outcome)))
                return
            self._parts = outcome
            self._engine.use(outcome.providers.llm, outcome.tools, name_services(outcome.blueprint))
            self._feed(agent_ready(wanted.token, outcome.blueprint, outcome.providers, outcome.tools))
            self._neighbours.tell(TOOL_REGISTRY, RegisterTools(tools=make_entries(outcome.blueprint)))

        self.in_background(lambda: prepare_successor(parts, wanted.agent), made)

    @property
    def _made(self) -> Parts:
        """The parts, which a session that is live has."""
        if self._parts is None:
            raise InternalError("the session is live without its parts: please report this")
        return self._parts

    def _leave(self) -> None:
        """The call is over: nobody needs the journal any more, but for its retention."""
        self._memory.end()
        if self._writer is not None:
            writer, self._writer = self._writer, None
            writer.close(delete=not self._blueprint.description.retention_s, ending=self._ending())
        self.context.exit(NORMAL)

    def _ending(self) -> Ending:
        return Ending(self._redaction.to_journal(self._state.memory.ending), self.context.clock.wall())

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
        if self._parts is None:
            self._giving_way = reason  # it is no failure of the start
        else:
            self.context.exit(reason)

    # Requests.

    def _request(self, reply: Callable[[Message], None]) -> int:
        number = next(self._numbers)
        self._requests[number] = reply
        return number

    def _take_audio(self, chunk: StreamAudio, reply: Callable[[Message], None]) -> None:
        listened_to = self._engine.listened_to
        reply(self._intake.answer(chunk, listened_to))
        if listened_to is not None:
            self._engine.heard()

    def _subscribe(self, message: Subscribe, sender: Ref | None, reply: Callable[[Message], None]) -> None:
        if sender is not None:
            asked = SubscriptionAsked(
                request=self._request(reply),
                subscriber=sender,
                from_number=message.from_number,
                audio=message.audio,
                next_sequence=self._memory.next_sequence,
            )
            self._feed(asked)

    def _push_audio(self, speech_id: str, position: int, pcm: bytes) -> None:
        self._engine.left(speech_id, self._audio_out.push(speech_id, position, pcm))

    # Others.

    @property
    def _job_context(self) -> str:
        return f"job_context/{self._blueprint.call_id}"

    def _introduce(self, change: NameChanged) -> None:
        """Tell somebody who is there anew what he has to know."""
        if change.ref is None:
            return
        if change.name == TOOL_REGISTRY and (tools := make_entries(self._made.blueprint)):
            self.context.ask(change.ref, RegisterTools(tools=tools), timeout_s=REGISTER_TIMEOUT_S, then=lambda _answer: None)
        elif change.name == self._job_context:
            self.context.send(change.ref, SessionStarted(incarnation=self._state.memory.incarnation))

    def _release(self, *, born: bool = True) -> None:
        self._redaction.close()
        if self._loop is not None:
            self._loop.stop()
        if self._writer is None:
            return
        if born:
            self._writer.close(delete=False)
        else:
            self._writer.abandon()
