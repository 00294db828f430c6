"""What a program has the agent say bit by bit: said as it comes, each piece once, and over when it ends, is stopped, or is overdue."""

from collections.abc import Iterable

import pytest

from actors.agent_session.core import SpeakSentence
from actors.agent_session.core import inputs as i
from actors.agent_session.core.chat import conversation
from actors.agent_session.core.speech import AUDIO_LOST
from protocols import (
    MAX_TEXT_CHARS,
    AgentMessage,
    AgentSentence,
    CancelResponse,
    CommandDone,
    ConversationState,
    EndCall,
    ExtendSpeech,
    GenerateReply,
    Say,
    SendText,
    SessionCommand,
    SessionError,
    SpeechDone,
    SpeechOutcome,
    TurnFailed,
    UsageUpdated,
)
from support.chat import texts
from support.session_world import CHECKED, SPOKEN, World

S = ConversationState
FIRST, SECOND, THIRD = "Your table is ready.", "Please come in.", "The bar is to the left."
BOTH = pytest.mark.parametrize("setup", [CHECKED, SPOKEN], ids=["text", "speech"])


def events(world: World, kind: type) -> list[object]:
    return [pushed.event for pushed in world.events if isinstance(pushed.event, kind)]


def world_of(setup: object = SPOKEN) -> World:
    world = World(setup)  # type: ignore[arg-type]
    world.subscribe()
    return world


def spaced(text: str) -> str:
    return f"{text} " if text and len(text) < MAX_TEXT_CHARS else text


def begin(text: str = "", **fields: object) -> Say:
    return Say(command_id="say", text=spaced(text), open=True, **fields)  # type: ignore[arg-type]


def piece(number: int, text: str = "", *, last: bool = False, speech_id: str = "speech-1") -> ExtendSpeech:
    return ExtendSpeech(command_id=f"say.{number}", speech_id=speech_id, text=spaced(text), last=last)


def sentences(world: World) -> list[str]:
    return [event.text for event in events(world, AgentSentence)]  # type: ignore[attr-defined]


def heard(world: World) -> list[str]:
    return [event.text for event in events(world, AgentMessage)]  # type: ignore[attr-defined]


def outcomes(world: World) -> list[SpeechOutcome]:
    return [event.outcome for event in events(world, SpeechDone)]  # type: ignore[attr-defined]


def take(world: World, command: SessionCommand) -> None:
    request = world.command(command)
    world.commit_all()
    assert world.accepted(request), world.answers[request]


@BOTH
def test_each_sentence_is_said_as_it_comes_and_the_speech_is_over_with_the_last(setup: object) -> None:
    world = world_of(setup)
    take(world, begin())
    for number, text in enumerate((FIRST, f"{SECOND}  {THIRD}"), 1):
        take(world, piece(number, text))
        world.settle()
        assert sentences(world)[-1] == text.rpartition("  ")[2]
        assert not events(world, SpeechDone)
    take(world, piece(3, last=True))
    world.settle()
    assert heard(world) == [f"{FIRST} {SECOND}  {THIRD}"]
    assert texts(world.state.memory.history) == [f"{FIRST} {SECOND}  {THIRD} "]
    assert outcomes(world) == [SpeechOutcome.COMPLETED]
    assert events(world, CommandDone) == [CommandDone(command_id="say")], "pieces are part of it"
    assert world.state.phase is S.IDLE
    assert not world.thoughts


@BOTH
def test_what_comes_while_it_waits_is_said_when_its_turn_comes(setup: object) -> None:
    world = world_of(setup)
    world.send("hello")
    take(world, begin(FIRST))
    take(world, piece(1, SECOND, speech_id="speech-2"))
    world.settle()
    assert sentences(world)[-2:] == [FIRST, SECOND]
    assert outcomes(world) == [SpeechOutcome.COMPLETED]
    take(world, piece(2, THIRD, last=True, speech_id="speech-2"))
    world.settle()
    assert heard(world)[-1] == f"{FIRST} {SECOND} {THIRD}"


@BOTH
def test_one_that_is_complete_before_its_turn_is_an_ordinary_one(setup: object) -> None:
    world = world_of(setup)
    world.send("hello")
    take(world, begin())
    take(world, piece(1, FIRST, last=True, speech_id="speech-2"))
    world.settle()
    assert heard(world)[-1] == FIRST
    assert outcomes(world) == [SpeechOutcome.COMPLETED] * 2


