import pytest

from protocols import KILLED, NORMAL, SHUTDOWN, Envelope, ExitReason, ExitSignal, abnormal, encode_envelope
from supervision.actor import ends_at_once, reason_of


@pytest.mark.parametrize("trapping", [False, True])
@pytest.mark.parametrize("from_parent", [False, True])
@pytest.mark.parametrize("reason", [NORMAL, SHUTDOWN, KILLED, ExitReason.parse("killed:why"), abnormal("x")], ids=str)
def test_who_dies_of_a_signal_at_once(reason: ExitReason, from_parent: bool, trapping: bool) -> None:
    spared_by_trapping = trapping and (from_parent or reason != KILLED)
    spared_by_normal = not from_parent and reason == NORMAL
    assert ends_at_once(reason, from_parent=from_parent, trapping=trapping) is not (spared_by_trapping or spared_by_normal)


class Mute(Exception):  # noqa: N818
    def __str__(self) -> str:
        raise RuntimeError("no text either")


@pytest.mark.parametrize(
    ("failure", "reason"),
    [
        (ValueError("a\nb"), "error:ValueError: a"),
        (ValueError(), "error:ValueError"),
        (ValueError("\n b"), "error:ValueError: b"),
        (KeyError("k"), "error:KeyError: 'k'"),
        (ValueError("x" * 1001), "error:ValueError: " + "x" * 499 + "…" + "x" * 500),
        (ValueError("\ud800"), r"error:ValueError: \ud800"),
        (Mute(), "error:Mute: (no text)"),
    ],
)
def test_a_reason_of_any_exception_can_travel(failure: BaseException, reason: str) -> None:
    assert str(reason_of(failure)) == reason
    assert encode_envelope(Envelope(message=ExitSignal(reason=reason, from_parent=True), message_id="", to_id="", to_uid=""))
