"""What is understood of the caller, as LiveKit's sessions tell it: piece by piece as it is settled, and what is open of the next piece.

The call tells of a turn as a whole: its interim texts hold all that was said so far, and its final one all of it. A piece that a process
has told before it died is told again by the next one, as the turn's text or a part of it.
"""

from livekitex_agent.voice.events import UserInputTranscribedEvent
from protocols import UserInputSettled, UserInputTranscribed

__all__ = ["UserTranscripts"]


class UserTranscripts:
    """Makes pieces of a turn's texts. Pure, but that it remembers what of the open turn was settled."""

    def __init__(self) -> None:
        self._settled = ""

    def piece_of(self, heard: UserInputTranscribed | UserInputSettled, wall_s: float) -> UserInputTranscribedEvent | None:
        """What is new in ``heard``, final if it is settled; None if nothing is."""
        known = self._settled
        if isinstance(heard, UserInputSettled):
            final, self._settled = True, heard.text
        elif final := heard.is_final:
            self._settled = ""
        rest = heard.text.removeprefix(known).strip()
        if not rest:
            return None
        language, speaker = heard.language or None, heard.speaker_id or None
        return UserInputTranscribedEvent(transcript=rest, is_final=final, language=language, speaker_id=speaker, created_at=wall_s)
