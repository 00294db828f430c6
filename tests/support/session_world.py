"""A small world around the pure core of a session: journal, model, voice, ears, tools and a subscriber, each moved by the test.

Nothing happens by itself: effects wait until the test lets them. `World.kill` takes the incarnation away, with all that is not outside its
process.
"""

import json
from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, assert_never

from actors.agent_session.core import (
    After,
    AgentChange,
    Answer,
    Effect,
    EndVoice,
    Entry,
    Happened,
    Heed,
    IncarnationEnded,
    Input,
    KeptSpeech,
    Leave,
    Listen,
    Memory,
    Moment,
    OpenOutput,
    Origin,
    PauseSpeech,
    Push,
    Recognize,
    ResumePoint,
    ResumeSpeech,
    RunHook,
    RunTool,
    SessionConfig,
    Settle,
    SpeakSentence,
    State,
    StopSpeech,
    StopThinking,
    Stretch,
    Summarise,
    Tell,
    Think,
    UseAgent,
    Write,
    begin,
    handle,
    restore,
)
from actors.agent_session.core import inputs as i
from actors.agent_session.core.entries import CallerBegan
from actors.agent_session.core.replay import remember
from actors.agent_session.core.tool_inputs import ReportsGathered
from actors.agent_session.records import decode_entry, encode_entry
from actors.turn_taking import EndedBy
from protocols import (
    AgentConfigUpdate,
    AgentHandoff,
    ChatContext,
    ChatMessage,
    CommandAccepted,
    ErrorReply,
    EventPushed,
    FunctionCall,
    FunctionCallOutput,
    FunctionChoice,
    Message,
    Ref,
    SendText,
    SessionCommand,
    ToolChoice,
)

SAMPLES_PER_CHAR = 100
VOICE_HZ = 1_000
MARK_EVERY = 150
SUBSCRIBER = Ref(id="gateway", uid="g1", address="")
CHECKED = SessionConfig(call_id="c", instructions="Be brief.", tools=("look", "order"), idempotent=frozenset({"look"}))
SPOKEN = replace(CHECKED, audio_in=True, voice=True, voice_rate_hz=VOICE_HZ)


def answer(asked: Think, *, may_call: bool, resumed: bool = False) -> tuple[tuple[str, ...], tuple[FunctionCall, ...]]:
    """What the model says: text that follows from the context alone, and the tools that the caller names (``use look order``).

    Where it has to call a tool, it does; of those that are offered the first by name. It calls others only if the caller names them. In a
    turn that was suspended (``resumed``) it answers the newest result, whatever was said since.
    """
    context, must = asked.context, asked.options.tool_choice
    ignored = (AgentHandoff, AgentConfigUpdate, *((ChatMessage,) if resumed else ()))
    last = next(item for item in reversed(context.items) if not isinstance(item, ignored))
    said = context.messages[-1].text
    if must is ToolChoice.REQUIRED or isinstance(must, FunctionChoice):
        name = must.name if isinstance(must, FunctionChoice) else min(asked.tools)
        return ("I look.",), (FunctionCall(call_id="", name=name, arguments="{}"),)
    if isinstance(last, FunctionCallOutput):
        return (f"It came back: {last.output}.",), ()
    if said.startswith("use ") and may_call and must is ToolChoice.AUTO:
        names = said.removeprefix("use ").split()
        return ("One moment.",), tuple(FunctionCall(call_id="", name=name, arguments="{}") for name in names)
    if said.startswith("silence"):
        return (), ()
    return (f"You said {said}.", "Anything else?"), ()


def agent_of(tool: str) -> str:
    """The agent that the tool ``to_<its name>`` hands the call to, as it travels; the greeter greets."""
    name = tool.removeprefix("to_")
    return json.dumps({"name": name, "greeting": "Greeter here." if name == "greeter" else ""})


