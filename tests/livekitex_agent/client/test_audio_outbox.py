from hypothesis import given
from hypothesis import strategies as st

from livekitex_agent.client import audio_outbox
from livekitex_agent.client.audio_outbox import BATCH_S, CAPACITY_S, PROBE_S, AudioOutbox
from protocols import StreamAudio

RATE = 8_000


def audio(seconds: float, value: int = 0) -> bytes:
    return value.to_bytes(2, "little") * round(seconds * RATE)


def with_batches(count: int) -> AudioOutbox:
    """``count`` batches, all sent, none acknowledged."""
    outbox = audio_outbox.begin(0)
    for number in range(count):
        outbox = audio_outbox.offer(outbox, audio(BATCH_S, number), RATE, 100.0)
    return audio_outbox.tick(outbox, 100.0)[0]


def sequences(batches: tuple[StreamAudio, ...]) -> list[int]:
    return [batch.sequence for batch in batches]


def test_small_pieces_are_gathered_into_one_batch() -> None:
    outbox = audio_outbox.begin(7)
    for _ in range(4):
        outbox = audio_outbox.offer(outbox, audio(0.02), RATE, 100.0)
    outbox, batches = audio_outbox.tick(outbox, 100.0)
    assert batches == ()
    outbox, batches = audio_outbox.tick(audio_outbox.offer(outbox, audio(0.02), RATE, 100.08), 100.08)
    assert batches == (StreamAudio(sequence=7, rate_hz=RATE, pcm=audio(0.1)),)
    assert audio_outbox.tick(outbox, 100.1)[1] == ()


def test_gathered_audio_does_not_wait_for_more_for_ever() -> None:
    outbox = audio_outbox.offer(audio_outbox.begin(0), audio(0.02), RATE, 100.0)
    assert outbox.wake_at == 100.0 + BATCH_S
    assert sequences(audio_outbox.tick(outbox, 100.0 + BATCH_S)[1]) == [0]


def test_another_rate_begins_another_batch() -> None:
    outbox = audio_outbox.offer(audio_outbox.begin(0), audio(0.02), RATE, 100.0)
    outbox = audio_outbox.flush(audio_outbox.offer(outbox, audio(0.02), 16_000, 100.0))
    assert [batch.rate_hz for batch in outbox.waiting] == [RATE, 16_000]


def test_long_audio_is_cut_into_batches_that_a_session_takes() -> None:
    outbox = audio_outbox.offer(audio_outbox.begin(0), audio(2.5), RATE, 100.0)
    assert [len(batch.pcm) for batch in outbox.waiting] == [2 * RATE, 2 * RATE, RATE]
    assert outbox.waiting_s == 2.5


def test_acknowledged_batches_are_forgotten() -> None:
    outbox = with_batches(3)
    outbox = audio_outbox.accepted(outbox, outbox.waiting[1], 2, 100.0, probe=False)
    assert sequences(outbox.waiting) == [2]
    assert not outbox.probing
    outbox = audio_outbox.accepted(outbox, outbox.waiting[0], 3, 100.0, probe=False)
    assert outbox.empty
    assert outbox.wake_at is None


def test_a_new_life_is_probed_with_the_oldest_batch_and_sent_what_it_lacks() -> None:
    outbox = audio_outbox.revived(with_batches(3), 101.0)
    outbox, batches = audio_outbox.tick(outbox, 101.0)
    assert sequences(batches) == [0]
    assert outbox.wake_at == 101.0 + PROBE_S
    assert audio_outbox.tick(outbox, 101.1)[1] == ()
    outbox = audio_outbox.accepted(outbox, batches[0], 2, 101.2, probe=True)
    outbox, batches = audio_outbox.tick(outbox, 101.2)
    assert sequences(batches) == [2]


