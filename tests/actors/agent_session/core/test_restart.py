"""How a life begins, from whatever the one before left."""

from collections import Counter
from dataclasses import replace

import pytest

from actors.agent_session.core import Happened, Moment, ResumePoint, SessionConfig, begin, handle, restore
from actors.agent_session.core.chat import context
from actors.agent_session.core.effects import EndVoice, Listen, Origin, SpeakSentence
from actors.agent_session.core.entries import (
    CallerBegan,
    CallerDropped,
    CommandTaken,
    IncarnationBegan,
    IncarnationEnded,
    ToolBegun,
    TurnOpened,
)
from actors.agent_session.core.inputs import CommandArrived, SentenceReady
from actors.agent_session.core.memory import RECOGNISING, TurnSource
from actors.agent_session.core.restart import MAX_LOST, UNKNOWN_END
from protocols import (
    AgentMessage,
    AgentSentence,
    CallEnded,
    CallStarted,
    CancelResponse,
    CommandDone,
    CommitAudio,
    ConversationState,
    EndCall,
    EventsMissed,
    ReplyLatency,
    Restarted,
    SendText,
    SessionError,
    StateChanged,
    TurnFailed,
    UserMessage,
)
from support.chat import said, texts
from support.session_world import CHECKED, SPOKEN, World

S = ConversationState
NOW = Moment(monotonic_s=1.0, wall_s=2.0)


def begun(setup: SessionConfig, *entries: object, point: ResumePoint | None = None) -> tuple[list[object], list[object]]:
    """The effects of a new life, and the events in its log."""
    past = restore(entries)  # type: ignore[arg-type]
    state, effects = begin(setup, past, past.memory.incarnation + 1, point or ResumePoint(), NOW)
    return list(effects), [happened.event for happened in state.log]


def killed_while(phase: S, text: str = "use look", *, samples: int = 300) -> World:
    world = World(SPOKEN)
    world.subscribe()
    world.send(text)
    while world.state.phase is not phase:
        assert world.commit() or world.think() or world.play(samples) or world.finish_tool()
    world.commit_all()
    world.kill()
    return world


def test_the_reason_is_told_if_the_life_before_could_say_it() -> None:
    for ended, reason in (((), UNKNOWN_END), ((IncarnationEnded(reason="error:KeyError: 'x'", clean=False),), "error:KeyError: 'x'")):
        _, events = begun(CHECKED, IncarnationBegan(incarnation=1), *ended)
        assert events == [Restarted(reason=reason, incarnation=2)]


def test_what_others_saw_of_the_end_is_told_where_the_life_itself_said_nothing() -> None:
    seen = ResumePoint(last_end="killed")
    for ended, reason in (((), "killed"), ((IncarnationEnded(reason="shutdown:term", clean=True),), "shutdown:term")):
        _, events = begun(CHECKED, IncarnationBegan(incarnation=1), *ended, point=seen)
        assert events == [Restarted(reason=reason, incarnation=2)]


def farewell_reason(world: World) -> World:
    """The call is given up: its next life is the last."""
    world.commit_all()
    world.setup = replace(world.setup, farewell_reason="it died too often")
    world.kill()
    world.subscribe()
    world.settle()
    return world


@pytest.mark.parametrize("phase", [S.THINKING, S.TOOL_EXECUTION, S.RESPONDING, S.SPEAKING])
def test_a_call_that_is_given_up_says_so_and_ends_wherever_it_was(phase: S) -> None:
    world = killed_while(phase)
    world.send("and then?")
    world.commit_all()
    ran = world.ran.copy()
    farewell_reason(world)
    events = [pushed.event for pushed in world.events]
    assert SessionError(source="call", text="it died too often", retryable=False) in events
    assert AgentSentence(speech_id="speech-2", text=SPOKEN.farewell) in events
    assert events[-1] == CallEnded(reason="failed: it died too often")
    assert texts(world.state.memory.history)[-1] == SPOKEN.farewell
    assert world.left
    assert world.ran == ran


def test_a_call_that_is_given_up_in_its_first_life_is_not_greeted() -> None:
    setup = replace(CHECKED, greeting="Welcome.", farewell_reason="it died too often")
    _, events = begun(setup)
    assert [event for event in events if isinstance(event, AgentSentence)] == [AgentSentence(speech_id="speech-1", text=CHECKED.farewell)]
    assert events[-1] == CallEnded(reason="failed: it died too often")


