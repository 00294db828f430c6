"""Audio goes to those who want it."""

from actors.agent_session.audio_publisher import AudioPublisher
from actors.agent_session.core import Subscriber
from protocols import AudioCleared, AudioPushed, Message, Ref

LISTENER, READER = (Ref(id=name, uid="1", address="") for name in ("listener", "reader"))


def test_audio_and_its_recall_go_to_the_subscribers_that_want_audio_now() -> None:
    sent = list[tuple[Ref, Message]]()
    subscribers = [Subscriber(ref=LISTENER, audio=True), Subscriber(ref=READER, audio=False)]
    publisher = AudioPublisher("c", 8_000, lambda to, message: sent.append((to, message)), lambda: subscribers)
    assert publisher.push("s", 100, bytes(1_600)) == 900
    publisher.clear("s", 400, 10)
    assert sent == [
        (LISTENER, AudioPushed(call_id="c", speech_id="s", position=100, rate_hz=8_000, pcm=bytes(1_600))),
        (LISTENER, AudioCleared(call_id="c", speech_id="s", position=400, fade_ms=10)),
    ]
    subscribers.clear()
    publisher.push("s", 400, bytes(1_600))
    assert len(sent) == 2
    assert publisher.seconds == 0.2
