import pytest

from actors.providers.vad import energy, silero, webrtc
from protocols import VAD
from support.vad_conformance import VADConformance


class TestEnergy(VADConformance):
    @pytest.fixture
    def vad(self) -> VAD:
        return energy({})

    @pytest.fixture
    def keen(self) -> VAD:
        return energy({"sensitivity": 0.9})


class TestWebRTC(VADConformance):
    deaf_to_clicks = False

    @pytest.fixture
    def vad(self) -> VAD:
        return webrtc({})

    @pytest.fixture
    def keen(self) -> VAD:
        return webrtc({"sensitivity": 0.9})


class TestSilero(VADConformance):
    @pytest.fixture
    def vad(self) -> VAD:
        return silero({})

    @pytest.fixture
    def keen(self) -> VAD:
        return silero({"sensitivity": 0.9})