def test_a_call_that_is_given_up_neither_listens_nor_ends_otherwise() -> None:
    entries = (
        IncarnationBegan(incarnation=1),
        CallerBegan(start=10),
        CommandTaken(command=EndCall(command_id="end", reason="bye"), position=20),
    )
    effects, events = begun(replace(SPOKEN, farewell_reason="it died too often"), *entries, point=ResumePoint(position=50))
    assert not [effect for effect in effects if isinstance(effect, Listen)]
    assert CallEnded(reason="bye") not in events


def test_a_restarted_call_does_not_greet_again() -> None:
    world = World(replace(CHECKED, greeting="Welcome."))
    world.commit_all()
    world.kill()
    world.subscribe()
    world.settle()
    assert texts(world.state.memory.history) == ["Welcome."]


def test_speech_goes_on_at_the_mark() -> None:
    world = World(SPOKEN)
    world.subscribe()
    world.send("hello")
    while len(world.state.memory.turn.starts if world.state.memory.turn else ()) < 2:
        assert world.commit() or world.think() or world.play(400)
    world.play(400)
    world.commit_all()
    kept = world.kept
    assert kept is not None
    world.kill()
    says = [effect for write in world.writes for effect in write.then if isinstance(effect, SpeakSentence)]
    assert [(say.index, say.kept, say.from_char) for say in says] == [(1, (kept.heard, 2_900), 14)]
    assert 1_500 < kept.heard < 2_900
    world.subscribe()
    world.settle()
    assert [pushed.event for pushed in world.events if isinstance(pushed.event, AgentMessage)][-1].text == "You said hello. Anything else?"
    assert [pushed.event.text for pushed in world.events if isinstance(pushed.event, AgentSentence)] == [
        "You said hello.",
        "Anything else?",
    ]


def test_without_a_mark_the_sentence_that_was_heard_last_is_said_again() -> None:
    world = killed_while(S.SPEAKING, "hello")
    world.kept = None
    world.kill()
    says = [effect for write in world.writes for effect in write.then if isinstance(effect, SpeakSentence)]
    assert (says[0].index, says[0].kept, says[0].from_char) == (0, None, 0)
    assert says[0].start > 100_000, "its samples are others, so it is no repetition of those that were heard"


@pytest.mark.parametrize("phase", [S.THINKING, S.TOOL_EXECUTION, S.RESPONDING, S.SPEAKING])
def test_a_turn_goes_on_wherever_it_was(phase: S) -> None:
    world = killed_while(phase)
    world.subscribe()
    world.settle()
    contents = texts(world.state.memory.history)
    assert contents == ["use look", "One moment.", "done", "It came back: done."]
    assert world.state.phase is S.IDLE


def test_a_turn_that_killed_two_lives_is_given_up_with_an_apology() -> None:
    world = killed_while(S.SPEAKING)
    world.subscribe()
    while world.state.phase is not S.SPEAKING:
        assert world.commit() or world.think() or world.play(300) or world.finish_tool()
    world.commit_all()
    world.kill()
    world.subscribe()
    world.settle()
    events = [pushed.event for pushed in world.events]
    reason = "the session died 2 times in the same step: speaking"
    assert TurnFailed(turn_id="turn-1", text="use look", reason=reason) in events
    assert CommandDone(command_id="text-1") in events
    contents = texts(world.state.memory.history)
    assert contents[0] == "use look"
    assert contents[-1] == SPOKEN.apology
    assert world.state.phase is S.IDLE


def test_what_killed_two_lives_is_never_asked_of_the_model_again() -> None:
    world = killed_while(S.TOOL_EXECUTION, "use order")
    world.commit_all()
    turn = world.state.memory.turn
    assert turn is not None
    assert turn.outcomes, "its outcome is unknown, and the model is asked"
    world.kill()
    world.commit_all()
    world.kill()
    world.subscribe()
    world.settle()
    world.send("after")
    world.commit_all()
    asked = context("", world.state.memory)
    assert [who for who, _ in said(asked)] == ["system", "assistant", "user"]
    assert "may have run, or not: order." in texts(asked)[0]
    assert world.ran == {"call-1": 1}


