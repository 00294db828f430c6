"""What fails of a session's providers, told as events of the session.

The program's own providers tell each failure themselves, and whether they try again; of ours the call tells those that cost a reply.
"""

from collections import Counter
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from livekitex_agent.llm import LLMError
from livekitex_agent.program.provider_events import ProviderEvents, tells_events
from livekitex_agent.stt import STTError
from livekitex_agent.tts import TTSError
from livekitex_agent.voice.events import ErrorEvent
from protocols import AgentStateChanged, EventPushed, ProviderError, SessionError, UserInputTranscribed

if TYPE_CHECKING:
    from livekitex_agent.voice.agent_session import AgentSession

_ERRORS: Final[dict[str, type[LLMError | STTError | TTSError]]] = {"llm": LLMError, "stt": STTError, "tts": TTSError}
PROGRAM: Final = "program"
"""The source of an error that the program has made itself: it is in the log, and no event of its own session."""


class ErrorsTold:
    """Used on the program's loop, where the providers' code runs.

    ``too_many`` is told the failure of a kind of provider that follows ``bound`` others (None: any number) which no retry helps either,
    and nothing of that kind has worked between them.
    """

    def __init__(self, session: "AgentSession[Any]", bound: int | None, too_many: Callable[[Any], object]) -> None:
        self._session = session
        self._bound = bound
        self._too_many = too_many
        self.heard = ProviderEvents("error", self._failed)
        """Of whom the failures are told."""
        self._in_a_row: Counter[str] = Counter()

    def tell(self, pushed: EventPushed, given: Callable[[str], Any]) -> None:
        """Something happened in the call; ``given`` is the provider of a kind that the agent has."""
        match pushed.event:
            case SessionError(source=source, text=text) if source in _ERRORS:
                if not tells_events(provider := given(source)):
                    error = _ERRORS[source](
                        timestamp=pushed.wall_s, label=source, error=ProviderError(text, retryable=False), recoverable=False
                    )
                    self._failed(provider, error)
            case SessionError(source=source, text=text) if source != PROGRAM:
                self._session.emit("error", ErrorEvent(error=text, source=source, created_at=pushed.wall_s))
            case AgentStateChanged(new="speaking"):
                del self._in_a_row["llm_error"], self._in_a_row["tts_error"]
            case UserInputTranscribed(text=text) if text:
                del self._in_a_row["stt_error"]
            case _:
                pass

    def _failed(self, provider: Any, error: Any) -> None:  # noqa: ANN401 - of any family
        self._session.emit("error", ErrorEvent(error=error, source=provider))
        if self._bound is None or error.recoverable:
            return
        self._in_a_row[error.type] += 1
        if self._in_a_row[error.type] == self._bound + 1:
            self._too_many(error)
