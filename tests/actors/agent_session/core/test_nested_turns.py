"""Whatever tools have said while they run, whoever enters and leaves, and however often the process dies: each turn ends once.

The model of the machine is a program: what it sent, which tools it runs, which agents it entered for them. A kill ends its tools.
"""

from collections import Counter
from dataclasses import replace
from typing import Any

from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule

from actors.agent_session.core import AgentChange
from actors.agent_session.core.detached import MAX_DETACHED
from actors.agent_session.core.entries import Happened, ToolEnded, ToolReported
from actors.agent_session.core.suspension import MAX_SUSPENDED
from actors.turn_taking import EndedBy
from protocols import (
    AgentMessage,
    CancelResponse,
    CommandDone,
    ConversationState,
    EndCall,
    FunctionCall,
    FunctionCallOutput,
    GenerateReply,
    Role,
    Say,
    SendText,
    SessionCommand,
    SpeechCreated,
    SpeechDone,
    ToolReply,
    UserMessage,
)
from support.session_world import CHECKED, SPOKEN, World

TEXTS = st.sampled_from(["hello", "use order", "use look order", "use to_billing", "use order to_broken"])


class NestedTurns(RuleBasedStateMachine):
    """One call of a program."""

    @initialize(spoken=st.booleans(), hook=st.booleans(), kept_ahead=st.sampled_from([0, 130, 1_150, 100_000]), depth=st.integers(0, 3))
    def start(self, *, spoken: bool, hook: bool, kept_ahead: int, depth: int) -> None:
        setup = replace(SPOKEN if spoken else CHECKED, program=True, parallel_tools=True, turn_hook=hook)
        self.world = World(replace(setup, tools=(*setup.tools, "to_billing", "to_broken")), kept_ahead=kept_ahead)
        self.sent: dict[str, SessionCommand] = {}
        self.requests: dict[str, int] = {}
        self.speaking = False
        self.deepest = 0
        self.world.subscribe()
        for _ in range(depth):
            self.come_to_run_a_tool("use order")

    def _send(self, command: SessionCommand) -> None:
        self.sent[command.command_id] = command
        self.requests[command.command_id] = self.world.command(command)

    @rule(text=TEXTS)
    def send_text(self, text: str) -> None:
        self._send(SendText(command_id=f"text-{len(self.sent)}", text=text))

    @rule(protected=st.booleans(), priority=st.sampled_from([0, 5]))
    def say(self, protected: bool, priority: int) -> None:
        self._send(
            Say(command_id=f"say-{len(self.sent)}", text="Please wait. It lasts.", allow_interruptions=not protected, priority=priority)
        )

    @rule(text=st.sampled_from(["", "hello", "use order", "use look order"]))
    def generate_reply(self, text: str) -> None:
        self._send(GenerateReply(command_id=f"reply-{len(self.sent)}", instructions="" if text else "Ask.", user_input=text))

    @rule(data=st.data())
    def cancel(self, data: Any) -> None:
        memory = self.world.state.memory
        turns = [turn.speech_id for turn in (*memory.suspended, *((memory.turn,) if memory.turn else ()))]
        self._send(CancelResponse(command_id=f"cancel-{len(self.sent)}", speech_id=data.draw(st.sampled_from(["", *turns]))))

    @precondition(lambda self: len(self.sent) > 12 and not any(isinstance(sent, EndCall) for sent in self.sent.values()))
    @rule()
    def end_call(self) -> None:
        self._send(EndCall(command_id=f"end-{len(self.sent)}"))

    @precondition(lambda self: self.world.tools)
    @rule()
    def enter(self) -> None:
        self.world.want_agent("greeter", AgentChange.ENTER)

    @precondition(lambda self: self.world.state.memory.agents)
    @rule()
    def leave(self) -> None:
        self.world.want_agent("", AgentChange.LEAVE)

    @rule()
    def replace_agent(self) -> None:
        self.world.want_agent("billing", AgentChange.REPLACE)

    @precondition(lambda self: self.world.setup.audio_in and not self.speaking)
    @rule(lasts=st.booleans())
    def begin_to_speak(self, lasts: bool) -> None:
        self.speaking = True
        self.world.begin_to_speak(lasts=lasts)

    @precondition(lambda self: self.speaking)
    @rule(by=st.sampled_from([EndedBy.SILENCE, EndedBy.SILENCE, EndedBy.LIMIT]))
    def stop_speaking(self, by: EndedBy) -> None:
        self.speaking = False
        self.world.stop_speaking(by=by)

    @rule(last=st.booleans(), reply=st.sampled_from([True, True, False]), says=st.integers(0, 2), asks=st.booleans())
    def finish_tool(self, last: bool, reply: bool, says: int, asks: bool) -> None:
        if not self.world.tools:
            return
        wanted: list[SessionCommand] = [Say(command_id=f"say-{len(self.sent) + at}", text="As it returns.") for at in range(says)]
        if asks:
            wanted.append(GenerateReply(command_id=f"reply-{len(self.sent) + says}", instructions="Ask."))
        self.world.finish_tool(last=last, reply=reply, asks=wanted)
        for at, command in enumerate(reversed(wanted)):
            self.sent[command.command_id] = command
            self.requests[command.command_id] = self.world.requests - at

    @precondition(lambda self: self.world.tools)
    @rule(last=st.booleans(), silent=st.sampled_from([False, False, True]))
    def progress(self, last: bool, silent: bool) -> None:
        self.world.progress(last=last, silent=silent)

    @rule()
    def ask_floor(self) -> None:
        self.world.ask_floor()

    @precondition(lambda self: self.world.state.floor)
    @rule(data=st.data())
    def release_floor(self, data: Any) -> None:
        self.world.release_floor(data.draw(st.sampled_from(self.world.state.floor)))

    @rule(stop=st.sampled_from([False, False, True]))
    def run_hook(self, stop: bool) -> None:
        self.world.run_hook(stop=stop)

    @rule(times=st.integers(1, 4))
    def commit(self, times: int) -> None:
        for _ in range(times):
            self.world.commit()

    @rule(times=st.integers(1, 3))
    def think(self, times: int) -> None:
        for _ in range(times):
            self.world.think()

    @rule()
    def recognize(self) -> None:
        self.world.recognize("spoken words")

    @rule()
    def load_agent(self) -> None:
        self.world.load_agent()

    @rule(samples=st.integers(50, 3_000))
    def play(self, samples: int) -> None:
        self.world.play(samples)

    @rule(times=st.integers(1, 30))
    def let_it_go_on(self, times: int) -> None:
        """Everything but the tools goes on for a while."""
        world = self.world
        for _ in range(times):
            world.now += 0.001
            goes_on = world.commit() or world.hear_again() or world.think() or world.recognize("so it is") or world.load_agent()
            if not goes_on and not world.play() and not world.output_open:
                world.wait()

    @rule()
    def wait(self) -> None:
        self.world.wait()

    @rule(text=st.sampled_from(["use order", "use look order"]))
    def come_to_run_a_tool(self, text: str) -> None:
        self._send(GenerateReply(command_id=f"reply-{len(self.sent)}", instructions="" if text else "Ask.", user_input=text))
        self.let_it_go_on(200)

    @rule(enters=st.booleans())
    def speak_in_a_tool(self, enters: bool) -> None:
        if self.world.tools:
            if enters:
                self.world.want_agent("greeter", AgentChange.ENTER)
            self._send(Say(command_id=f"say-{len(self.sent)}", text="In a tool."))
            self.let_it_go_on(30)

    @rule(how=st.sampled_from([*["not at all"] * 4, "killed", "killed", "stopped", "with its partition"]))
    def die(self, how: str) -> None:
        if self.world.left or how == "not at all":
            return
        self._repeat_nothing_that_is_accepted()
        match how:
            case "killed":
                self.world.kill()
            case "stopped":
                self.world.stop_cleanly()
            case _:
                self.world.lose_memory()
        if not self.world.left:
            self.world.subscribe()

    def _repeat_nothing_that_is_accepted(self) -> None:
        """What was not answered may be accepted or not."""
        for command_id, request in list(self.requests.items()):
            if request not in self.world.answers:
                self.requests[command_id] = 0

    @invariant()
    def what_is_suspended_is_bounded_and_only_waits_for_tools(self) -> None:
        memory = self.world.state.memory
        assert len(memory.suspended) <= MAX_SUSPENDED
        self.deepest = max(self.deepest, len(memory.suspended))
        for turn in memory.suspended:
            assert turn.heard is not None
            assert turn.rounds[-1].ended
            assert turn.rounds[-1].calls
        ids = [turn.turn_id for turn in (*memory.suspended, *((memory.turn,) if memory.turn else ()))]
        assert len(set(ids)) == len(ids)

    @invariant()
    def what_runs_belongs_to_a_turn_or_goes_on_without(self) -> None:
        state = self.world.state
        turns = (*state.memory.suspended, *((state.memory.turn,) if state.memory.turn else ()))
        waiting = {call.call_id for turn in turns for call in turn.waiting_calls}
        detached = [run.call.call_id for run in state.memory.detached]
        assert state.running <= waiting | set(detached)
        assert len(set(detached)) == len(detached) <= MAX_DETACHED
        assert not waiting & set(detached)

    @invariant()
    def a_tool_that_may_not_run_twice_does_not(self) -> None:
        for call_id, times in self.world.ran.items():
            names = {call.name for entry in self.world.entries for call in getattr(entry, "calls", ()) if call.call_id == call_id}
            assert times == 1 or "order" not in names

    @invariant()
    def no_model_is_told_of_a_call_without_its_outcome(self) -> None:
        if self.world.thoughts:
            asked = self.world.thoughts[-1].context
            calls = [item.call_id for item in asked if isinstance(item, FunctionCall)]
            assert sorted(calls) == sorted(item.call_id for item in asked if isinstance(item, FunctionCallOutput))

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        world = self.world
        if self.speaking:
            world.stop_speaking()
        for _ in range(50):
            for asked in world.state.floor:
                world.release_floor(asked)
            world.settle("spoken words")
            if not world.state.memory.entered and not world.tools:
                break
        memory = world.state.memory
        assert (memory.turn, memory.suspended, memory.inbox, world.state.running) == (None, (), (), frozenset())
        assert (memory.detached, () if world.left else memory.reports, world.state.floor) == ((), (), ())
        assert world.state.phase is ConversationState.IDLE
        assert world.left is bool(memory.ending)
        assert world.left or not world.state.wanted
        events = [entry.event for entry in world.entries if isinstance(entry, Happened)]
        speeches = Counter(event.speech_id for event in events if isinstance(event, SpeechCreated))
        assert speeches == Counter(event.speech_id for event in events if isinstance(event, SpeechDone)), "each ends, and once"
        assert set(speeches.values()) <= {1}
        done = Counter(event.command_id for event in events if isinstance(event, CommandDone))
        assert done == Counter(memory.seen), "each command is done once"
        accepted = {command_id for command_id, request in self.requests.items() if request and world.accepted(request)}
        assert accepted <= set(memory.seen)
        texts = Counter(command.text for key, command in self.sent.items() if key in memory.seen and isinstance(command, SendText))
        assert Counter(event.text for event in events if isinstance(event, UserMessage) and event.source == "text") == texts
        ended = Counter(entry.call_id for entry in world.entries if isinstance(entry, ToolEnded))
        assert set(ended.values()) <= {1}, "each call has one outcome"
        finals = Counter(entry.call_id for entry in world.entries if isinstance(entry, ToolReported) and entry.final)
        assert finals == Counter(entry.call_id for entry in world.entries if isinstance(entry, ToolEnded) and entry.detached)
        for told in ("pending", "scheduled"):
            ids = Counter(one for event in events if isinstance(event, ToolReply) and event.status == told for one in event.update_ids)
            assert set(ids.values()) <= {1}, "nothing is told twice"
        self._the_history_holds_each_word_that_was_heard_once(events)

    def _the_history_holds_each_word_that_was_heard_once(self, events: list[Any]) -> None:
        history = self.world.state.memory.history
        replies = Counter(word for event in events if isinstance(event, AgentMessage) for word in event.text.split())
        kept = Counter(word for message in history.messages if message.role is Role.ASSISTANT for word in message.text.split())
        assert kept == replies
        times = [item.created_at for item in history]
        assert times == sorted(times)
        known: set[str] = set()
        for item in history:
            if isinstance(item, FunctionCall):
                known.add(item.call_id)
            elif isinstance(item, FunctionCallOutput):
                assert item.call_id in known


NestedTurns.TestCase.settings = settings(max_examples=60, stateful_step_count=60, deadline=None)
TestNestedTurns = NestedTurns.TestCase
