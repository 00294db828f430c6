"""Whatever happens in whatever order, and however often the process dies: nothing accepted is lost, nothing is done twice.

The machine plays caller, handle, disk, model, tools and supervisor against the core; a kill keeps what was committed and the marks outside
the process, and nothing else.
"""

from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from actors.agent_session.core import SessionConfig, restore
from actors.agent_session.core.entries import CallClosed, CommandTaken, Entry, Happened, ToolEnded
from actors.agent_session.core.inputs import InterimTranscript, VoiceLasted
from actors.agent_session.core.tools import NOT_RUN, OUTCOME_UNKNOWN
from actors.turn_taking import EndedBy
from protocols import (
    SPEECH_DEADLINE_S,
    AgentMessage,
    AgentSentence,
    CancelResponse,
    CommandDone,
    CommitAudio,
    ConversationState,
    EndCall,
    EventPushed,
    ExtendSpeech,
    GenerateReply,
    Restarted,
    Role,
    Say,
    SendText,
    SessionCommand,
    SpeechCreated,
    SpeechDone,
    SpeechOutcome,
    ToolCalled,
    ToolChoice,
    ToolReturned,
    TurnFailed,
    UserMessage,
)
from support.chat import said, texts
from support.session_world import CHECKED, SAMPLES_PER_CHAR, SPOKEN, World

S = ConversationState
TEXTS = st.sampled_from(["hello", "use look", "use order", "use look order look", "silence", "use nothing"])
DEADLINES = st.sampled_from([SPEECH_DEADLINE_S, 5.0])
PIECES = st.sampled_from(["", "One moment.", "It is on its way."]).map(lambda text: text and f"{text} ")
HAND_OFFS = st.sampled_from(["use to_billing", "use to_greeter look", "use to_broken", "use look to_billing"])


