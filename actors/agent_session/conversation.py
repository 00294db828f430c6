"""A session's conversation, from when it is live: the shell around the core.

It gives the core one input after the other and performs what comes of it, in order: entries go to the journal's thread and hold back what
may only be seen after them (`Write`), the engine's work goes to its loop, everything else to other actors. What those threads tell comes
back as turns of the mailbox (`Context.post`), so nothing here is ever done by two at a time. Whatever leaves the process passes the
redaction first.
"""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import partial
from itertools import count
from typing import Final

from actors.agent_session.assembly import agent_ready, make_entries, make_setup, name_services
from actors.agent_session.audio_publisher import AudioPublisher
from actors.agent_session.core import (
    After,
    Answer,
    Effect,
    Happened,
    IncarnationEnded,
    Input,
    Leave,
    Memory,
    Moment,
    Past,
    Push,
    ResumePoint,
    RunHook,
    State,
    Tell,
    UseAgent,
    Write,
    begin,
    handle,
    undurable,
)
from actors.agent_session.core.inputs import (
    AgentFailed,
    CommandArrived,
    InfoAsked,
    JournalFailed,
    SubscriptionAsked,
    SubscriptionEnded,
    ToolFinished,
    ToolsChanged,
)
from actors.agent_session.engine import PERMIT_S, CircuitBreakers, Engine, EngineLoop, named
from actors.agent_session.given_audio import give
from actors.agent_session.intake import Intake
from actors.agent_session.journal_writer import Ending, JournalWriter, Opening
from actors.agent_session.neighbours import CIRCUIT_BREAKERS, TOOL_REGISTRY, Neighbours
from actors.agent_session.parts import Parts
from actors.agent_session.preparation import prepare_successor
from actors.agent_session.program import Program, ProgramWork
from actors.agent_session.redaction import SessionRedaction
from actors.agent_session.reports import Reports
from actors.agent_session.shared_audio_buffer import SHARED_AUDIO_BUFFER_BYTES, SharedAudioBuffer, Watermark
from actors.agent_session.shared_speech_buffer import SHARED_SPEECH_BUFFER_BYTES, SharedSpeechBuffer
from protocols import (
    NORMAL,
    ExitReason,
    Figures,
    GetFigures,
    GetSession,
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
from supervision import Context

SHARED_MEMORY_BYTES: Final = SHARED_AUDIO_BUFFER_BYTES + SHARED_SPEECH_BUFFER_BYTES
"""What of a call outlives its process: the caller's audio, then the agent's."""
REGISTER_TIMEOUT_S: Final = 5.0
PROGRAM_END_S: Final = 330.0
"""For what a program does when its call is over, which has limits of its own; then the process ends, whatever it still does."""

InBackground = Callable[[Callable[[], Parts], Callable[[Parts | BaseException], None]], None]
"""Runs the first on a thread of its own, and gives what it returned or raised to the second, as a turn of the mailbox."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Surroundings:
    """What a conversation has around it. ``writer`` is None without a journal, ``last_end`` why the incarnation before this one ended.

    ``program`` is None for an agent that is plain data.
    """

    context: Context
    neighbours: Neighbours
    redaction: SessionRedaction
    loop: EngineLoop
    writer: JournalWriter | None
    watermark: Watermark
    last_end: str
    job_context: str
    in_background: InBackground
    program: Program | None = None


class Conversation:
    """The conversation whose past is ``past``, held with ``parts``. `begin` it once, and then serve it."""

    def __init__(self, surroundings: Surroundings, parts: Parts, past: Past) -> None:
        around, blueprint, providers = surroundings, parts.blueprint, parts.providers
        post = around.context.post
        self._around = around
        self._context, self._neighbours, self._redaction = around.context, around.neighbours, around.redaction
        self._writer = around.writer
        self._program = around.program
        self._parts = parts
        self._past = past
        caller = past.memory.caller
        # In fresh memory the audio of the incarnations before is missing: it begins behind what the journal speaks of.
        known = max(past.memory.heard_until, caller.start if caller is not None else 0)
        fresh_at = known + 1 if past.memory.incarnation else 0
        memory = around.context.memory or memoryview(bytearray(SHARED_MEMORY_BYTES))
        self._memory = SharedAudioBuffer(memory[:SHARED_AUDIO_BUFFER_BYTES], fresh_at=fresh_at)
        self._speech = SharedSpeechBuffer(memory[SHARED_AUDIO_BUFFER_BYTES:])
        self._intake = Intake(self._memory)
        self._audio_out = AudioPublisher(blueprint.call_id, providers.rate_hz, self._context.send, lambda: self._state.subscribers)
        self._requests: dict[int, Callable[[Message], None]] = {}
        self._numbers = count(1)
        self._with_outcome: dict[str, list[CommandArrived]] = {}  # by the call that is about to have one
        self._engine = Engine(
            around.loop,
            providers,
            parts.tools,
            self._memory,
            self._speech,
            call_id=blueprint.call_id,
            # Whoever has heard the agent before this incarnation has an echo cancellation that has learnt.
            turns=replace(blueprint.turns, aec_warmup_s=0.0) if past.memory.speeches else blueprint.turns,
            services=name_services(blueprint),
            breakers=CircuitBreakers(
                lambda wanted, then: post(lambda: self._neighbours.ask(CIRCUIT_BREAKERS, wanted, timeout_s=PERMIT_S, then=then)),
                lambda outcome: post(partial(self._neighbours.tell, CIRCUIT_BREAKERS, outcome)),
            ),
            clock=self._context.clock,
            report=lambda what: post(partial(self.feed, what)),
            push=lambda *audio: post(partial(self._push_audio, *audio)),
            clear=lambda *audio: post(partial(self._audio_out.clear, *audio)),
        )
        self._state: State

    def begin(self, opening: Opening) -> None:
        """Go on where the incarnation before was, as the ``opening`` of the journal told it."""
        around, blueprint, past = self._around, self._parts.blueprint, self._past
        if past.memory.closed:  # no life begins in the journal any more, but who follows the call goes on where he was
            past = replace(past, memory=replace(past.memory, incarnation=opening.incarnation))
        turn = past.memory.turn
        point = ResumePoint(
            oldest=self._memory.oldest,
            position=self._memory.position,
            settled=self._memory.settled,
            kept=self._speech.kept(turn.speech_id) if turn is not None else None,
            last_end=around.last_end,
            next_event=around.watermark.next_event,
        )
        journal_path = str(blueprint.journal) if self._writer is not None else ""
        setup = make_setup(blueprint, self._parts.providers, self._parts.tools, journal_path=journal_path)
        of_program = self._program is not None
        setup = replace(setup, program=of_program, parallel_tools=of_program, turn_hook=of_program, context=self._parts.context)
        self._memory.raise_watermark(opening.incarnation, 1)
        self._state, effects = begin(setup, past, opening.incarnation, point, self._now())
        self._perform(effects)
        if opening.failure:
            self.feed(JournalFailed(text=opening.failure))
        self._neighbours.watch()
        self._reports = Reports(self._context, self._neighbours, self._intake, self._audio_out, lambda: self._state)

    def serve(self, message: Message, sender: Ref | None, reply: Callable[[Message], None]) -> bool:
        """Serve a message of a session; tells whether it is one."""
        match message:
            case StreamAudio():
                self._take_audio(message, reply)
            case StreamSpeech():
                give(message, self._state, self._engine, lambda answer: self._context.post(partial(reply, answer)))
            case _ if isinstance(message, SessionCommand):
                owner = sender.id if sender is not None else ""
                self.feed(CommandArrived(request=self._request(reply), command=message, position=self._memory.position, owner=owner))
            case Subscribe():
                self._subscribe(message, sender, reply)
            case Unsubscribe():
                if sender is not None:
                    self.feed(SubscriptionEnded(subscriber=sender))
            case GetSession():
                self.feed(InfoAsked(request=self._request(reply)))
            case GetFigures():
                reply(Figures(role="agent_session", figures=self._reports.figures()))
            case NameChanged():
                self._neighbours.changed(message)
                self._introduce(message)
            case _:
                return False
        return True

    def feed(self, what: Input) -> None:
        """Let the core know, and perform what comes of it."""
        if isinstance(what, ToolFinished):
            what = replace(what, commands=tuple(self._with_outcome.pop(what.call_id, ())))
        self._state, effects = handle(self._state, what, self._now())
        self._perform(effects)

    def end(self, reason: ExitReason) -> None:
        """Leave word of the end of this incarnation, for the one that follows.

        It finds a call that is closed as such, and tells those who have not heard of it. If none follows, the journal is swept.
        """
        if self._writer is not None:
            self._writer.write((IncarnationEnded(reason=str(reason), clean=reason.clean),), lambda _durable: None)
            if self._state.memory.closed:
                self._writer.close(delete=False, ending=self._ending())
        self._reports.tell_audio()

    # The program.

    @property
    def memory(self) -> Memory:
        """What the call remembers now; may be read from any thread."""
        return self._state.memory

    @property
    def media(self) -> asyncio.AbstractEventLoop:
        """The event loop of the engine."""
        return self._around.loop.loop

    @property
    def unanswered(self) -> int:
        """The number of a request whose answer nobody waits for."""
        return self._request(lambda _answer: None)

    def send(self, command: SessionCommand, owner: str, then: Callable[[Message], None], returning: str = "") -> None:
        """Have a command accepted that ``owner`` sends; ``then`` is given the answer. See `ProgramCall.send`."""
        arrived = CommandArrived(request=self._request(then), command=command, position=self._memory.position, owner=owner)
        if returning in self._state.running:
            self._with_outcome.setdefault(returning, []).append(arrived)
        else:
            self.feed(arrived)

    def ask(self, make: Callable[[int], Input], then: Callable[[Message], None]) -> None:
        """Let the core know what ``make`` makes of the number of a request; ``then`` is given the answer."""
        self.feed(make(self._request(then)))

    def use(self, token: int, parts: Parts) -> None:
        """Work with ``parts``, if the agent of the `UseAgent` with this token is still wanted."""
        if self._state.loading == token:
            self._take(token, parts)

    def release(self) -> None:
        """Give up the journal as it is."""
        if self._writer is not None:
            self._writer.close(delete=False)

    def lose_writer(self) -> None:
        """The journal's thread has ended."""
        self._writer = None

    # The core.

    def _now(self) -> Moment:
        return Moment(monotonic_s=self._context.clock.monotonic(), wall_s=self._context.clock.wall())

    def _perform(self, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            match effect:
                case Write():
                    self._write(effect)
                case Answer(request=request, message=message):
                    self._requests.pop(request)(self._redaction.to_others(message))
                case Push():
                    self._push(effect)
                case Tell(name=name, message=message):
                    self._neighbours.tell(name, self._redaction.to_others(message))
                case After(delay_s=delay_s, input=what):
                    self._context.after(delay_s, partial(self.feed, what))
                case UseAgent() | RunHook():
                    self._have_done(effect)
                case Leave():
                    self._leave()
                case _:
                    self._engine.perform(effect)

    def _push(self, push: Push) -> None:
        if self._program is not None and not push.again:
            self._program.tell(push.event)
        leaving = self._redaction.to_others(push.event)
        for subscriber in push.to:
            self._context.send(subscriber, leaving)

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

    def _have_done(self, work: ProgramWork) -> None:
        if self._program is not None:
            self._program.perform(work)
        elif isinstance(work, UseAgent):
            self._use_agent(work)

    def _use_agent(self, wanted: UseAgent) -> None:
        """Hand the call to an agent, once its tools and its model are made."""
        parts = self._parts

        def made(outcome: Parts | BaseException) -> None:
            if self._state.loading != wanted.token:  # it took too long
                if isinstance(outcome, Parts) and outcome.providers.llm is not parts.providers.llm:
                    self._engine.discard(outcome.providers.llm)
                return
            if isinstance(outcome, BaseException):
                self.feed(AgentFailed(token=wanted.token, text=named(outcome)))
                return
            self._take(wanted.token, outcome)

        self._around.in_background(lambda: prepare_successor(parts, wanted.agent), made)

    def hear(self, enabled: bool) -> None:  # noqa: FBT001 - a switch
        """See `ProgramCall.hear`."""
        self._intake.muted = not enabled

    def use_tools(self, parts: Parts, changed: ToolsChanged) -> None:
        """Work with the tools of ``parts``, which the agent that has the call has now; a turn that goes on is offered those before."""
        memory = self._state.memory
        self._work_with(parts.with_tools_of(self._parts) if memory.turn is not None or memory.suspended else parts)
        self.feed(changed)

    def _work_with(self, parts: Parts) -> None:
        before, self._parts = self._parts, parts
        self._audio_out.rate_hz = parts.providers.rate_hz or self._audio_out.rate_hz  # speech of before may still be heard
        self._engine.use(parts.providers, parts.tools, name_services(parts.blueprint), parts.blueprint.turns)
        if parts.blueprint.turns.background != before.blueprint.turns.background:
            self._engine.use_background(parts.blueprint.turns.background)

    def _take(self, token: int, parts: Parts) -> None:
        self._work_with(parts)
        ready = agent_ready(token, parts.blueprint, parts.providers, parts.tools)
        self.feed(replace(ready, context=parts.context))
        self._neighbours.tell(TOOL_REGISTRY, RegisterTools(tools=make_entries(parts.blueprint)))

    def _leave(self) -> None:
        """The call is over. The journal tells the next life so until the program has ended too: whatever kills that, it ends once more."""
        if self._program is None:
            self._over()
        else:
            self._context.after(PROGRAM_END_S, self._over)
            self._program.end(self._state.memory.ending, lambda: self._context.post(self._over))

    def _over(self) -> None:
        """Nobody needs the journal any more, but for its retention."""
        self._memory.end()
        if self._writer is not None:
            writer, self._writer = self._writer, None
            writer.close(delete=not self._parts.blueprint.description.retention_s, ending=self._ending())
        self._context.exit(NORMAL)

    def _ending(self) -> Ending:
        return Ending(self._redaction.to_journal(self._state.memory.ending), self._context.clock.wall())

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
            self.feed(asked)

    def _push_audio(self, speech_id: str, position: int, pcm: bytes) -> None:
        self._engine.left(speech_id, self._audio_out.push(speech_id, position, pcm))

    # Others.

    def _introduce(self, change: NameChanged) -> None:
        """Tell somebody who is there anew what he has to know."""
        if change.ref is None:
            return
        if change.name == TOOL_REGISTRY and (tools := make_entries(self._parts.blueprint)):
            self._context.ask(change.ref, RegisterTools(tools=tools), timeout_s=REGISTER_TIMEOUT_S, then=lambda _answer: None)
        elif change.name == self._around.job_context:
            self._context.send(change.ref, SessionStarted(incarnation=self._state.memory.incarnation))
