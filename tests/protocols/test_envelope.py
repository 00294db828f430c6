import dataclasses
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from protocols import WIRE_VERSION, AudioPushed, DecodeError, Envelope, MessageTooLargeError, Ping, Ref, decode_envelope, encode_envelope
from support.messages import values_of

ENVELOPE = Envelope(message=Ping(probe=1), message_id="m", to_id="a", to_uid="a-1")


@given(values_of(Envelope))
def test_any_envelope_round_trips(envelope: Envelope) -> None:
    assert decode_envelope(encode_envelope(envelope)) == envelope


def test_an_envelope_begins_with_the_version() -> None:
    data = encode_envelope(ENVELOPE)
    assert data[0] == WIRE_VERSION
    with pytest.raises(DecodeError, match=f"wire version {WIRE_VERSION + 1}, this is {WIRE_VERSION}: run one version on all nodes"):
        decode_envelope(bytes((WIRE_VERSION + 1,)) + data[1:])


def test_nothing_is_no_envelope() -> None:
    with pytest.raises(DecodeError, match="wire version none"):
        decode_envelope(b"")


def test_only_the_message_is_needed_and_where_it_goes() -> None:
    assert ENVELOPE.sender is None
    assert (ENVELOPE.correlation_id, ENVELOPE.trace_id, ENVELOPE.remaining_ms) == ("", "", None)
    full = dataclasses.replace(ENVELOPE, sender=Ref(id="b", uid="b-1", address="x"), correlation_id="q", trace_id="t", remaining_ms=5)
    assert decode_envelope(encode_envelope(full)) == full


def test_a_message_beyond_the_limit_is_not_encoded() -> None:
    audio = AudioPushed(call_id="c", speech_id="s", position=0, rate_hz=16_000, pcm=bytes(10_000_000))
    with pytest.raises(MessageTooLargeError, match=r"AudioPushed: Envelope has 100001\d\d bytes, the limit is 1048576: send it in parts"):
        encode_envelope(dataclasses.replace(ENVELOPE, message=audio))


@given(st.binary(max_size=100))
def test_any_bytes_decode_or_are_refused(data: bytes) -> None:
    for candidate in (data, bytes((WIRE_VERSION,)) + data):
        with suppress(DecodeError):
            decode_envelope(candidate)