@BOTH
def test_one_without_a_word_is_over_when_it_is_complete(setup: object) -> None:
    world = world_of(setup)
    take(world, begin())
    take(world, piece(1, " \n", last=True))
    world.settle()
    assert heard(world) == [""]
    assert outcomes(world) == [SpeechOutcome.COMPLETED]
    assert not texts(world.state.memory.history)


def test_a_piece_that_is_sent_again_is_said_once() -> None:
    world = world_of()
    take(world, begin())
    for _ in range(2):
        take(world, piece(1, FIRST))
    world.kill()
    world.subscribe()
    take(world, piece(1, FIRST))
    take(world, piece(2, SECOND, last=True))
    for number in (1, 2):
        take(world, piece(number, FIRST))
    world.settle()
    take(world, piece(2, SECOND, last=True))
    assert heard(world) == [f"{FIRST} {SECOND}"]


def test_a_call_that_is_to_end_waits_for_the_rest_of_it() -> None:
    world = world_of()
    take(world, begin(FIRST))
    take(world, EndCall(command_id="end"))
    take(world, piece(1, SECOND))
    take(world, piece(2, last=True))
    world.settle()
    assert world.left
    assert heard(world) == [f"{FIRST} {SECOND}"]


@pytest.mark.parametrize("between", [True, False], ids=["between sentences", "in one"])
def test_whoever_interrupts_ends_it_and_no_more_is_taken(between: bool) -> None:
    world = world_of()
    take(world, begin(FIRST))
    while world.state.phase is not S.SPEAKING:
        assert world.wait() or world.commit() or world.play(400)
    if between:
        world.settle()
    world.speak()
    take(world, piece(1, SECOND))
    world.settle("spoken words")
    assert outcomes(world)[0] is SpeechOutcome.INTERRUPTED
    assert FIRST.startswith(heard(world)[0])
    assert (heard(world)[0] == FIRST) is between
    assert heard(world)[1].startswith("You said spoken words.")
    assert SECOND not in sentences(world)
    request = world.command(piece(2, THIRD))
    world.commit_all()
    assert "is over or complete: it takes no more text" in world.refusal(request).text


def test_one_whose_pieces_stop_ends_at_its_deadline_with_what_was_heard() -> None:
    world = world_of()
    take(world, begin(FIRST, deadline_s=60.0))
    world.settle()
    world.kill()
    world.subscribe()
    world.settle()
    assert not events(world, SpeechDone)
    assert world.overdue()
    world.settle()
    assert heard(world) == [FIRST]
    assert outcomes(world) == [SpeechOutcome.EXPIRED]
    assert events(world, CommandDone) == [CommandDone(command_id="say")]


def test_one_that_waits_can_be_cancelled_and_takes_no_more() -> None:
    world = world_of(CHECKED)
    world.send("hello")
    take(world, begin(FIRST))
    take(world, CancelResponse(command_id="stop", speech_id="speech-2"))
    request = world.command(piece(1, SECOND, speech_id="speech-2"))
    world.settle()
    assert "takes no more text" in world.refusal(request).text
    assert outcomes(world)[0] is SpeechOutcome.INTERRUPTED


@pytest.mark.parametrize(
    ("before", "command", "error", "cure"),
    [
        ((), piece(1, FIRST), "UsageError", "is over or complete"),
        ((Say(command_id="a", text=FIRST),), piece(1, SECOND), "UsageError", "is over or complete"),
        ((GenerateReply(command_id="a"),), piece(1, SECOND), "UsageError", "is over or complete"),
        ((SendText(command_id="a", text="hi"),), piece(1, SECOND), "UsageError", "is over or complete"),
        ((begin(), piece(1, FIRST, last=True)), piece(2, SECOND), "UsageError", "is over or complete"),
        ((begin(), piece(1, FIRST)), piece(2, SECOND, speech_id="speech-9"), "UsageError", "'speech-9' is over or complete"),
        ((begin("x" * MAX_TEXT_CHARS),), piece(1, "x"), "MessageTooLargeError", "say the rest in another one"),
        ((begin(), piece(1, "x" * MAX_TEXT_CHARS)), piece(2, "x"), "MessageTooLargeError", "say the rest in another one"),
        ((), begin("x" * (MAX_TEXT_CHARS + 1)), "MessageTooLargeError", "send it in parts"),
    ],
)
def test_what_cannot_be_added_is_refused_with_its_cure(
    before: Iterable[SessionCommand], command: SessionCommand, error: str, cure: str
) -> None:
    world = world_of()
    for earlier in before:
        take(world, earlier)
    request = world.command(command)
    world.commit_all()
    assert (world.refusal(request).error, world.refusal(request).retryable) == (error, False)
    assert cure in world.refusal(request).text


