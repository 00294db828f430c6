"""What a runtime has proven of where a message comes from, and what may be said from there."""

from typing import Final, Protocol

from protocols import (
    AudioCleared,
    AudioHandled,
    AudioPushed,
    CommandAccepted,
    ErrorReply,
    EventPushed,
    Lookup,
    Message,
    Ref,
    RegisterTools,
    ReportOutcome,
    RequestPermit,
    SessionEnded,
    SessionStarted,
    ToolUsed,
    WatchNames,
)


class Origin(Protocol):
    """The authenticated other end of the connection on which a message came."""

    @property
    def confined(self) -> bool:
        """Whether it runs user code (see `ActorStart.confined`)."""
        ...

    def proves(self, sender: Ref) -> bool:
        """Whether that end is this incarnation of this actor, and no other."""
        ...


CONFINED_MAY_SEND: Final[tuple[type[Message], ...]] = (
    AudioCleared,
    AudioHandled,
    AudioPushed,
    ReportOutcome,
    CommandAccepted,
    ErrorReply,
    EventPushed,
    Lookup,
    RequestPermit,
    RegisterTools,
    SessionEnded,
    SessionStarted,
    ToolUsed,
    WatchNames,
)
"""What an actor that runs user code may begin to say; it may also answer what it is asked. Everything else would change what does not
belong to it: children, names, exits, other calls. A message that is new is refused until it stands here."""