class Conversation(RuleBasedStateMachine):
    """One call; the model of it is what the handle knows: which commands were accepted."""

    @initialize(spoken=st.booleans(), greeted=st.booleans(), kept_ahead=st.sampled_from([0, 130, 1_150, 100_000]))
    def start(self, spoken: bool, greeted: bool, kept_ahead: int) -> None:
        setup = SPOKEN if spoken else CHECKED
        setup = replace(setup, tools=(*setup.tools, "to_billing", "to_greeter", "to_broken"))
        self.world = World(replace(setup, greeting="Welcome to the shop." if greeted else ""), kept_ahead=kept_ahead)
        self.sent: dict[str, SessionCommand] = {}
        self.waiting: dict[int, str] = {}
        self.accepted: set[str] = set()
        self.speaking = False
        self.seen: dict[int, EventPushed] = {}
        self.begun: dict[tuple[int, str], int] = {}
        self.world.subscribe()

    def _send(self, command: SessionCommand) -> None:
        self.sent[command.command_id] = command
        self.waiting[self.world.command(command)] = command.command_id

    @rule(text=TEXTS | HAND_OFFS)
    def send_text(self, text: str) -> None:
        self._send(SendText(command_id=f"text-{len(self.sent)}", text=text))

    @rule(protected=st.booleans(), priority=st.sampled_from([0, 5, 10]), deadline_s=DEADLINES, audio=st.booleans())
    def say(self, protected: bool, priority: int, deadline_s: float, audio: bool) -> None:
        command = Say(
            command_id=f"say-{len(self.sent)}",
            text="Please wait. It takes a while.",
            allow_interruptions=not protected,
            priority=priority,
            deadline_s=deadline_s,
            audio=audio,
        )
        self._send(command)

    @rule(
        protected=st.booleans(),
        user_input=st.sampled_from(["", "", "hello", "use look"]),
        tools=st.sampled_from([None, None, (), ("look",), ("order", "look"), ("nothing",)]),
        tool_choice=st.sampled_from([*ToolChoice, ToolChoice.AUTO]),
        required_tool=st.sampled_from(["", "", "look"]),
        deadline_s=DEADLINES,
    )
    def generate_reply(
        self,
        *,
        protected: bool,
        user_input: str,
        tools: tuple[str, ...] | None,
        tool_choice: ToolChoice,
        required_tool: str,
        deadline_s: float,
    ) -> None:
        command = GenerateReply(
            command_id=f"reply-{len(self.sent)}",
            instructions="Ask.",
            user_input=user_input,
            allow_interruptions=not protected,
            tools=tools,
            tool_choice=tool_choice,
            required_tool=required_tool,
            deadline_s=deadline_s,
        )
        self._send(command)

    @rule(data=st.data())
    def send_again(self, data: Any) -> None:
        if self.sent:
            self._send(data.draw(st.sampled_from(list(self.sent.values()))))

    @rule(text=PIECES, deadline_s=DEADLINES)
    def begin_speech(self, text: str, deadline_s: float) -> None:
        self._send(Say(command_id=f"open-{len(self.sent)}", text=text, deadline_s=deadline_s, open=True))

    @rule(text=PIECES, last=st.sampled_from([False, False, True]), data=st.data())
    def extend_speech(self, text: str, last: bool, data: Any) -> None:
        memory = self.world.state.memory
        speeches = [accepted.speech_id for accepted in memory.inbox if accepted.speech_id]
        speeches += [memory.turn.speech_id] if memory.turn is not None else []
        if speeches:
            speech_id = data.draw(st.sampled_from(speeches))
            self._send(ExtendSpeech(command_id=f"piece-{len(self.sent)}", speech_id=speech_id, text=text, last=last))

    @rule()
    def cancel(self) -> None:
        self._send(CancelResponse(command_id=f"cancel-{len(self.sent)}"))

    @precondition(lambda self: self.world.setup.audio_in)
    @rule()
    def commit_audio(self) -> None:
        self._send(CommitAudio(command_id=f"commit-{len(self.sent)}"))

    @precondition(lambda self: len(self.sent) > 8)
    @rule()
    def end_call(self) -> None:
        self._send(EndCall(command_id=f"end-{len(self.sent)}"))

    @precondition(lambda self: self.world.setup.audio_in and not self.speaking)
    @rule(lasts=st.booleans(), echo=st.booleans())
    def begin_to_speak(self, lasts: bool, echo: bool) -> None:
        self.speaking = True
        self.world.begin_to_speak(lasts=lasts and not echo)
        if lasts and echo:
            self.world.feed(VoiceLasted(echo=self.world.state.utterance is not None and self.world.state.utterance.over_speech))

    @precondition(lambda self: self.speaking)
    @rule(text=st.sampled_from(["spoken", "spoken words", "One moment"]))
    def understand(self, text: str) -> None:
        self.world.feed(InterimTranscript(text=text))

    @precondition(lambda self: self.speaking)
    @rule(text=st.sampled_from(["spoken words", "use look", "half of"]))
    def pause(self, text: str) -> None:
        self.world.preflight(text)

    @precondition(lambda self: self.speaking)
    @rule(by=st.sampled_from([EndedBy.SILENCE, EndedBy.SILENCE, EndedBy.STT, EndedBy.LIMIT]))
    def stop_speaking(self, by: EndedBy) -> None:
        self.speaking = False
        self.world.stop_speaking(by=by)

    @rule(times=st.integers(1, 4))
    def commit(self, times: int) -> None:
        for _ in range(times):
            self.world.commit()

    @rule()
    def think(self) -> None:
        self.world.think()

    @rule(text=st.sampled_from(["", "okay", "spoken words", "use look"]))
    def recognize(self, text: str) -> None:
        self.world.commit_voice()
        self.world.recognize(text)

    @rule(end_call=st.sampled_from(["", "", "", "done"]))
    def finish_tool(self, end_call: str) -> None:
        self.world.finish_tool(end_call=end_call)

    @rule()
    def load_agent(self) -> None:
        self.world.load_agent()

    @rule(samples=st.integers(50, 3_000))
    def play(self, samples: int) -> None:
        self.world.play(samples)

    @rule()
    def hear_again(self) -> None:
        self.world.hear_again()

    @rule()
    def wait(self) -> None:
        self.world.wait()

    @rule()
    def let_a_deadline_come(self) -> None:
        self.world.overdue()

    @rule(how=st.sampled_from(["killed", "killed", "stopped", "with its partition"]), for_s=st.sampled_from([0.0, 0.0, 5.0, 1_800.0]))
    def die(self, how: str, for_s: float) -> None:
        if self.world.left:
            return
        self._note()
        self.world.now += for_s
        self.waiting.clear()
        match how:
            case "killed":
                self.world.kill()
            case "stopped":
                self.world.stop_cleanly()
            case _:
                self.world.lose_memory()
        self._note()
        if not self.world.left:
            self.world.subscribe()

    @rule()
    def settle(self) -> None:
        self.world.settle("spoken words")

    @invariant()
    def events_are_numbered_without_a_gap_and_never_change(self) -> None:
        self._note()
        numbers = [entry.number for entry in self.world.entries if isinstance(entry, Happened)]
        assert numbers == list(range(1, len(numbers) + 1))
        assert list(self.seen) == sorted(self.seen)

    @invariant()
    def the_state_fits_the_turn(self) -> None:
        state = self.world.state
        if state.phase in {S.THINKING, S.TOOL_EXECUTION, S.RESPONDING, S.SPEAKING}:
            assert state.memory.turn is not None
        elif state.phase is not S.INTERRUPTED and not state.memory.closed:
            assert state.memory.turn is None
        assert (state.interruption is not None) <= (state.phase in {S.INTERRUPTED, S.TOOL_EXECUTION})

    @invariant()
    def nothing_is_heard_and_no_tool_begins_while_the_reply_is_held(self) -> None:
        state = self.world.state
        if state.held:
            assert state.memory.turn is not None
            assert not self.world.output.queue or self.world.output.held or self.world.writes
            begun = len(state.memory.turn.begun_calls)
            assert begun <= self.begun.setdefault((self.world.lives, state.memory.turn.turn_id), begun)
        else:
            self.begun.clear()

    @invariant()
    def a_tool_that_may_not_run_twice_does_not(self) -> None:
        for entry in self.world.entries:
            if isinstance(entry, Happened) and getattr(entry.event, "name", "") == "order":
                assert self.world.ran[entry.event.call_id] <= 1  # type: ignore[union-attr]

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        if self.speaking:
            self.world.stop_speaking()
        self.world.settle("spoken words")
        while any(isinstance(say := accepted.command, Say) and say.open for accepted in self.world.state.memory.inbox) or self._waits():
            assert self.world.overdue(), "whatever is open ends"
            self.world.settle("spoken words")
        self._note()
        events = [entry.event for entry in self.world.entries if isinstance(entry, Happened)]
        done = Counter(event.command_id for event in events if isinstance(event, CommandDone))
        assert done == Counter(key for key in self.accepted if not isinstance(self.sent[key], ExtendSpeech))
        texts = [command.text for key, command in self.sent.items() if key in self.accepted and isinstance(command, SendText)]
        assert sorted(event.text for event in events if isinstance(event, UserMessage) and event.source == "text") == sorted(texts)
        assert all(self.seen[entry.number].event == entry.event for entry in self.world.entries if isinstance(entry, Happened))
        self._history_is_what_was_heard(events)
        speeches = Counter(event.speech_id for event in events if isinstance(event, SpeechCreated))
        assert speeches == Counter(event.speech_id for event in events if isinstance(event, SpeechDone)), "each ends, and once"
        assert set(speeches.values()) <= {1}
        self._what_comes_bit_by_bit_is_said_in_order(events)
        if not self.world.left:
            assert self.world.state.phase is S.IDLE
            assert not self.world.state.memory.inbox

    def _waits(self) -> bool:
        """Whether the speech that is said now waits for more of it."""
        turn = self.world.state.memory.turn
        return not self.world.left and turn is not None and turn.source == "say" and not turn.written

    def _what_comes_bit_by_bit_is_said_in_order(self, events: list[Any]) -> None:
        opened = {event.command_id: event.speech_id for event in events if isinstance(event, SpeechCreated)}
        said = {event.speech_id: event.text for event in events if isinstance(event, AgentMessage)}
        whole = {event.speech_id for event in events if isinstance(event, SpeechDone) and event.outcome is SpeechOutcome.COMPLETED}
        texts: dict[str, list[str]] = {}
        for entry in self.world.entries:
            if isinstance(entry, CommandTaken) and isinstance(entry.command, Say):
                texts[opened[entry.command.command_id]] = [entry.command.text]
            elif isinstance(entry, CommandTaken) and isinstance(entry.command, ExtendSpeech):
                texts[entry.command.speech_id].append(entry.command.text)
        for speech_id in texts.keys() & whole:
            assert said[speech_id] == "".join(texts[speech_id]).strip()

    def _note(self) -> None:
        """An answer means that the command is in the journal; without an answer it may be there too."""
        self.accepted = {entry.command.command_id for entry in self.world.entries if isinstance(entry, CommandTaken)}
        for request in [request for request in self.waiting if request in self.world.answers]:
            assert not self.world.accepted(request) or self.waiting[request] in self.accepted
            del self.waiting[request]
        for pushed in self.world.events:
            assert self.seen.setdefault(pushed.number, pushed) == pushed

    def _history_is_what_was_heard(self, events: list[Any]) -> None:
        replies = [event.text for event in events if isinstance(event, AgentMessage)]
        history = [message for message in self.world.state.memory.history.messages if message.role in {Role.USER, Role.ASSISTANT}]
        told = " ".join(message.text.strip() for message in history if message.role is Role.ASSISTANT)
        assert told == " ".join(filter(None, replies))
        for event in events:
            if isinstance(event, AgentMessage) and not event.interrupted and self.world.setup.voice:
                heard = sorted(self.world.played.get(event.speech_id, []))
                reached = 0
                for start, end in heard:
                    assert start <= reached, f"{event.speech_id}: nothing was played from {reached} to {start}"
                    reached = max(reached, end)
                sentences = [e.text for e in events if isinstance(e, AgentSentence) and e.speech_id == event.speech_id]
                assert reached == sum(map(len, sentences)) * SAMPLES_PER_CHAR
                assert " ".join(sentences) == event.text


