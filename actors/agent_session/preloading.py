"""What every session needs, made before its process is forked."""

from typing import Any, Final, get_args

from actors.agent_session.core import Entry
from protocols import DecodeError, Envelope, Message, SessionCommand, SessionEvent, unpack

_CODED: Final[tuple[Any, ...]] = (
    Entry,
    Envelope,
    *(cls for union in (Entry, Message, SessionEvent, SessionCommand) for cls in get_args(union)),
)
_NOTHING: Final = b"\xc0"  # msgpack for None


def preload() -> None:
    """Make the codecs of journal and messages; importing this package has loaded the rest."""
    for annotation in _CODED:
        try:
            unpack(annotation, _NOTHING)
        except DecodeError:
            continue  # no such value, but now there is a codec