def test_the_bound_of_a_speech_that_waits_is_the_same() -> None:
    world = world_of(CHECKED)
    world.send("hello")
    take(world, begin("x" * MAX_TEXT_CHARS))
    request = world.command(piece(1, "x", speech_id="speech-2"))
    world.commit_all()
    assert world.refusal(request).error == "MessageTooLargeError"


def test_what_kills_twice_while_it_is_said_is_given_up() -> None:
    world = world_of()
    take(world, begin(FIRST))
    for _ in range(2):
        world.settle()
        world.kill()
        world.subscribe()
    world.settle()
    assert len(events(world, TurnFailed)) == 1
    assert outcomes(world) == [SpeechOutcome.FAILED]
    request = world.command(piece(1, SECOND))
    world.commit_all()
    assert "takes no more text" in world.refusal(request).text


@BOTH
@pytest.mark.parametrize("waits", [False, True], ids=["at once", "behind another"])
def test_killed_after_every_effect_no_piece_is_lost_and_none_is_said_twice(setup: object, waits: bool) -> None:
    speech_id = "speech-2" if waits else "speech-1"
    commands: list[SessionCommand] = [SendText(command_id="ask", text="hello")] if waits else []
    commands += [begin(), piece(1, FIRST, speech_id=speech_id), piece(2, f"{SECOND} {THIRD}", speech_id=speech_id)]
    commands += [piece(3, last=True, speech_id=speech_id), EndCall(command_id="end")]
    for fuse in range(1_000):
        world = world_of(setup)
        world.fuse = fuse
        for command in commands:
            request = world.command(command)
            world.commit_all()
            if not waits:
                world.settle()
            if world.dead:
                world.fuse = None
                world.kill()
                world.subscribe()
                if not world.accepted(request):
                    request = world.command(command)
                    world.commit_all()
                world.settle()
            assert world.accepted(request)
        world.settle()
        if world.dead:
            world.fuse = None
            world.kill()
            world.subscribe()
            world.settle()
        assert world.left
        assert heard(world)[-1] == f"{FIRST} {SECOND} {THIRD}"
        assert outcomes(world) == [SpeechOutcome.COMPLETED] * (1 + waits)
        assert sentences(world)[-3:] == [FIRST, SECOND, THIRD]
        done = {event.command_id for event in events(world, CommandDone)}  # type: ignore[attr-defined]
        assert done == {"say", "end"} | ({"ask"} if waits else set())
        if world.lives == 1:
            break
    assert world.lives == 1
    assert fuse > 30


def test_the_models_late_words_are_none_of_it() -> None:
    world = world_of(CHECKED)
    take(world, begin())
    world.feed(i.SentenceReady(token=7, text="What?"))
    take(world, piece(1, FIRST, last=True))
    assert heard(world) == [FIRST]


def test_what_has_audio_of_its_own_is_one_sentence_that_no_voice_says() -> None:
    world = world_of()
    text = f"{FIRST} {SECOND}"
    take(world, Say(command_id="say", text=text, audio=True))
    assert world.output.queue[0].say == SpeakSentence(speech_id="speech-1", index=0, text=text, audio=True)
    world.settle()
    assert sentences(world) == [text]
    assert heard(world) == [text]
    assert texts(world.state.memory.history) == [text]
    assert not [usage for event in events(world, UsageUpdated) for usage in event.models if usage.kind == "tts"]  # type: ignore[attr-defined]


@BOTH
@pytest.mark.parametrize("dies", [False, True])
def test_what_is_not_to_be_in_the_history_is_said_once_and_no_model_is_told_of_it(setup: object, dies: bool) -> None:
    world = world_of(setup)
    take(world, Say(command_id="say", text=FIRST, in_history=False))
    world.commit_all()
    assert texts(conversation(world.state.memory)) == [], "not while it is said either"
    if dies:
        world.kill()
        world.subscribe()
    world.settle()
    assert texts(world.state.memory.history) == []
    assert heard(world) == [FIRST]
    take(world, Say(command_id="next", text=SECOND))
    world.settle()
    assert texts(world.state.memory.history) == [SECOND]


