"""What is made before the fork."""

from actors.agent_session import preload
from protocols.codec import _coder


def test_every_codec_that_a_session_needs_is_made() -> None:
    preload()
    made = _coder.cache_info().currsize
    preload()
    assert _coder.cache_info().currsize == made > 100
