from protocols import ModelUsage, UsageUpdated
from protocols.codec import pack, unpack


def test_values_travel_within_their_events() -> None:
    event = UsageUpdated(models=(ModelUsage(kind="llm", input_tokens=3), ModelUsage(kind="tts", characters=12, audio_s=0.5)))
    assert unpack(UsageUpdated, pack(UsageUpdated, event)) == event
