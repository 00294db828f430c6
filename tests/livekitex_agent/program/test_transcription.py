"""What the agent has said reaches the sink of text that a program gives its session."""

import asyncio

import pytest
from hypothesis import given
from hypothesis import strategies as st

from livekitex_agent import Agent, AgentSession, provider
from livekitex_agent.program.transcription import cut_word
from livekitex_agent.testing.fakes import scripted_llm
from livekitex_agent.voice.io import TextOutput


class Screen(TextOutput):
    """Shows whole segments; the first of them makes it fail, if it is ``broken``, and it is slow with each."""

    def __init__(self, *, broken: bool = False) -> None:
        super().__init__(label="screen")
        self.broken = broken
        self.segments: list[str] = []
        self.shown = asyncio.Event()
        self._text = ""

    async def capture_text(self, text: str) -> None:
        if self.broken:
            self.broken = False
            raise OSError("no screen")
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        self._text += text

    def flush(self) -> None:
        self.segments.append(self._text)
        self._text = ""
        if self.segments[-1] == "Good bye.":
            self.shown.set()


@pytest.mark.parametrize("broken", [True, False])
def test_each_reply_is_a_segment_in_order_also_after_a_failure(broken: bool) -> None:
    async def check() -> None:
        screen = Screen(broken=broken)
        llm = provider(scripted_llm, replies=[{"say": "Two pizzas. Anything else?"}])
        async with asyncio.timeout(20), AgentSession(llm=llm) as session:
            session.output.transcription = screen
            await session.start(Agent(instructions="You take orders."))
            await session.say("Hello.")
            await session.run(user_input="two pizzas")
            session.output.set_transcription_enabled(False)
            await session.say("Not shown.")
            session.output.set_transcription_enabled(True)
            await session.say("Good bye.")
            await screen.shown.wait()
        assert screen.segments == ([] if broken else ["Hello."]) + ["Two pizzas. Anything else?", "Good bye."]

    asyncio.run(check())


@pytest.mark.parametrize(
    ("heard", "word"),
    [
        ("", "Two"),
        ("Two", " large"),
        ("Hello. Two large", "  pizzas."),
        ("Two large  pizzas.", ""),
        ("Two large  pizzas. And", ""),
    ],
)
def test_of_a_sentence_that_is_cut_the_word_is_shown_that_was_being_said(heard: str, word: str) -> None:
    assert cut_word("Two large  pizzas.", heard) == word


@given(st.lists(st.sampled_from(["word", "two", "."]), min_size=1), st.data())
def test_what_is_shown_of_a_sentence_that_is_cut_is_its_beginning(words: list[str], data: st.DataObject) -> None:
    sentence = " ".join(words)
    heard = " ".join(words[: data.draw(st.integers(0, len(words)))])
    shown = heard + cut_word(sentence, heard)
    assert sentence.startswith(shown)
    assert (shown != heard) == (heard != sentence)


def test_nothing_is_cut_of_a_speech_of_which_nothing_was_begun() -> None:
    assert cut_word("", "") == ""
