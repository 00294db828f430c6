"""A job that is offered: what ``on_request`` of a server accepts or rejects."""

from collections.abc import Awaitable, Callable

from livekitex_agent.job.facts import Job, JobAcceptArguments, ParticipantFacts, RoomFacts


class JobRequest:
    """LiveKit's ``JobRequest``: to be accepted or rejected once."""

    def __init__(
        self,
        *,
        job: Job,
        on_reject: Callable[[bool], Awaitable[None]],
        on_accept: Callable[[JobAcceptArguments], Awaitable[None]],
    ) -> None:
        self._job = job
        self._on_reject = on_reject
        self._on_accept = on_accept

    @property
    def id(self) -> str:
        """The job's id."""
        return self._job.id

    @property
    def job(self) -> Job:
        """The job's facts."""
        return self._job

    @property
    def room(self) -> RoomFacts:
        """The room that it is for."""
        return self._job.room

    @property
    def publisher(self) -> ParticipantFacts | None:
        """The publisher that it is for, if it is for one."""
        return self._job.participant

    @property
    def agent_name(self) -> str:
        """The name that it was asked for by."""
        return self._job.agent_name

    async def reject(self, *, terminate: bool = True) -> None:
        """Refuse it; ``terminate``: no other worker shall be asked."""
        await self._on_reject(terminate)

    async def accept(self, *, name: str = "", identity: str = "", metadata: str = "", attributes: dict[str, str] | None = None) -> None:
        """Take it, and join as ``identity`` (``agent-`` and the job's id by default)."""
        await self._on_accept(
            JobAcceptArguments(name=name, identity=identity or f"agent-{self.id}", metadata=metadata, attributes=attributes)
        )