def set_back(world: World, transactions: int, *, report: str = "", lost: int | None = 0) -> list[object]:
    """The next life, without the newest transactions; the events that it tells at first."""
    seen = len(world.events)
    del world.transactions[len(world.transactions) - transactions :]
    world.report, world.lost = report, lost
    world.kill()
    world.subscribe()
    world.settle()
    return [pushed.event for pushed in world.events[seen:]]


def test_a_call_that_is_set_back_repeats_nothing_and_asks_the_caller_again() -> None:
    world = killed_while(S.TOOL_EXECUTION, "use order")
    world.subscribe()
    world.settle()
    ran, told = Counter(world.ran), world.events[-1].number
    opened = next(at for at, entries in enumerate(world.transactions) if any(isinstance(entry, ToolBegun) for entry in entries))
    events = set_back(world, len(world.transactions) - opened, report="it is kept as c.damaged-1", lost=20)
    assert events[:2] == [
        Restarted(reason=UNKNOWN_END, incarnation=3),
        SessionError(source="journal", text="it is kept as c.damaged-1", retryable=False),
    ]
    assert world.ran == ran
    assert [event.text for event in events if isinstance(event, AgentMessage)][-1] == SPOKEN.repeat
    numbers = [pushed.number for pushed in world.events]
    assert numbers == list(range(1, len(numbers) + 1))
    assert world.state.memory.next_event > told
    world.send("and now this")
    world.settle()
    ids = [pushed.event.turn_id for pushed in world.events if isinstance(pushed.event, UserMessage)]
    assert len(set(ids)) == len(ids) == 2


def test_events_that_were_told_and_are_not_in_the_journal_are_missed_and_that_is_said() -> None:
    world = World(CHECKED)
    world.subscribe()
    for text in ("one", "two"):
        world.send(text)
        world.settle()
    told = world.events[-1].number
    cut = next(at for at, entries in enumerate(world.transactions) if any(isinstance(entry, TurnOpened) for entry in entries))
    left = max(entry.number for entries in world.transactions[:cut] for entry in entries if isinstance(entry, Happened))
    world.last_event = 0
    world.setup = replace(CHECKED, journal_path="/calls/c")
    events = set_back(world, len(world.transactions) - cut)
    assert events[left] == EventsMissed(count=told - left)
    text = f"/calls/c lacks the newest {told - left} events: what the call did in them is forgotten"
    assert SessionError(source="journal", text=text, retryable=False) in events
    assert world.events[-1].number > told


@pytest.mark.parametrize(("told", "lost", "next_event"), [(40, None, 41), (0, None, 1 + MAX_LOST), (0, 12, 13)])
def test_a_call_of_which_nothing_is_known_apologises_instead_of_greeting(told: int, lost: int | None, next_event: int) -> None:
    world = World(replace(SPOKEN, greeting="Welcome."))
    world.commit_all()
    world.numbered = told
    events = set_back(world, len(world.transactions), report="nothing could be read", lost=lost)
    assert [event.text for event in events if isinstance(event, AgentSentence)] == [SPOKEN.apology]
    assert not any(isinstance(event, CallStarted) for event in events)
    assert [pushed.number for pushed in world.events if isinstance(pushed.event, Restarted)] == [next_event]
    assert world.listening_from == world.position


def test_damage_that_cost_nothing_is_told_and_changes_nothing() -> None:
    world = killed_while(S.THINKING)
    events = set_back(world, 0, report="the file is kept aside")
    assert SessionError(source="journal", text="the file is kept aside", retryable=False) in events
    contents = texts(world.state.memory.history)
    assert contents == ["use look", "One moment.", "done", "It came back: done."]


def test_a_turn_that_dies_in_each_of_its_steps_is_answered() -> None:
    world = World(SPOKEN)
    world.subscribe()
    world.speak()
    world.commit_all()
    world.kill()  # recognising
    for phase in (S.THINKING, S.TOOL_EXECUTION, S.SPEAKING):
        while world.state.phase is not phase:
            went_on = world.commit() or world.hear_again() or world.think() or world.recognize("use look")
            assert went_on or world.play(300) or world.finish_tool()
        world.commit_all()
        while phase is S.SPEAKING and not world.state.memory.turn.written:  # type: ignore[union-attr]
            assert world.finish_tool() or world.think() or world.commit()
        world.commit_all()
        turn = world.state.memory.turn
        world.kill()
        world.subscribe()
        assert turn is not None
    assert turn.deaths == (RECOGNISING, "round 1 of the model", "the tool look")
    world.settle()
    assert texts(world.state.memory.history)[-1] == "It came back: done."
    assert not [pushed for pushed in world.events if isinstance(pushed.event, TurnFailed)]


