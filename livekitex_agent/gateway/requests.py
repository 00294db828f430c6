"""The script's requests on their way to who has the name: each is asked of one incarnation, and answered once."""

from collections.abc import Callable

from livekitex_agent.gateway.frames import Frame, Request, Response, Unanswered
from protocols import Message, Ref
from supervision import Cancel, Context


class ScriptRequests:
    """The open requests of one gateway; ``answer`` takes the frames for the script. They end by themselves, each at its own time."""

    def __init__(self, context: Context, answer: Callable[[Frame], None]) -> None:
        self._context = context
        self._answer = answer
        self._open: dict[int, tuple[Request, Ref, Cancel]] = {}

    def forward(self, request: Request, to: Ref | None) -> None:
        """Ask ``to``, who has the name; None: nobody has it."""
        if to is None:
            self._leave(request, f"nobody has the name {request.name}")
            return

        def answered(message: Message | None) -> None:
            del self._open[request.request_id]
            if message is None:
                self._leave(request, f"{request.name} did not answer in time")
            else:
                self._answer(Response(request_id=request.request_id, message=message))

        give_up = self._context.ask_repeatedly(to, request.message, timeout_s=request.timeout_ms / 1000, then=answered)
        self._open[request.request_id] = request, to, give_up

    def name_changed(self, name: str, to: Ref | None) -> None:
        """Another incarnation has the name now, or none: what the one before was asked it does not answer any more."""
        for request, asked, give_up in tuple(self._open.values()):
            if request.name == name and asked != to:
                give_up()
                del self._open[request.request_id]
                self._leave(request, f"{name} ended before it answered")

    def _leave(self, request: Request, reason: str) -> None:
        self._answer(Unanswered(request_id=request.request_id, reason=reason))
