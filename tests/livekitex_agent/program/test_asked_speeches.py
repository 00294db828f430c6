"""What a program asks to be said: what of LiveKit's arguments becomes the call's command, and what is decided where they are left out."""

import asyncio
from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest

from livekitex_agent import Agent, ChatContext, function_tool
from livekitex_agent.llm import ChatMessage, ToolFlag
from livekitex_agent.program.agent_hooks import ENTERING
from livekitex_agent.program.asked_speeches import AskedSpeeches
from livekitex_agent.types import NOT_GIVEN
from livekitex_agent.voice.speech_handle import TOOL_SPEECH, SpeechHandle
from protocols import GenerateReply, Say, ToolChoice, UsageError


class Speeches:
    """Keeps what is begun, and how."""

    def __init__(self) -> None:
        self.begun: list[tuple[str, Any]] = []

    def begin(self, function: str, make: Callable[[str], Any], allow_interruptions: bool) -> Any:
        """A speech of a text, or a reply."""
        command = make("id")
        assert command.allow_interruptions is allow_interruptions
        self.begun.append((function, command))
        return self._handle()

    def begin_open(self, say: Say, pieces: Any) -> Any:
        """One of pieces."""
        del pieces
        self.begun.append(("open", say))
        return self._handle()

    def begin_with_audio(self, say: Say, audio: Any) -> Any:
        """One with its audio."""
        del audio
        self.begun.append(("audio", say))
        return self._handle()

    def _handle(self) -> SpeechHandle:
        return SpeechHandle(speech_id=str(len(self.begun)), allow_interruptions=True)


@function_tool
async def look() -> str:
    """Look."""
    return "a table"


@function_tool(flags=ToolFlag.IGNORE_ON_ENTER)
async def leave() -> str:
    """Leave."""
    return "left"


def asked(
    work: Callable[[AskedSpeeches], Any], *, agent: Agent | None = None, voice: bool = False, **session: Any
) -> tuple[list[tuple[str, Any]], list[Any]]:
    """What is begun when ``work`` asks for it, and the handles that the run watches."""
    has_call = agent or Agent(instructions="Be brief.", tools=[leave])
    watched: list[Any] = []

    async def main() -> Speeches:
        speeches = Speeches()
        activity: Any = SimpleNamespace(
            speeches=speeches,
            voices={has_call: "voice"} if voice else {},
            hooks=SimpleNamespace(current=has_call),
            current_agent=has_call,
            run=SimpleNamespace(watch=watched.append),
            session=SimpleNamespace(tools=[look], **{"_turn_handling": {}, "_flat": {}} | session),
        )
        made = work(AskedSpeeches(activity))
        assert watched == [made]
        return speeches

    return asyncio.run(main()).begun, watched


def say(text: Any = "Hello.", **how: Any) -> Callable[[AskedSpeeches], Any]:
    given = {"audio": NOT_GIVEN, "allow_interruptions": NOT_GIVEN, "add_to_chat_ctx": True} | how
    return lambda speeches: speeches.say(text, **given)


def reply(**how: Any) -> Callable[[AskedSpeeches], Any]:
    names = ("user_input", "instructions", "tool_choice", "tools", "allow_interruptions", "chat_ctx")
    return lambda speeches: speeches.generate_reply(**dict.fromkeys(names, NOT_GIVEN) | how)


def command(work: Callable[[AskedSpeeches], Any], **of: Any) -> Any:
    ((_, made),), _ = asked(work, **of)
    return made


async def pieces() -> Any:
    yield "Hello."


class Writer(Agent):
    """Writes by a node of its own."""

    async def transcription_node(self, text: Any, model_settings: Any) -> Any:  # type: ignore[override]
        """As it is."""
        async for piece in text:
            yield piece


def test_a_text_is_said_as_it_stands() -> None:
    begun, _ = asked(say(add_to_chat_ctx=False, allow_interruptions=False))
    assert begun == [("say", Say(command_id="id", text="Hello.", allow_interruptions=False, in_history=False))]