def handed_to(setup: SessionConfig, agent: str) -> SessionConfig:
    """What a session is told whose call was handed to this agent, which has another tool than the others and not all of theirs."""
    if not agent:
        return setup
    name = json.loads(agent)["name"]
    tools = (*(tool for tool in setup.tools if tool != "order"), f"ask_{name}")
    return replace(setup, agent=name, instructions=f"You are {name}.", tools=tools)


@dataclass
class Line:
    """A part of a sentence: the character ``char`` is said at the sample ``start`` of the reply."""

    say: SpeakSentence
    char: int
    start: int
    end: int
    last: bool
    """Whether the sentence ends with it."""

    def char_at(self, position: int) -> int:
        return self.char + max(0, min(position, self.end) - self.start) // SAMPLES_PER_CHAR

    def heard_at(self, position: int) -> int:
        """The end of the last whole word that was heard."""
        text, char = self.say.text, max(self.say.heard_char, self.char_at(position))
        return char if char >= len(text) else len((text[:char] if text[char] == " " else text[:char].rpartition(" ")[0]).rstrip())


@dataclass
class SpeechOutput:
    """Plays what it is told to, sample by sample; what is made of it survives its process, and how far it was heard."""

    queue: deque[Line] = field(default_factory=deque)
    at: int = 0
    end: int = 0
    done: int = 0
    speech_id: str = ""
    heard: list[Line] = field(default_factory=list)
    announced: int = -1
    first: int = 0
    stopped: tuple[str, ...] = ()
    told: str = ""
    held: bool = False


@dataclass
class Spoken:
    """What the caller has said, in samples; it stays in the ring."""

    start: int
    lasts: bool
    end: int | None = None
    ended_by: EndedBy = EndedBy.SILENCE


