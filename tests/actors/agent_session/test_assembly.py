"""What a session works with, made from its blueprint; and what cannot work together, refused before anything is begun."""

from typing import Any

import pytest

from actors.agent_session.assembly import make_providers
from actors.agent_session.blueprint import read_blueprint
from protocols import ConfigurationError, SpeechStream, STTCapabilities
from support.scripted_providers import _Stt, agent

FINDS = STTCapabilities(streaming=True, interim_results=True, end_of_turn=True, start_of_speech=True)


class Finder(_Stt):
    """A recogniser of which only the capabilities matter."""

    def __init__(self, capabilities: STTCapabilities) -> None:
        super().__init__(0)
        self._capabilities = capabilities

    @property
    def capabilities(self) -> STTCapabilities:
        return self._capabilities

    def stream(self, *, language: str = "") -> SpeechStream:
        raise NotImplementedError


def finder(options: dict[str, Any]) -> Finder:
    return Finder(STTCapabilities(**options))


def make(*, vad: bool = True, detection: str = "stt", **capabilities: bool) -> None:
    wire = agent(voice=True, stt={"factory": f"{__name__}:finder", "options": capabilities}, options={"turn_detection": detection})
    make_providers(read_blueprint({"call_id": "c1", "agent": wire if vad else wire | {"vad": None}}, 0.0), lambda _: None)


def test_a_recogniser_that_finds_turns_may_decide_them() -> None:
    make(streaming=True, end_of_turn=True)
    make(vad=False, streaming=True, end_of_turn=True, start_of_speech=True)
    make(detection="vad")


@pytest.mark.parametrize("capabilities", [{}, {"streaming": True}, {"streaming": True, "start_of_speech": True}, {"end_of_turn": True}])
@pytest.mark.parametrize("vad", [True, False])
def test_one_that_does_not_is_refused_with_the_cure(capabilities: dict[str, bool], *, vad: bool) -> None:
    complaint = (
        r"turn_detection='stt' needs an stt whose streams find the end of a turn, and .*Finder does not say so .*turn_detection='vad'"
    )
    with pytest.raises(ConfigurationError, match=complaint):
        make(vad=vad, **capabilities)


def test_without_a_vad_it_has_to_tell_where_speech_begins() -> None:
    complaint = r"without a vad the stt has to tell where speech begins, and .*Finder does not say that it does .*: give the agent a vad"
    with pytest.raises(ConfigurationError, match=complaint):
        make(vad=False, streaming=True, end_of_turn=True)