def test_a_refused_or_unanswered_batch_begins_one_probe() -> None:
    outbox = with_batches(3)
    doubted = audio_outbox.accepted(outbox, outbox.waiting[2], 1, 101.0, probe=False)
    assert doubted.probing
    assert sequences(doubted.waiting) == [1, 2]
    assert audio_outbox.doubted(outbox, 101.0).probing
    assert audio_outbox.doubted(doubted, 105.0).probe_due == 101.0


def test_nothing_to_probe_with_sends_nothing_until_there_is() -> None:
    outbox = audio_outbox.revived(audio_outbox.begin(0), 101.0)
    assert audio_outbox.tick(outbox, 101.0) == (outbox, ())
    assert outbox.wake_at is None
    outbox = audio_outbox.offer(outbox, audio(BATCH_S), RATE, 102.0)
    assert sequences(audio_outbox.tick(outbox, 102.0)[1]) == [0]


def test_a_session_that_lost_its_memory_is_followed() -> None:
    outbox = with_batches(3)
    outbox = audio_outbox.accepted(outbox, outbox.waiting[1], 2, 100.0, probe=False)
    outbox, (probe,) = audio_outbox.tick(audio_outbox.revived(outbox, 101.0), 101.0)
    outbox = audio_outbox.accepted(outbox, probe, 0, 101.0, probe=True)
    assert sequences(outbox.waiting) == [0]
    assert outbox.next_sequence == 1
    assert [batch.pcm for batch in audio_outbox.tick(outbox, 101.0)[1]] == [audio(BATCH_S, 2)]


def test_a_late_answer_of_an_old_life_renumbers_nothing() -> None:
    outbox = with_batches(3)
    first = outbox.waiting[0]
    outbox = audio_outbox.accepted(outbox, outbox.waiting[1], 2, 100.0, probe=False)
    assert sequences(audio_outbox.accepted(outbox, first, 1, 100.0, probe=False).waiting) == [2]


def test_ten_seconds_are_the_bound() -> None:
    assert not with_batches(99).full
    assert with_batches(round(CAPACITY_S / BATCH_S)).full


class _Session:
    """A session as the contract of `StreamAudio` has it, whose memory outlives it."""

    def __init__(self) -> None:
        self.heard: list[bytes] = []

    def take(self, batch: StreamAudio) -> int:
        if batch.sequence == len(self.heard):
            self.heard.append(batch.pcm)
        return len(self.heard)


STEP = st.sampled_from(["speak", "arrive", "answer", "lose_answer", "die", "wait"])


@given(st.lists(STEP, max_size=200))
def test_whatever_dies_or_is_lost_every_word_is_heard_once_and_in_order(steps: list[str]) -> None:
    session, outbox, now = _Session(), audio_outbox.begin(0), 100.0
    spoken: list[bytes] = []
    flying: list[tuple[StreamAudio, bool]] = []  # batches on their way, in order
    answers: list[tuple[StreamAudio, bool, int]] = []

    def send() -> None:
        nonlocal outbox
        probe = outbox.probing
        outbox, batches = audio_outbox.tick(outbox, now)
        flying.extend((batch, probe) for batch in batches)

    for what in [*steps, *["wait", "arrive", "answer"] * 50]:
        if what == "speak":
            spoken.append(audio(BATCH_S, len(spoken)))
            outbox = audio_outbox.offer(outbox, spoken[-1], RATE, now)
        elif what == "arrive":
            answers.extend((batch, probe, session.take(batch)) for batch, probe in flying)
            flying.clear()
        elif what == "answer" and answers:
            batch, probe, next_sequence = answers.pop(0)
            outbox = audio_outbox.accepted(outbox, batch, next_sequence, now, probe=probe)
        elif what == "lose_answer" and answers:
            answers.pop(0)
            outbox = audio_outbox.doubted(outbox, now)
        elif what == "die":
            flying.clear()
            answers.clear()
            outbox = audio_outbox.revived(outbox, now)
        elif what == "wait":
            now += PROBE_S
        send()
    assert session.heard == spoken[: len(session.heard)]
    assert outbox.empty
    assert len(session.heard) == len(spoken)
