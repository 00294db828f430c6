"""An agent's own `transcription_node`: what is kept and shown of what it says."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator
from typing import Any

import pytest

from livekitex_agent import Agent, AgentSession, ModelSettings, provider
from livekitex_agent.program import written_text
from livekitex_agent.program.written_text import deltas_of, written_by
from livekitex_agent.testing.fakes import scripted_llm
from livekitex_agent.voice import io
from protocols import CallDelta, TextDelta


class Mild(Agent):
    """Writes nothing rude."""

    def __init__(self) -> None:
        super().__init__(instructions="Be brief.")

    async def transcription_node(self, text: AsyncIterable[str], model_settings: ModelSettings) -> AsyncIterator[str]:
        """Put stars in the place of a word."""
        async for piece in text:
            yield piece.replace("damn", "****")


class Late(Agent):
    """Writes everything when all of it is there."""

    async def transcription_node(self, text: AsyncIterable[str], model_settings: ModelSettings) -> str:
        """Take it all."""
        return "".join([piece async for piece in text]).upper()


class Screen(io.TextOutput):
    """Shows what is written."""

    def __init__(self) -> None:
        super().__init__(label="screen", next_in_chain=None)
        self.shown: list[str] = []

    async def capture_text(self, text: str) -> None:
        """One more text."""
        self.shown.append(text)

    def flush(self) -> None:
        """The end of one."""


def written(agent: Agent, *texts: str) -> list[str | None]:
    async def run() -> list[str | None]:
        async def given() -> AsyncIterator[TextDelta]:
            for text in texts:
                yield TextDelta(text=text)

        return [delta.written async for delta in written_by(agent, given())]

    return asyncio.run(run())


def test_what_the_node_makes_of_a_piece_is_written_for_it() -> None:
    assert written(Mild(), "That is ", "damn good.") == ["That is ", "**** good.", "", ""]


def test_a_node_that_wants_the_whole_text_first_writes_at_its_end_and_the_voice_has_it_all_before() -> None:
    assert written(Late(instructions=""), "Hello. ", "Bye.") == ["", "", "", "HELLO. BYE."]


def test_an_agent_without_one_writes_what_it_says() -> None:
    assert written(Agent(instructions=""), "Hello.") == [None]


def test_what_is_no_text_passes_and_without_a_text_no_node_is_asked() -> None:
    class Never(Agent):
        def transcription_node(self, text: AsyncIterable[str], model_settings: ModelSettings) -> Any:
            raise AssertionError(text)

    async def run() -> list[Any]:
        async def given() -> AsyncIterator[CallDelta]:
            yield CallDelta(name="look")

        return [event async for event in written_by(Never(instructions=""), given())]

    assert asyncio.run(run()) == [CallDelta(name="look")]


def test_a_node_that_raises_is_told_and_nothing_more_is_written(caplog: pytest.LogCaptureFixture) -> None:
    class Breaks(Agent):
        async def transcription_node(self, text: AsyncIterable[str], model_settings: ModelSettings) -> AsyncIterator[str]:
            async for piece in text:
                yield piece
                raise ZeroDivisionError

    assert written(Breaks(instructions=""), "One. ", "Two.") == ["One. ", "", "", ""]
    assert "the transcription_node has failed" in caplog.text


def test_a_node_that_takes_its_time_keeps_nothing_back_and_has_a_bound(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(written_text, "WAIT_S", 0.01)
    monkeypatch.setattr(written_text, "END_S", 0.01)

    class Hangs(Agent):
        async def transcription_node(self, text: AsyncIterable[str], model_settings: ModelSettings) -> AsyncIterator[str]:
            async for piece in text:
                await asyncio.Event().wait()
                yield piece

    assert written(Hangs(instructions=""), *["One. "] * 50) == [""] * 52
    assert "had not ended 0.01 s after its text" in caplog.text


def test_who_leaves_before_the_end_ends_the_node_and_closes_what_it_was_given() -> None:
    closed: list[str] = []

    class Told(Agent):
        async def transcription_node(self, text: AsyncIterable[str], model_settings: ModelSettings) -> AsyncIterator[str]:
            try:
                async for piece in text:
                    yield piece
            finally:
                closed.append("node")

    async def given() -> AsyncIterator[str]:
        try:
            yield "One. "
            yield "Two. "
        finally:
            closed.append("text")

    async def run() -> None:
        events = written_by(Told(instructions=""), deltas_of(given()))
        assert await anext(events) == TextDelta(text="One. ", written="One. ")
        await events.aclose()  # type: ignore[attr-defined]

    asyncio.run(run())
    assert sorted(closed) == ["node", "text"]


async def bits(*texts: Any) -> AsyncIterator[Any]:
    """A text bit by bit."""
    for text in texts:
        yield text


def test_what_is_said_is_kept_and_shown_as_it_is_written() -> None:
    screen = Screen()

    async def main() -> None:
        llm = provider(scripted_llm, replies=[{"to": "hello", "say": "That is damn good.\n\nDamn  damn."}])
        async with asyncio.timeout(20), AgentSession[Any](llm=llm) as session:
            session.output.transcription = screen
            await session.start(Mild())
            await session.generate_reply(user_input="hello")
            await session.say("The damn  end.\nBye.")
            await session.say(bits("Well, da", "mn. ", "damn", "."))
            await session.say(bits("One. ", 2))
            texts = [item.text_content for item in session.history.items if item.type == "message" and item.role == "assistant"]
            assert texts == ["That is **** good.\n\nDamn  ****.", "The ****  end.\nBye.", "Well, damn. ****.", "One. "]

    asyncio.run(main())
    assert screen.shown == ["That is **** good.\n\nDamn  ****.", "The ****  end.\nBye.", "Well, damn. ****.", "One. "]


def test_a_text_is_kept_as_the_model_and_the_program_wrote_it() -> None:
    async def main() -> None:
        llm = provider(scripted_llm, replies=[{"to": "hello", "say": "1.  One\n2.  Two\n\n\tThree.  Four."}])
        async with asyncio.timeout(20), AgentSession[Any](llm=llm) as session:
            await session.start(Agent(instructions="Be brief."))
            await session.generate_reply(user_input="hello")
            await session.say("一二三。四五六。")
            await session.say(bits("A  b.", "\n\nC.", " "))
            nothing = session.say("")
            await nothing
            assert (nothing.interrupted, nothing.chat_items) == (False, [])
            await session.say(" \n")
            texts = [item.text_content for item in session.history.items if item.type == "message" and item.role == "assistant"]
            assert texts == ["1.  One\n2.  Two\n\n\tThree.  Four.", "一二三。四五六。", "A  b.\n\nC. "]

    asyncio.run(main())