Conversation.TestCase.settings = settings(max_examples=100, stateful_step_count=60, deadline=None)
TestConversation = Conversation.TestCase


def the_long_call(world: World) -> None:
    """Ten commands; sent whole again by a handle that does not know what became of them."""
    for number, text in enumerate(["hello", "use look", "silence", "use look look", "thank you", "use look", "bye"]):
        world.send(text, f"text-{number}")
        world.settle()
    world.command(EndCall(command_id="end"))
    world.settle()


@pytest.mark.parametrize("setup", [CHECKED, SPOKEN], ids=["text", "speech"])
def test_killed_at_every_point_the_call_ends_with_the_same_conversation(setup: Any) -> None:
    whole = World(replace(setup, greeting="Welcome."))
    whole.subscribe()
    the_long_call(whole)
    assert whole.left
    for survived in range(1, len(whole.transactions)):
        world = World(whole.setup)
        world.transactions = list(whole.transactions[:survived])
        world.kill()
        world.subscribe()
        the_long_call(world)
        assert world.left
        assert world.state.memory.history.is_equivalent(whole.state.memory.history), f"killed after transaction {survived}"
        numbers = [entry.number for entry in world.entries if isinstance(entry, Happened)]
        assert numbers == list(range(1, len(numbers) + 1))
        assert sum(isinstance(entry, Happened) and isinstance(entry.event, Restarted) for entry in world.entries) == (
            not whole_call_closed(whole.transactions[:survived])
        )