def test_in_a_text_call_nothing_is_asked_of_its_audio() -> None:
    world = world_of(CHECKED)
    take(world, Say(command_id="say", text=f"{FIRST} {SECOND}", audio=True))
    assert sentences(world) == [FIRST, SECOND]
    assert outcomes(world) == [SpeechOutcome.COMPLETED]


@pytest.mark.parametrize("gone", [False, True])
def test_its_audio_goes_on_after_a_death_and_is_told_of_where_it_is_gone(gone: bool) -> None:
    world = world_of()
    take(world, Say(command_id="say", text=FIRST, audio=True))
    while world.state.phase is not S.SPEAKING:
        assert world.wait() or world.commit() or world.play(900)
    world.commit_all()
    if gone:
        world.kept = None
    world.kill()
    world.subscribe()
    world.commit_all()
    if gone:
        assert not world.output.queue
    else:
        assert world.output.queue[0].say.audio
        assert world.output.queue[0].say.kept is not None
    world.settle()
    assert outcomes(world) == [SpeechOutcome.FAILED if gone else SpeechOutcome.COMPLETED]
    assert [event.text for event in events(world, SessionError)] == [AUDIO_LOST] * gone  # type: ignore[attr-defined]


def test_its_failure_is_none_of_the_voices() -> None:
    world = world_of()
    take(world, Say(command_id="say", text=FIRST, audio=True))
    world.feed(i.SpeechFailed(speech_id="speech-1", index=0, text=AUDIO_LOST, retryable=False))
    world.settle()
    assert outcomes(world) == [SpeechOutcome.FAILED]
    assert heard(world) == [""]
    assert not world.state.voice_fails


def test_text_and_audio_do_not_come_bit_by_bit_at_once() -> None:
    world = world_of()
    request = world.command(begin(FIRST, audio=True))
    world.commit_all()
    assert "let only the audio come bit by bit" in world.refusal(request).text


@pytest.mark.parametrize(("text", "goes_on"), [("", True), ("Okay.", True), ("Stop.", False)])
def test_pieces_that_come_while_it_is_held_wait(text: str, goes_on: bool) -> None:
    world = world_of()
    take(world, begin())
    take(world, piece(1, FIRST))
    while world.state.phase is not S.SPEAKING:
        assert world.commit() or world.wait() or world.play(500)
    world.commit_all()
    world.begin_to_speak()
    assert world.state.held
    take(world, piece(2, SECOND))
    take(world, piece(3, last=True))
    assert not world.play()
    world.stop_speaking()
    world.settle(text)
    assert heard(world)[0] == (f"{FIRST} {SECOND}" if goes_on else "Your")
    assert outcomes(world)[0] is (SpeechOutcome.COMPLETED if goes_on else SpeechOutcome.INTERRUPTED)
    assert world.state.phase is S.IDLE


@BOTH
@pytest.mark.parametrize("waits", [False, True])
def test_what_is_written_otherwise_is_what_the_history_has_and_the_bound_is_for_it_too(setup: object, waits: bool) -> None:
    world = world_of(setup)
    speech_id = "speech-2" if waits else "speech-1"
    if waits:
        world.send("hello")
    take(world, begin())
    more = {"speech_id": speech_id, "text": "Damn good. ", "written": "**** good. "}
    take(world, ExtendSpeech(command_id="1", **more))  # type: ignore[arg-type]
    request = world.command(ExtendSpeech(command_id="2", speech_id=speech_id, text="x", written="x" * MAX_TEXT_CHARS))
    world.commit_all()
    assert world.refusal(request).error == "MessageTooLargeError"
    take(world, ExtendSpeech(command_id="3", speech_id=speech_id, text="It is.", last=True))
    world.settle()
    assert texts(world.state.memory.history)[-1] == "**** good. It is."
    assert heard(world)[-1] == "**** good. It is."
    assert sentences(world)[-2:] == ["Damn good.", "It is."]


@BOTH
def test_a_piece_for_which_nothing_is_written_is_said_and_not_in_the_history(setup: object) -> None:
    world = world_of(setup)
    take(world, begin())
    take(world, ExtendSpeech(command_id="1", speech_id="speech-1", text="Psst. ", written=""))
    take(world, ExtendSpeech(command_id="2", speech_id="speech-1", text="It is.", last=True))
    world.settle()
    assert texts(world.state.memory.history)[-1] == "It is."
    assert heard(world)[-1] == "It is."
    assert sentences(world)[-2:] == ["Psst.", "It is."]