@dataclass
class World:
    """One call and its surroundings. ``entries`` are what the journal holds; ``ran`` counts how often each tool call had its effect.
    ``events`` are those that are kept, ``passing`` the others.

    The reply's audio is kept ``kept_ahead`` samples beyond the ear. After ``fuse`` further effects and commits the incarnation is ``dead``:
    nothing happens any more until `kill`.
    """

    setup: SessionConfig
    fuse: int | None = None
    kept_ahead: int = 1_150
    state: State = field(init=False)
    memory: Memory = field(init=False)
    transactions: list[tuple[Entry, ...]] = field(default_factory=list)
    writes: deque[Write] = field(default_factory=deque)
    now: float = 0.0
    clock_set_by: float = 0.0
    lives: int = 0
    dead: bool = False
    left: bool = False
    journal_works: bool = True
    numbered: int = 0
    report: str = ""
    lost: int | None = 0
    model: tuple[int, deque[Any]] | None = None
    summing_up: Summarise | None = None
    thought_about: ChatContext = field(default_factory=ChatContext)
    thoughts: list[Think] = field(default_factory=list)
    recognizing: Recognize | None = None
    listening_from: int = -1
    oldest: int = 0
    settled: int = 0
    rest: bool = False
    unknown: bool = False
    tools: deque[RunTool] = field(default_factory=deque)
    hook: RunHook | None = None
    loading: UseAgent | None = None
    timers: list[tuple[float, Input]] = field(default_factory=list)
    heeded: list[int] = field(default_factory=list)
    voice_ends: deque[EndVoice] = field(default_factory=deque)
    output: SpeechOutput = field(default_factory=SpeechOutput)
    output_open: bool = False
    kept: KeptSpeech | None = None
    kept_of: str = ""
    position: int = 0
    spoken: list["Spoken"] = field(default_factory=list)
    heard_again: deque["Spoken"] = field(default_factory=deque)
    last_event: int = 0
    events: list[EventPushed] = field(default_factory=list)
    passing: list[EventPushed] = field(default_factory=list)
    answers: dict[int, Message] = field(default_factory=dict)
    told: list[tuple[str, Message]] = field(default_factory=list)
    ran: Counter[str] = field(default_factory=Counter)
    played: dict[str, list[tuple[int, int]]] = field(default_factory=dict)
    lengths: dict[str, dict[int, int]] = field(default_factory=dict)
    updates: Counter[str] = field(default_factory=Counter)
    requests: int = 0

    def __post_init__(self) -> None:
        self.live()

    @property
    def entries(self) -> list[Entry]:
        return [entry for transaction in self.transactions for entry in transaction]

    @property
    def moment(self) -> Moment:
        return Moment(monotonic_s=self.now, wall_s=1e9 + self.now + self.clock_set_by)

    @property
    def tool(self) -> RunTool | None:
        """The tool that runs, the first of them."""
        return self.tools[0] if self.tools else None

    # Lives.

    def live(self) -> None:
        """Begin an incarnation from what the journal holds."""
        past = restore(self.entries)
        turn = past.memory.turn
        kept = self.kept if turn is not None and self.kept_of == turn.speech_id else None
        self.lives += 1
        point = ResumePoint(oldest=self.oldest, position=self.position, settled=self.settled, kept=kept, next_event=self.numbered + 1)
        past = replace(past, report=self.report, lost=self.lost)
        self.report, self.lost = "", 0
        setup = handed_to(self.setup, past.memory.agent) if past.memory.agent else self.setup
        self.state, effects = begin(setup, past, self.lives, point, self.moment)
        self.memory = past.memory
        self._remember(effects)
        self.perform(effects)
        self.heard_again = deque(
            again
            for again in self.spoken
            if self.lives > 1 and (again.end > self.listening_from if again.end is not None else not self.rest)
        )

    def kill(self) -> None:
        """End the incarnation, and begin the next."""
        self.writes.clear()
        self.model = self.summing_up = self.recognizing = self.hook = self.loading = None
        self.tools.clear()
        self.timers.clear()
        self.voice_ends.clear()
        self.updates.clear()
        self.output = SpeechOutput()
        self.output_open = self.dead = False
        self.live()

    def set_clock(self, by_s: float) -> None:
        """Somebody sets the wall clock."""
        self.clock_set_by += by_s

    def lose_memory(self) -> None:
        """The partition dies, and with it what outlives the incarnation alone; what the caller says meanwhile comes later."""
        self.position += 1
        self.oldest, self.settled, self.numbered, self.kept = self.position, 0, 0, None
        self.kill()

    def stop_cleanly(self) -> None:
        """End the incarnation as a supervisor does, and begin the next."""
        self.commit_all()
        if not self.left:
            self.transactions.append((IncarnationEnded(reason="shutdown", clean=True),))
            self.kill()

    # Inputs.

    def feed(self, what: Input) -> None:
        if self.dead:
            return
        self.state, effects = handle(self.state, what, self.moment)
        self._remember(effects)
        self.perform(effects)

    def command(self, command: SessionCommand, *, owner: str = SUBSCRIBER.id) -> int:
        self.requests += 1
        self.feed(i.CommandArrived(request=self.requests, command=command, position=self.position, owner=owner))
        return self.requests

    def tell_fact(self, key: str, value: str | None) -> int:
        self.requests += 1
        self.feed(i.FactTold(request=self.requests, key=key, value=value))
        return self.requests

    def send(self, text: str, command_id: str = "") -> int:
        return self.command(SendText(command_id=command_id or f"text-{self.requests}", text=text))

    def subscribe(self, *, audio: bool = True) -> None:
        self.requests += 1
        number = self.last_event + 1
        self.feed(i.SubscriptionAsked(request=self.requests, subscriber=SUBSCRIBER, from_number=number, audio=audio, next_sequence=0))

    def speak(self, length: int = 1_000, *, lasts: bool = True) -> None:
        """The caller says something, and stops."""
        self.begin_to_speak(lasts=lasts)
        self.stop_speaking(length)

    def begin_to_speak(self, *, lasts: bool = True) -> None:
        self.position += 10
        self.spoken.append(Spoken(start=self.position, lasts=lasts))
        self.position += 10
        self._hear_begin(self.spoken[-1])

    def stop_speaking(self, length: int = 1_000, by: EndedBy = EndedBy.SILENCE) -> None:
        self.position += length
        self.rest = False
        self.spoken[-1].end, self.spoken[-1].ended_by = self.position, by
        self.feed(i.VoiceEnded(end=self.position, ended_s=self.now, by=by))

    def hear_again(self) -> bool:
        """A new incarnation listens to what the incarnation before it did not settle, or to the rest of what is lost."""
        if self.rest and (not self.spoken or self.spoken[-1].end is not None):
            self.rest = False
            self.feed(i.VoiceEnded(end=self.position, ended_s=self.now))
            return True
        if not self.heard_again:
            return False
        spoken = self.heard_again.popleft()
        self._hear_begin(spoken)
        if spoken.end is not None:
            self.feed(i.VoiceEnded(end=spoken.end, ended_s=self.now, by=spoken.ended_by))
        return True

    def _hear_begin(self, spoken: Spoken) -> None:
        lost = spoken.start < self.oldest and self.unknown
        self.feed(i.VoiceBegan(start=self.oldest - 1 if lost else max(spoken.start, self.listening_from)))
        if spoken.lasts:
            self.feed(i.VoiceLasted())

    # What the engine and the journal do, one thing at a time; each tells whether there was anything to do.

    def commit(self) -> bool:
        if not self.writes or self._burns():
            return False
        write = self.writes.popleft()
        if self.journal_works and write.entries:
            assert tuple(decode_entry(encode_entry(entry)) for entry in write.entries) == write.entries
            self.transactions.append(write.entries)
        self.numbered = max([self.numbered, *(entry.number for entry in write.entries if isinstance(entry, Happened))])
        self.perform(write.then)
        return True

    def commit_all(self) -> None:
        while self.commit():
            pass

    def think(self) -> bool:
        if self.model is None:
            return False
        token, rest = self.model
        what = rest.popleft()
        if isinstance(what, str):
            self.feed(i.SentenceReady(token=token, text=what))
        else:
            self.model = None
            self.feed(i.RoundFinished(token=token, calls=what))
        return True

    def sum_up(self, text: str = "They spoke.") -> bool:
        """The model sums up what it was told to."""
        if self.summing_up is None:
            return False
        asked, self.summing_up = self.summing_up, None
        self.feed(i.Summarised(token=asked.token, text=text))
        return True

    def recognize(self, text: str) -> bool:
        if self.recognizing is None:
            return False
        job, self.recognizing = self.recognizing, None
        if job.start < self.oldest:
            self.feed(i.AudioLost(token=job.token))
            return True
        for spoken in self.spoken:
            torn = spoken.start < job.start < (job.end if spoken.end is None else spoken.end)
            assert not torn, f"half of what was spoken at {spoken.start} is recognised: {job}"
        self.feed(i.Recognized(token=job.token, text=text))
        return True

    def preflight(self, text: str) -> bool:
        """In the pause that the caller makes now his words so far are recognised."""
        if not self.spoken or self.state.utterance is None or self.state.utterance.end is not None or not self.heeded:
            return False
        self.feed(i.PreflightTranscript(start=self.state.utterance.start, end=self.position, text=text))
        return True

    def commit_voice(self) -> bool:
        if not self.voice_ends:
            return False
        self.feed(i.AudioCommitted(command_id=self.voice_ends.popleft().command_id))
        return True

    def load_agent(self) -> bool:
        """Load the agent that the call is handed to; there is none that is called "broken"."""
        if self.loading is None:
            return False
        wanted, self.loading = self.loading, None
        agent = json.loads(wanted.agent or '{"name": "agent", "greeting": ""}')
        if agent["name"] == "broken":
            self.feed(i.AgentFailed(token=wanted.token, text="there is no such agent"))
            return True
        setup, greeting = handed_to(self.setup, wanted.agent), agent["greeting"]
        self.feed(
            i.AgentReady(
                token=wanted.token,
                agent=setup.agent,
                instructions=setup.instructions,
                greeting=greeting,
                tools=setup.tools,
                idempotent=setup.idempotent,
                models=setup.models,
                tokens=setup.tokens,
            )
        )
        return True

    def finish_tool(
        self,
        result: str = "done",
        *,
        end_call: str = "",
        reply: bool = True,
        output: bool = True,
        last: bool = False,
        asks: Sequence[SessionCommand] = (),
    ) -> bool:
        """The tool that began first ends, or the ``last``, and ``asks`` as it returns: by the newest requests, in order."""
        if not self.tools:
            return False
        self.requests += len(asks)
        first = self.requests - len(asks) + 1
        arrived = (i.CommandArrived(request=at, command=one, position=self.position, owner="program") for at, one in enumerate(asks, first))
        call = (self.tools.pop() if last else self.tools.popleft()).call
        data = f'{{"last": "{call.call_id}"}}'
        self.feed(
            i.ToolFinished(
                call_id=call.call_id,
                result=result,
                ok=True,
                user_data_json=data,
                end_call=end_call,
                duration_ms=1.0,
                hand_off=agent_of(call.name) if call.name.startswith("to_") else "",
                reply=reply,
                output=output,
                commands=tuple(arrived),
            )
        )
        return True

    def progress(self, message: str = "half", *, silent: bool = False, last: bool = False) -> int:
        """The tool that began first, or the ``last``, tells how far it is."""
        call_id = (self.tools[-1] if last else self.tools[0]).call.call_id
        self.requests += 1
        number, self.updates[call_id] = self.updates[call_id], self.updates[call_id] + 1
        self.feed(
            i.ToolProgressed(
                request=self.requests,
                call_id=call_id,
                update=number,
                message=message,
                result=f"[{message}]",
                user_data_json=f'{{"told": "{message}"}}',
                silent=silent,
            )
        )
        return self.requests

    def ask_floor(self) -> int:
        """A tool wants the floor."""
        self.requests += 1
        self.feed(i.FloorAsked(request=self.requests))
        return self.requests

    def release_floor(self, asked: int) -> int:
        """It wants it no more."""
        self.requests += 1
        self.feed(i.FloorReleased(request=self.requests, asked=asked))
        return self.requests

    def run_hook(
        self, message: ChatMessage | None = None, context: ChatContext | None = None, *, stop: bool = False, error: str = ""
    ) -> bool:
        """The program's hook of the caller's turn ends so."""
        if self.hook is None:
            return False
        token, self.hook = self.hook.token, None
        self.feed(i.HookEnded(token=token, message=message, context=context, stop=stop, error=error))
        return True

    def want_agent(self, name: str, change: AgentChange) -> int:
        """The program wants this agent."""
        self.requests += 1
        agent = "" if change is AgentChange.LEAVE else agent_of(f"to_{name}")
        self.feed(i.AgentWanted(request=self.requests, agent=agent, change=change))
        return self.requests

    def play(self, samples: int = 100_000) -> bool:
        """Let the caller hear ``samples`` of the reply, at most to the end of the sentence."""
        if not self.output_open or not self.output.queue or self.output.held:
            return False
        line, output = self.output.queue[0], self.output
        output.at = max(output.at, line.start)
        if output.announced != line.say.index:
            output.announced = line.say.index
            self.feed(i.SentencePlaying(speech_id=line.say.speech_id, index=line.say.index, position=line.start))
        if not self.output.queue or self.output.queue[0] is not line:
            return True
        before, output.at = output.at, min(line.end, output.at + samples)
        self._keep()
        end = len(line.say.text) if line.last else line.say.from_char
        offset = self.text_offset(line.say.speech_id, line.say.index) + end * SAMPLES_PER_CHAR - line.end
        self.played.setdefault(line.say.speech_id, []).append((before + offset, output.at + offset))
        say, at = line.say, output.at
        self.feed(i.SpeechHeard(speech_id=say.speech_id, position=at, index=say.index, char=line.heard_at(at)))
        if not self.output.queue or self.output.queue[0] is not line:
            return True
        if output.at == line.end:
            output.heard.append(output.queue.popleft())
            if line.last:
                output.done = line.say.index + 1
                self.feed(i.SentencePlayed(speech_id=line.say.speech_id, index=line.say.index))
        return True

    def text_offset(self, speech_id: str, index: int) -> int:
        """Where a sentence would begin if each were said once, without a death."""
        return sum(length for number, length in self.lengths[speech_id].items() if number < index)

    def _keep(self) -> None:
        """Note what is made of the reply and how far it was heard, outside the process."""
        output = self.output
        heard = max(output.first, output.at // MARK_EVERY * MARK_EVERY)
        lines = [line for line in (*output.heard, *output.queue) if line.end > heard]
        stretches: list[Stretch] = []
        place = (output.done, 0)
        if lines:
            place = (lines[0].say.index, lines[0].heard_at(heard))
        after = (output.queue[-1].say.index + 1, 0) if output.queue else (output.done, 0)
        for line in lines:
            until = max(heard, min(line.end, output.at + self.kept_ahead))
            start = max(heard, line.start)
            if until > start:
                joined = bool(stretches) and stretches[-1].index == line.say.index
                first = stretches.pop().start if joined else start
                stretches.append(Stretch(index=line.say.index, start=first, end=until))
            if until < line.end:
                after = (line.say.index, line.char_at(until))
                break
        self.kept_of = output.speech_id
        self.kept = KeptSpeech(
            heard=heard, heard_index=place[0], heard_char=place[1], stretches=tuple(stretches), next_index=after[0], next_char=after[1]
        )

    def wait(self) -> bool:
        """Let the time pass until the next timer fires that is not a speech's deadline: a call has to go on without it."""
        return self._fire([timer for timer in self.timers if not isinstance(timer[1], i.SpeechOverdue)])

    def gather(self) -> bool:
        """Let the time pass in which a tool may end that has told how far it is."""
        return self._fire([timer for timer in self.timers if isinstance(timer[1], ReportsGathered)])

    def overdue(self) -> bool:
        """Let the time pass until the next deadline of a speech comes."""
        return self._fire([timer for timer in self.timers if isinstance(timer[1], i.SpeechOverdue)])

    def _fire(self, timers: list[tuple[float, Input]]) -> bool:
        if not timers:
            return False
        at, what = min(timers, key=lambda timer: timer[0])
        self.timers.remove((at, what))
        self.now = max(self.now, at)
        self.feed(what)
        return True

    def settle(self, heard: str = "hello") -> None:
        """Everything happens that can, until nothing is left to happen."""
        for _ in range(10_000):
            if (
                self.left
                or self.dead
                or not (
                    self.commit()
                    or self.hear_again()
                    or self.think()
                    or self.sum_up()
                    or self.recognize(heard)
                    or self.commit_voice()
                    or self.run_hook()
                    or self.finish_tool()
                    or self.load_agent()
                    or self.play()
                    or self.wait()
                )
            ):
                return
        raise AssertionError("the conversation does not come to rest")

    # Effects.

    def _remember(self, effects: tuple[Effect, ...]) -> None:
        """What lives knows exactly what it writes."""
        for effect in effects:
            if isinstance(effect, Write):
                for entry in effect.entries:
                    self.memory = remember(self.memory, entry)
        assert self.memory == self.state.memory

    def perform(self, effects: tuple[Effect, ...]) -> None:
        for effect in effects:
            if self.left or self._burns():
                return
            self._perform(effect)

    def _burns(self) -> bool:
        if self.fuse is not None and not self.dead:
            self.fuse -= 1
            self.dead = self.fuse < 0
        return self.dead

    def _perform(self, effect: Effect) -> None:  # noqa: C901, PLR0912, PLR0915
        match effect:
            case Write():
                self.writes.append(effect)
            case Answer():
                assert effect.request not in self.answers
                self.answers[effect.request] = effect.message
            case Push():
                if not effect.to:
                    assert self.setup.program
                    return
                assert effect.to == (SUBSCRIBER,)
                (self.events if effect.event.event.kept else self.passing).append(effect.event)
                self.last_event = effect.event.number
            case Tell():
                self.told.append((effect.name, effect.message))
            case After():
                self.timers.append((self.now + effect.delay_s, effect.input))
            case Listen():
                self.listening_from, self.rest = effect.start, effect.origin is Origin.REST
                self.unknown = effect.origin is Origin.UNKNOWN
            case Settle():
                self.settled = effect.until
            case Heed():
                assert not self.journal_works or any(isinstance(entry, CallerBegan) for entry in self.entries)
                self.heeded.append(effect.start)
            case EndVoice():
                self.voice_ends.append(effect)
            case Recognize():
                self.recognizing = effect
            case Summarise():
                self.summing_up = effect
            case Think():
                self.thought_about = effect.context
                self.thoughts.append(effect)
                turn = self.state.memory.turn if effect.token == self.state.thinking else None  # else it is for a turn that is over by now
                may_call = bool(effect.tools) or not self.state.setup.tools
                sentences, calls = answer(effect, may_call=may_call, resumed=turn is not None and turn.heard is not None)
                self.model = (effect.token, deque([*sentences, calls]))
            case StopThinking():
                self.model = None
            case SpeakSentence():
                if effect.speech_id not in self.output.stopped:
                    self.output.held &= effect.speech_id == self.output.told
                    self.output.told = effect.speech_id
                    self._say(effect)
            case PauseSpeech():
                self.output.held = effect.speech_id == self.output.told
            case ResumeSpeech():
                assert self.output.held
                assert effect.speech_id == self.output.told
                self.output.held = False
            case StopSpeech():
                self._stop_speech(effect.speech_id)
            case OpenOutput():
                self.output_open = True
            case RunTool():
                self.ran[effect.call.call_id] += 1
                self.tools.append(effect)
            case RunHook():
                self.hook = effect
            case UseAgent():
                self.loading = effect
            case Leave():
                self.left = True
            case _:
                assert_never(effect)

    def _say(self, say: SpeakSentence) -> None:
        output = self.output
        self.lengths.setdefault(say.speech_id, {})[say.index] = len(say.text) * SAMPLES_PER_CHAR
        if say.speech_id != output.speech_id:
            output.speech_id, output.announced, output.done = say.speech_id, -1, say.index
            output.first = output.at = output.end = say.kept[0] if say.kept is not None else max(0, say.start)
            output.heard.clear()
            if say.kept is None:
                self.kept = None
        if say.kept is not None:
            assert say.kept[0] == output.end
            length = say.kept[1] - say.kept[0]
            char = say.from_char - length // SAMPLES_PER_CHAR  # this voice always says a character in as many samples
            output.queue.append(Line(say, char, output.end, output.end + length, last=say.from_char >= len(say.text)))
            output.end += length
        if say.kept is None or say.from_char < len(say.text):
            length = (len(say.text) - say.from_char) * SAMPLES_PER_CHAR
            output.queue.append(Line(say, say.from_char, output.end, output.end + length, last=True))
            output.end += length

    def _stop_speech(self, speech_id: str) -> None:
        output, self.output = self.output, SpeechOutput(stopped=(*self.output.stopped, speech_id))
        index, char = output.done if output.speech_id == speech_id else 0, 0
        if output.queue:
            line = output.queue[0]
            index, char = line.say.index, line.heard_at(output.at)
        self.timers.append((self.now, i.SpeechStopped(speech_id=speech_id, index=index, char=char, position=output.at)))

    # Questions.

    def accepted(self, request: int) -> bool:
        return isinstance(self.answers.get(request), CommandAccepted)

    def refusal(self, request: int) -> ErrorReply:
        reply = self.answers[request]
        assert isinstance(reply, ErrorReply)
        return reply
