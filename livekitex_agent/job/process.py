"""The process that runs jobs of a program, as its `setup_fnc` and its entrypoint see it."""

import os
from typing import Any

from livekitex_agent.job.facts import JobExecutorType


class JobProcess:
    """LiveKit's ``JobProcess``. What setup puts into ``userdata`` is found there by every call of the program.

    ``pid`` is that of the process that asks: setup runs in the parent that calls are forked from, so it differs from the calls'.
    """

    def __init__(
        self,
        *,
        executor_type: JobExecutorType = JobExecutorType.PROCESS,
        user_arguments: Any | None = None,  # noqa: ANN401 - whatever the user passes
        http_proxy: str | None = None,
    ) -> None:
        self._executor_type = executor_type
        self._userdata: dict[Any, Any] = {}
        self._user_arguments = user_arguments
        self._http_proxy = http_proxy

    @property
    def executor_type(self) -> JobExecutorType:
        """`JobExecutorType.PROCESS`."""
        return self._executor_type

    @property
    def pid(self) -> int | None:
        """The id of this process."""
        return os.getpid()

    @property
    def userdata(self) -> dict[Any, Any]:
        """What setup keeps for the calls; its memory is shared copy-on-write, a change in one call is seen by no other."""
        return self._userdata

    @property
    def user_arguments(self) -> Any | None:  # noqa: ANN401 - the same
        """None, unless whoever made it passed something."""
        return self._user_arguments

    @property
    def http_proxy(self) -> str | None:
        """The proxy of the server's options."""
        return self._http_proxy
