from livekitex_agent.gateway.frames import EventsLost, Frame, Pushed, Response, SystemReady
from livekitex_agent.gateway.outbox import MAX_ANSWERS, MAX_AUDIO_BYTES, MAX_EVENTS, Outbox
from protocols import AudioCleared, AudioPushed, CallStarted, CommandAccepted, EventPushed, NameChanged, Ref

CHUNK = b"\0\0" * 16_000


def event(number: int, call_id: str = "c") -> Pushed:
    return Pushed(message=EventPushed(call_id=call_id, number=number, incarnation=1, wall_s=0.0, event=CallStarted(call_id=call_id)))


def audio(position: int) -> Pushed:
    return Pushed(message=AudioPushed(call_id="c", speech_id="s", position=position, rate_hz=16_000, pcm=CHUNK))


def change(name: str, life: int) -> Pushed:
    return Pushed(message=NameChanged(name=name, ref=Ref(id=name, uid=str(life), address="here")))


def answer(number: int) -> Response:
    return Response(request_id=number, message=CommandAccepted(command_id=str(number)))


def drain(outbox: Outbox) -> list[Frame]:
    frames = []
    while (frame := outbox.pop()) is not None:
        frames.append(frame)
    return frames


def test_answers_first_then_events_and_names_in_order_then_audio() -> None:
    outbox = Outbox()
    for frame in (audio(0), event(0), change("a", 1), event(1), answer(1), SystemReady(root_pid=1)):
        outbox.push(frame)
    assert drain(outbox) == [answer(1), SystemReady(root_pid=1), event(0), change("a", 1), event(1), audio(0)]


def test_a_name_waits_once_with_its_newest_change() -> None:
    outbox = Outbox()
    for frame in (change("a", 1), change("b", 1), change("a", 2)):
        outbox.push(frame)
    assert drain(outbox) == [change("a", 2), change("b", 1)]
    outbox.push(change("a", 3))
    assert drain(outbox) == [change("a", 3)]


def test_too_many_events_of_a_call_are_announced_as_lost_and_then_go_on() -> None:
    outbox = Outbox()
    for number in range(MAX_EVENTS + 10):
        outbox.push(event(number))
    outbox.push(event(0, "other"))
    outbox.pop()
    outbox.push(event(MAX_EVENTS + 10))  # there is room, but after a gap it would be of no use
    assert drain(outbox) == [*map(event, range(1, MAX_EVENTS)), EventsLost(call_id="c"), EventsLost(call_id="other")]
    outbox.push(event(0))
    assert drain(outbox) == [event(0)]


def test_too_much_audio_drops_the_oldest() -> None:
    outbox = Outbox()
    fit = MAX_AUDIO_BYTES // len(CHUNK)
    for position in range(fit + 3):
        outbox.push(audio(position))
    assert outbox.dropped_audio == 3
    assert drain(outbox) == [audio(position) for position in range(3, fit + 3)]
    for position in range(fit):  # what was written, and what was dropped, gives its room back
        outbox.push(audio(position))
    assert outbox.dropped_audio == 3
    outbox.pop()
    outbox.push(audio(fit))
    assert outbox.dropped_audio == 3
    outbox.push(audio(fit + 1))
    assert outbox.dropped_audio == 4
    assert drain(outbox) == [audio(position) for position in range(2, fit + 2)]


def test_too_many_answers_drop_the_oldest() -> None:
    outbox = Outbox()
    for number in range(MAX_ANSWERS + 1):
        outbox.push(answer(number))
    assert drain(outbox)[0] == answer(1)


def test_audio_that_is_recalled_and_still_waits_is_not_sent() -> None:
    outbox, rate = Outbox(), 16_000
    cleared = Pushed(message=AudioCleared(call_id="c", speech_id="s", position=rate, fade_ms=10))
    another = Pushed(message=AudioPushed(call_id="d", speech_id="s", position=5 * rate, rate_hz=rate, pcm=CHUNK))
    for frame in (another, audio(0), audio(rate), audio(2 * rate), cleared, audio(rate)):
        outbox.push(frame)
    assert drain(outbox) == [another, audio(0), cleared, audio(rate)]
    for second in range(2 * MAX_AUDIO_BYTES // len(CHUNK)):
        outbox.push(audio(second * rate))
        outbox.push(Pushed(message=AudioCleared(call_id="d", speech_id="s", position=0, fade_ms=10)))
    assert sum(isinstance(frame, Pushed) and isinstance(frame.message, AudioPushed) for frame in drain(outbox)) <= MAX_AUDIO_BYTES // len(
        CHUNK
    )
