"""What reaches the core of tools that go on after they have told how far they are; a part of `inputs.Input`."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolProgressed:
    """A tool that runs tells how far it is: for `CommandAccepted` once the journal has it, or a refusal.

    It is the ``update``-th time, counted from 0. ``message`` is what it says, ``result`` what the model is told. If it is ``silent`` the
    caller is not told.
    """

    request: int
    call_id: str
    update: int
    message: str
    result: str
    user_data_json: str
    silent: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class DetachedOverdue:
    """The call is to end, and its detached runs were awaited for long enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ReportsGathered:
    """A tool has told how far it is, and the time is over in which it may have ended after that."""


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorAsked:
    """A tool wants the floor: for `CommandAccepted` once nobody has it, or a refusal."""

    request: int


@dataclass(frozen=True, slots=True, kw_only=True)
class FloorReleased:
    """Who asked for the floor with the request ``asked`` has it, or waits for it, no more: for `CommandAccepted`."""

    request: int
    asked: int
