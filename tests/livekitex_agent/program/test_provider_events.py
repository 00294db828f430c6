"""Listening to a program's providers for as long as its session lasts."""

from typing import Any

from livekitex_agent.program.provider_events import ProviderEvents, tells_events
from livekitex_agent.utils.event_emitter import EventEmitter


class Voice(EventEmitter[str]):
    """A provider that tells events; all are equal, as a user's may be."""

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Voice)

    def __hash__(self) -> int:
        return 1

    @property
    def listeners(self) -> int:
        return sum(map(len, self._events.values()))


def listening() -> tuple[ProviderEvents, list[tuple[Any, Any]]]:
    told: list[tuple[Any, Any]] = []
    return ProviderEvents("failed", lambda provider, event: told.append((provider, event))), told


def test_an_event_is_told_with_who_tells_it() -> None:
    heard, told = listening()
    one, other = Voice(), Voice()
    heard.listen(one)
    heard.listen(other)
    one.emit("failed", 1)
    other.emit("failed", 2)
    one.emit("measured", 3)
    assert [(provider is one, provider is other, event) for provider, event in told] == [(True, False, 1), (False, True, 2)]


def test_who_is_listened_to_already_is_heard_once() -> None:
    heard, told = listening()
    voice = Voice()
    heard.listen(voice)
    heard.listen(voice)
    voice.emit("failed", 1)
    assert len(told) == 1


def test_what_tells_no_events_is_passed_over() -> None:
    heard, _ = listening()
    for silent in (None, object(), "openai:gpt"):
        heard.listen(silent)
        assert not tells_events(silent)
    assert tells_events(Voice())
    heard.stop()


def test_a_provider_that_outlives_the_session_is_let_go_and_may_be_listened_to_again() -> None:
    heard, told = listening()
    voice = Voice()
    heard.listen(voice)
    heard.stop()
    voice.emit("failed", 1)
    assert (told, voice.listeners) == ([], 0)
    heard.stop()
    heard.listen(voice)
    voice.emit("failed", 2)
    assert told == [(voice, 2)]


def test_two_sessions_that_share_a_provider_do_not_silence_each_other() -> None:
    (one, told), (other, also_told) = listening(), listening()
    voice = Voice()
    one.listen(voice)
    other.listen(voice)
    one.stop()
    voice.emit("failed", 1)
    assert (told, also_told) == ([], [(voice, 1)])