LINES = ("use look", "use order look")


def talk(setup: SessionConfig, fuses: Iterable[int]) -> World:
    """A handle says its lines and ends the call; each life is killed by its fuse, and what was not accepted is sent again to the next."""
    world, burning = World(setup, fuse=None), iter(fuses)
    world.fuse = next(burning, None)
    world.subscribe()
    commands = [SendText(command_id=f"text-{number}", text=text) for number, text in enumerate(LINES)]
    for command in (*commands, EndCall(command_id="end")):
        request = world.command(command)
        world.settle()
        while world.dead:
            results_and_data_are_one(world)
            world.fuse = next(burning, None)
            world.kill()
            world.subscribe()
            if not world.accepted(request):
                request = world.command(command)
            world.settle()
        assert world.accepted(request)
    return world


def results_and_data_are_one(world: World) -> None:
    """Whatever the journal holds: the user data is that of the newest result."""
    done = [entry.call_id for entry in world.entries if isinstance(entry, ToolEnded) and entry.result == "done"]
    assert restore(world.entries).memory.user_data_json == (f'{{"last": "{done[-1]}"}}' if done else "{}")


def everything_was_done_once(world: World, deaths: int) -> None:
    assert world.left
    assert [pushed.number for pushed in world.events] == list(range(1, len(world.events) + 1))
    events = [pushed.event for pushed in world.events]
    assert Counter(event.command_id for event in events if isinstance(event, CommandDone)) == Counter(["text-0", "text-1", "end"])
    turns = [event.turn_id for event in events if isinstance(event, UserMessage)]
    over = Counter(pushed.turn_id for pushed in world.events if isinstance(pushed.event, AgentMessage) and not pushed.event.interrupted)
    failed = Counter(event.turn_id for event in events if isinstance(event, TurnFailed))
    assert [over[turn] + failed[turn] for turn in turns] == [1, 1]
    assert failed.total() <= deaths // 2
    for before, after in pairwise(world.events):
        assert (before.incarnation != after.incarnation) is isinstance(after.event, Restarted)
    results = {event.call_id: event.result for event in events if isinstance(event, ToolReturned)}
    for event in events:
        if isinstance(event, ToolCalled) and event.name == "order":
            assert world.ran[event.call_id] == 1 or (world.ran[event.call_id], results[event.call_id]) == (0, OUTCOME_UNKNOWN)
        elif isinstance(event, ToolCalled) and results[event.call_id] != OUTCOME_UNKNOWN:
            assert world.ran[event.call_id] >= 1
    results_and_data_are_one(world)