def test_a_latency_over_two_lives_goes_by_the_wall_clock_and_is_unknown_where_that_was_set() -> None:
    for reboot_s, wall_s, latency_ms in ((1e9 + 2.0, 1e9 + 2.5, 2_500.0), (1.0, 1e9 + 2.5, 2_500.0), (1.0, 9e8, None), (1.0, 2e9, None)):
        opened = TurnOpened(turn_id="turn-1", source=TurnSource.TEXT, text="hello", command_id="", asked_wall_s=1e9, heard_until=0)
        past = restore((IncarnationBegan(incarnation=1), opened))
        now = Moment(monotonic_s=reboot_s, wall_s=wall_s)
        state, _ = begin(CHECKED, past, 2, ResumePoint(), now)
        state, _ = handle(state, SentenceReady(token=state.thinking, text="Hello."), now)
        (told,) = [happened.event for happened in state.log if isinstance(happened.event, ReplyLatency)]
        assert told.latency_ms == latency_ms


def test_a_latency_within_a_life_does_not_depend_on_the_wall_clock() -> None:
    state, _ = begin(CHECKED, restore(()), 1, ResumePoint(), NOW)
    state, _ = handle(state, CommandArrived(request=1, command=SendText(command_id="c", text="hello"), position=0), NOW)
    state, _ = handle(state, SentenceReady(token=state.thinking, text="Hello."), Moment(monotonic_s=1.25, wall_s=-50.0))
    (told,) = [happened.event for happened in state.log if isinstance(happened.event, ReplyLatency)]
    assert told.latency_ms == 250.0


def test_an_apology_that_kills_is_not_apologised_for() -> None:
    world = World(replace(SPOKEN, greeting="Welcome."))
    world.commit_all()
    world.kill()
    world.commit_all()
    world.kill()
    world.subscribe()
    world.settle()
    assert not world.state.memory.history
    assert world.state.phase is S.IDLE


def test_a_clean_stop_is_no_death() -> None:
    world = killed_while(S.THINKING, "hello")
    for _ in range(5):
        world.stop_cleanly()
    world.subscribe()
    world.settle()
    assert texts(world.state.memory.history)[-1] == "You said hello. Anything else?"
    assert any(pushed.event == Restarted(reason="shutdown", incarnation=7) for pushed in world.events)


def test_half_a_sentence_is_listened_to_again_from_its_start() -> None:
    world = World(SPOKEN)
    world.subscribe()
    world.begin_to_speak()
    world.commit_all()
    start = world.spoken[0].start
    world.kill()
    assert world.listening_from == start
    world.subscribe()
    world.hear_again()
    assert world.state.phase is S.LISTENING
    world.stop_speaking()
    world.settle("whole sentence")
    assert texts(world.state.memory.history)[0] == "whole sentence"


def test_what_nobody_settled_is_listened_to_again() -> None:
    effects, _ = begun(SPOKEN, IncarnationBegan(incarnation=1), point=ResumePoint(oldest=0, position=100_000, settled=90_000))
    assert [effect for effect in effects if isinstance(effect, Listen)] == [Listen(start=90_000)]
    settled = (IncarnationBegan(incarnation=1), CallerDropped(until=95_000))
    effects, _ = begun(SPOKEN, *settled, point=ResumePoint(oldest=0, position=100_000, settled=90_000))
    assert Listen(start=95_000) in effects


def test_speech_in_fresh_memory_may_be_the_rest_of_what_was_lost() -> None:
    settled = (IncarnationBegan(incarnation=1), CallerDropped(until=95_000))
    effects, _ = begun(SPOKEN, *settled, point=ResumePoint(oldest=95_001, position=100_000))
    assert Listen(start=95_001, origin=Origin.UNKNOWN) in effects


