"""What every session needs, made before its process is forked."""

from typing import Any, Final, get_args

from protocols import DecodeError, Envelope, Message, SessionCommand, event_types, unpack

_CODED: Final[tuple[Any, ...]] = (
    Envelope,
    *(cls for union in (Message, SessionCommand) for cls in get_args(union)),
    *event_types(),
)
_NOTHING: Final = b"\xc0"  # msgpack for None


def preload() -> None:
    """Make the codecs of messages; importing this package has loaded the rest."""
    for annotation in _CODED:
        try:
            unpack(annotation, _NOTHING)
        except DecodeError:
            continue  # no such value, but now there is a codec
