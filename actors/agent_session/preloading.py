"""What every session needs, loaded before its process is forked."""

from typing import Any, Final

from actors.agent_session.core import Entry
from protocols import DecodeError, Envelope, unpack

_CODECS: Final[tuple[Any, ...]] = (Entry, Envelope)


def preload() -> None:
    """Make the codecs of journal and messages; importing this package has loaded the rest."""
    for annotation in _CODECS:
        try:
            unpack(annotation, b"")
        except DecodeError:
            continue  # nothing is not a value, but now the coders are there