def test_where_audio_is_missing_the_caller_is_asked_again_once_he_has_stopped() -> None:
    world = World(SPOKEN)
    world.subscribe()
    world.begin_to_speak()
    world.commit_all()
    world.lose_memory()
    world.subscribe()
    world.commit_all()
    assert world.state.phase is S.LISTENING
    assert not world.state.memory.history
    world.stop_speaking()
    world.settle("half")
    lost = SessionError(source="audio", text="some of the caller's turn was lost", retryable=False)
    assert lost in [pushed.event for pushed in world.events]
    assert texts(world.state.memory.history) == [SPOKEN.repeat]
    world.speak()
    world.settle("whole")
    assert texts(world.state.memory.history)[1] == "whole"


@pytest.mark.parametrize("point", [ResumePoint(oldest=50, position=90), ResumePoint(oldest=5, position=5)])
def test_of_a_turn_whose_beginning_is_missing_the_rest_is_listened_to(point: ResumePoint) -> None:
    effects, events = begun(SPOKEN, IncarnationBegan(incarnation=1), CallerBegan(start=10), point=point)
    assert Listen(start=point.position, origin=Origin.REST) in effects
    assert StateChanged(old="idle", new="listening") in events


def test_audio_that_killed_two_lives_is_left_alone() -> None:
    lives = (IncarnationBegan(incarnation=1), CallerBegan(start=10), IncarnationBegan(incarnation=2))
    effects, events = begun(SPOKEN, *lives, point=ResumePoint(oldest=0, position=900))
    assert Listen(start=900, origin=Origin.REST) in effects
    failed = TurnFailed(turn_id="", text="", reason="the session died 2 times in the same step: recognising the caller")
    assert failed in events
    effects, events = begun(SPOKEN, *lives, IncarnationBegan(incarnation=3), point=ResumePoint(oldest=0, position=950))
    assert Listen(start=950, origin=Origin.REST) in effects
    assert failed not in events, "told once"


@pytest.mark.parametrize("stopped", [True, False])
def test_who_was_given_up_hears_an_apology_once_he_has_stopped(stopped: bool) -> None:
    world = World(SPOKEN)
    world.subscribe()
    world.begin_to_speak()
    if stopped:
        world.stop_speaking()
    for _ in range(3):
        world.commit_all()
        world.kill()
    world.subscribe()
    world.commit_all()
    assert world.state.phase is S.LISTENING
    if not stopped:
        world.begin_to_speak()
        world.stop_speaking()
    world.settle("never recognised")
    assert texts(world.state.memory.history) == [SPOKEN.apology]
    assert world.state.memory.caller is None


def test_a_new_beginning_of_speech_far_behind_the_old_is_another_turn() -> None:
    world = World(SPOKEN)
    world.transactions = [(IncarnationBegan(incarnation=1), CallerBegan(start=10))]
    world.position = 100_000
    world.kill()
    world.begin_to_speak()
    assert world.state.memory.caller is not None
    assert world.state.memory.caller.start == world.spoken[0].start


def test_what_was_accepted_is_done_in_the_next_life() -> None:
    taken = CommandTaken(command=CommitAudio(command_id="commit"), position=70)
    effects, _ = begun(SPOKEN, IncarnationBegan(incarnation=1), taken, point=ResumePoint(oldest=0, position=90))
    assert EndVoice(command_id="commit", position=70) in effects


@pytest.mark.parametrize("phase", [S.THINKING, S.TOOL_EXECUTION, S.SPEAKING])
def test_a_cancellation_that_was_accepted_stops_the_turn_in_the_next_life(phase: S) -> None:
    world = World(SPOKEN)
    world.subscribe()
    world.send("use order")
    while world.state.phase is not phase:
        assert world.commit() or world.think() or world.play(500) or world.finish_tool()
    world.commit_all()
    world.transactions.append((CommandTaken(command=CancelResponse(command_id="stop"), position=0),))
    world.kill()
    world.subscribe()
    world.settle()
    assert any(pushed.event == CommandDone(command_id="stop") for pushed in world.events)
    assert world.state.phase is S.IDLE
    assert world.ran["call-1"] <= 1
    assert not world.state.memory.inbox


def test_a_call_without_ears_does_not_listen() -> None:
    effects, _ = begun(CHECKED, IncarnationBegan(incarnation=1))
    assert not any(isinstance(effect, Listen) for effect in effects)