@pytest.mark.parametrize(
    ("work", "of", "how"),
    [
        (say(pieces()), {}, "open"),
        (say(audio=pieces()), {"voice": True}, "audio"),
        (say(audio=pieces()), {}, "say"),
        (say(), {"agent": Writer(instructions="Write.")}, "open"),
    ],
)
def test_pieces_and_what_a_node_writes_are_said_as_they_come_and_given_audio_is_heard_where_there_is_a_voice(
    work: Callable[[AskedSpeeches], Any], of: dict[str, Any], how: str
) -> None:
    ((begun, made),), _ = asked(work, **of)
    assert begun == how
    assert how != "open" or made.text == ""


@pytest.mark.parametrize("given", [True, False, NOT_GIVEN])
@pytest.mark.parametrize("own", [True, False, NOT_GIVEN])
@pytest.mark.parametrize("shared", [True, False, NOT_GIVEN])
def test_whether_it_may_be_interrupted_is_said_with_it_or_by_the_agent_or_the_session_and_else_it_may(
    given: Any, own: Any, shared: Any
) -> None:
    expected = next(said for said in (given, own, shared, True) if said is not NOT_GIVEN)
    agent = Agent(instructions="Be brief.", allow_interruptions=own)
    for work in (say(allow_interruptions=given), reply(allow_interruptions=given)):
        assert command(work, agent=agent, _flat={"allow_interruptions": shared}).allow_interruptions is expected


def test_a_reply_without_anything_is_the_models_own_with_all_tools() -> None:
    assert command(reply()) == GenerateReply(command_id="id", instructions="", user_input="", allow_interruptions=True)


def test_a_reply_is_asked_with_what_it_is_given() -> None:
    context = ChatContext.empty()
    context.add_message(role="user", content="Before.")
    words = ChatMessage(role="user", content=["Hello?"])
    made = command(reply(user_input=words, instructions="Be kind.", tools=["look"], tool_choice="required", chat_ctx=context))
    assert (made.user_input, made.instructions, made.tools, made.tool_choice) == ("Hello?", "Be kind.", ("look",), ToolChoice.REQUIRED)
    assert [item.text for item in made.context.messages] == ["Before."]
    assert command(reply(user_input="Hello?", instructions=None)).user_input == "Hello?"


@pytest.mark.parametrize("how", [{"tool_choice": "perhaps"}, {"tools": "look"}])
def test_what_is_no_choice_is_refused(how: dict[str, Any]) -> None:
    with pytest.raises(UsageError):
        asked(reply(**how))


def test_while_an_agent_enters_only_those_tools_are_offered_that_may_be_called_then() -> None:
    def entering(speeches: AskedSpeeches) -> Any:
        ENTERING.set(True)
        return reply()(speeches)

    assert command(entering).tools == ("look",)
    assert command(reply()).tools is None


def test_a_tool_that_asks_for_a_reply_has_it_call_none_unless_it_says_otherwise() -> None:
    def in_tool(work: Callable[[AskedSpeeches], Any]) -> Callable[[AskedSpeeches], Any]:
        def asks(speeches: AskedSpeeches) -> Any:
            TOOL_SPEECH.set((SpeechHandle(speech_id="tool", allow_interruptions=True), asyncio.current_task()))
            return work(speeches)

        return asks

    assert command(in_tool(reply())).tool_choice is ToolChoice.NONE
    assert command(in_tool(reply(tool_choice="auto"))).tool_choice is ToolChoice.AUTO


@pytest.mark.parametrize("work", [say(), reply()])
def test_a_session_that_is_drained_takes_no_more(work: Callable[[AskedSpeeches], Any]) -> None:
    def drained(speeches: AskedSpeeches) -> Any:
        speeches.drained = True
        return work(speeches)

    with pytest.raises(RuntimeError, match="the session is drained"):
        asked(drained)
