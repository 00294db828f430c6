"""Each part of a session fails in each of its ways: the call goes on, it is told, and the caller hears something.

The faults are those of which a call elsewhere ends, or stays deaf without a word.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import pytest

from actors.agent_session import SHARED_MEMORY_BYTES
from protocols import (
    LLM,
    SHUTDOWN,
    STT,
    TTS,
    AgentMessage,
    AudioAccepted,
    AudioChunk,
    AudioPushed,
    ChatContext,
    ChatOptions,
    CommandDone,
    Degraded,
    EventPushed,
    ExitSignal,
    LLMEvent,
    PartFailed,
    PartRecovered,
    PartRestarted,
    SendText,
    SessionError,
    StreamAudio,
    Subscribe,
    TextDelta,
    ToolSchema,
    Transcript,
    UserMessage,
)
from support.actor_host import ActorHost
from support.scripted_providers import VOICE_HZ, agent, read_aloud, spoken

APOLOGY = "Sorry, that went wrong."
REPEAT = "Say that again?"
OPTIONS = {"apology": APOLOGY, "repeat": REPEAT}


class _Voice(TTS):
    """Says a sentence that it is not asked to fail at; a failure is for good, and a silence too."""

    rate_hz = VOICE_HZ

    def __init__(self, how: str) -> None:
        self._how = how
        self._broken = False

    async def synthesize(self, text: str) -> AsyncIterator[AudioChunk]:
        self._broken = self._broken or "break" in text
        if self._broken and self._how == "raises":
            raise RuntimeError("no larynx")
        if self._broken and self._how == "hangs":
            await asyncio.Event().wait()
        pcm = spoken(text, VOICE_HZ)
        if self._broken:  # it goes silent in the middle
            yield AudioChunk(pcm=pcm[: VOICE_HZ // 50 * 2], rate_hz=VOICE_HZ)
            await asyncio.Event().wait()
        yield AudioChunk(pcm=pcm, rate_hz=VOICE_HZ)


class _Model(LLM):
    """Repeats what was said to it, unless that is what to do wrong."""

    async def chat(self, context: ChatContext, tools: Sequence[ToolSchema], options: ChatOptions) -> AsyncIterator[LLMEvent]:
        said = context.messages[-1].text
        if said == "raise":
            raise RuntimeError("no idea")
        if said == "hang":
            await asyncio.Event().wait()
        yield TextDelta(text=f"You said {said}")
        if said == "go silent":
            await asyncio.Event().wait()
        yield TextDelta(text=".")


class _Ears(STT):
    """Fails the first ``times`` that it is asked."""

    rate_hz = 16_000

    def __init__(self, times: int) -> None:
        self._times = times

    async def recognize(self, pcm: bytes, *, language: str = "") -> Transcript:
        self._times -= 1
        if self._times >= 0:
            raise RuntimeError("no ears")
        return Transcript(text=read_aloud(pcm, 16_000))


def voice(options: Mapping[str, Any]) -> TTS:
    return _Voice(options["how"])


def model(options: Mapping[str, Any]) -> LLM:
    return _Model()


def ears(options: Mapping[str, Any]) -> STT:
    return _Ears(options["times"])


Begin = Callable[..., "Call"]


class Call:
    """One call, as its subscriber sees it."""

    def __init__(self, host: ActorHost) -> None:
        self.mail = host.mail
        self._sent = 0
        self._sequence = 0
        assert self.mail.ask(Subscribe(from_number=1, audio=True))

    def say(self, text: str) -> None:
        """Write ``text`` as the caller, and wait until that is done."""
        self._sent += 1
        self.mail.ask(SendText(command_id=f"text-{self._sent}", text=text))
        self.wait(CommandDone, lambda event: event.command_id == f"text-{self._sent}")

    def speak(self, text: str) -> None:
        """Say ``text`` as the caller."""
        pcm = spoken(text, pause_s=0.8)
        for at in range(0, len(pcm), 3_200):
            answer = self.mail.ask(StreamAudio(sequence=self._sequence, rate_hz=16_000, pcm=pcm[at : at + 3_200]))
            assert isinstance(answer, AudioAccepted)
            self._sequence = answer.next_sequence

    def wait(self, kind: type[Any], where: Callable[[Any], bool]) -> Any:
        return self.mail.wait_for(EventPushed, lambda pushed: isinstance(pushed.event, kind) and where(pushed.event)).event

    def events(self, kind: type[Any]) -> list[Any]:
        return [pushed.event for pushed in self.mail.all(EventPushed) if isinstance(pushed.event, kind)]

    def replies(self) -> list[str]:
        return [event.text for event in self.events(AgentMessage)]

    def heard(self) -> str:
        """All that the caller heard."""
        return " ".join(read_aloud(pcm, VOICE_HZ) for pcm in self._speeches())

    def _speeches(self) -> Iterator[bytes]:
        pushes = self.mail.all(AudioPushed)
        for speech_id in dict.fromkeys(pushed.speech_id for pushed in pushes):
            yield b"".join(pushed.pcm for pushed in pushes if pushed.speech_id == speech_id)


@pytest.fixture
def begin(tmp_path: Path) -> Iterator[Begin]:
    hosts: list[ActorHost] = []

    def call(**providers: Any) -> Call:
        wire = agent(voice=True, options=OPTIONS)
        wire["llm"] = {"factory": f"{__name__}:model", "options": {}}
        wire |= {kind: {"factory": f"{__name__}:{name}", "options": options} for kind, (name, options) in providers.items()}
        arguments = {"call_id": "c1", "agent": wire, "options": {"journal_dir": str(tmp_path), "retention_s": 0}}
        memory = memoryview(bytearray(SHARED_MEMORY_BYTES))
        hosts.append(ActorHost("actors.agent_session:AgentSession", arguments, actor_id="agent_session/c1", memory=memory))
        return Call(hosts[-1].up())

    yield call
    for host in hosts:
        host.mail.tell(ExitSignal(reason=str(SHUTDOWN), from_parent=True))
        host.wait_for_end()


def test_a_speech_recognition_that_raises_once_costs_nothing(begin: Begin) -> None:
    call = begin(stt=("ears", {"times": 1}))
    call.speak("one pizza please, and some water")
    call.wait(AgentMessage, lambda event: event.text == "You said one pizza please, and some water.")
    steps = call.events(PartFailed) + call.events(PartRestarted) + call.events(PartRecovered)
    assert steps == [
        PartFailed(part="stt", text="RuntimeError: no ears", retryable=True),
        PartRestarted(part="stt", restarts=1, text="RuntimeError: no ears"),
        PartRecovered(part="stt"),
    ]
    assert not call.events(SessionError)


def test_a_speech_recognition_that_raises_has_the_caller_asked_again(begin: Begin) -> None:
    call = begin(stt=("ears", {"times": 2}))  # once ahead of the end of the turn, and once at it
    call.speak("one pizza please, and some water")
    error = call.wait(SessionError, lambda event: event.source == "stt")
    assert "no ears" in error.text
    call.wait(AgentMessage, lambda event: event.text == REPEAT)
    call.speak("two pizzas please, and some water")
    call.wait(AgentMessage, lambda event: event.text == "You said two pizzas please, and some water.")
    assert [event.text for event in call.events(UserMessage)] == ["two pizzas please, and some water"]
    assert call.events(Degraded) == [Degraded(part="stt", to="text", text="RuntimeError: no ears")]
    assert call.events(PartRecovered) == [PartRecovered(part="stt")]


def test_a_model_that_raises_in_four_turns_has_the_apology_said_in_each(begin: Begin) -> None:
    call = begin()
    for _ in range(4):
        call.say("raise")
    call.say("hello")
    assert call.replies() == [APOLOGY] * 4 + ["You said hello."]
    assert [event.source for event in call.events(SessionError)] == ["llm"] * 4
    assert [event.restarts for event in call.events(PartRestarted)] == [1, 2, 3, 4, 5]
    assert {(event.part, event.to) for event in call.events(Degraded)} == {("llm", "apology")}
    assert call.events(PartRecovered) == [PartRecovered(part="llm")]
    assert call.heard() == " ".join([APOLOGY] * 4 + ["You said hello."])


@pytest.mark.parametrize(
    ("said", "replies"),
    [("hang", [APOLOGY]), ("go silent", ["You said go silent. " + APOLOGY, "You said go silent " + APOLOGY, APOLOGY])],
)
def test_a_model_that_goes_silent_is_given_up(begin: Begin, monkeypatch: pytest.MonkeyPatch, said: str, replies: list[str]) -> None:
    monkeypatch.setattr("actors.agent_session.engine.generation.DELTA_TIMEOUT_S", 0.05)
    call = begin()
    call.say(said)
    assert call.replies()[0] in replies
    call.say("hello")
    assert call.replies()[1] == "You said hello."
    assert APOLOGY in call.heard()


@pytest.mark.parametrize("how", ["raises", "hangs", "goes silent"])
def test_a_voice_that_fails_for_good_says_once_more_that_something_went_wrong(
    begin: Begin, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    monkeypatch.setattr("actors.agent_session.engine.synthesis.CHUNK_TIMEOUT_S", 0.05)
    call = begin(tts=("voice", {"how": how}))
    call.say("hello")
    call.say("break")
    assert [event.source for event in call.events(SessionError)] == ["tts"]
    call.wait(AgentMessage, lambda event: event.text == APOLOGY)
    assert call.heard().startswith("You said hello.")
    assert call.heard().endswith(APOLOGY)
    assert call.events(Degraded)[0].to == "apology"
    if how == "raises":  # so many silences in a row are a reason to begin another incarnation
        call.say("are you there")
        assert call.replies()[-1] == "You said are you there.", "the caller is still heard, and answered in text"
        assert call.events(Degraded)[-1] == Degraded(part="tts", to="text", text="RuntimeError: no larynx")