@pytest.mark.parametrize("setup", [CHECKED, SPOKEN], ids=["text", "speech"])
def test_killed_after_every_single_effect_everything_is_done_once(setup: SessionConfig) -> None:
    for fuse in range(1_000):
        world = talk(setup, [fuse])
        everything_was_done_once(world, deaths=1)
        assert not any(isinstance(pushed.event, TurnFailed) for pushed in world.events)
        if world.lives == 1:
            break
    assert world.lives == 1
    assert fuse > 70  # so many places there are


@settings(max_examples=50)
@given(st.sampled_from([CHECKED, SPOKEN]), st.lists(st.integers(0, 60), min_size=2, max_size=6))
def test_killed_after_any_effects_again_and_again_everything_is_done_once(setup: SessionConfig, fuses: list[int]) -> None:
    everything_was_done_once(talk(setup, fuses), deaths=len(fuses))


def whole_call_closed(transactions: list[tuple[Entry, ...]]) -> bool:
    return any(isinstance(entry, CallClosed) for transaction in transactions for entry in transaction)


@given(st.lists(st.integers(0, 30), max_size=4), TEXTS)
def test_however_often_it_dies_in_one_turn_the_message_is_answered_or_given_up(deaths: list[int], text: str) -> None:
    world = World(SPOKEN)
    world.subscribe()
    world.send(text)
    world.commit_all()
    for steps in deaths:
        for _ in range(steps):
            if not (world.commit() or world.think() or world.finish_tool() or world.play(200)):
                break
        world.kill()
        world.subscribe()
    world.settle()
    history = world.state.memory.history
    assert texts(history)[0] == text
    results = {text for who, text in said(history) if who == "tool"}
    assert results <= {"done", OUTCOME_UNKNOWN, NOT_RUN, "Unknown function: nothing - available tools: look, order"}
    assert world.state.phase is S.IDLE
