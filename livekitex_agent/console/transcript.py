"""The words for what happens in a call. Pure."""

from collections.abc import Iterator

from livekitex_agent.console.entries import Kind
from protocols import (
    AgentChanged,
    AgentMessage,
    AgentSentence,
    CallEnded,
    ContextSummarised,
    Degraded,
    EventsMissed,
    FalseInterruption,
    PartFailed,
    PartRecovered,
    PartRestarted,
    Restarted,
    SessionError,
    SessionEvent,
    StateChanged,
    ToolCalled,
    ToolReturned,
    TurnFailed,
    TurnLatency,
    UserMessage,
    UserTranscriptionTimeout,
    UserTurnExceeded,
)


def lines_of(event: SessionEvent) -> Iterator[tuple[Kind, str]]:
    """What a transcript shows of ``event``: a line, or nothing."""
    match event:
        case UserMessage(text=text):
            yield Kind.CALLER, text
        case AgentSentence(text=text):
            yield Kind.AGENT, text
        case AgentMessage(text=text, interrupted=True):
            yield Kind.NOTE, f'interrupted; heard was: "{text}"' if text else "interrupted before a word was heard"
        case StateChanged(old=old, new=new):
            yield Kind.STATE, f"{old} -> {new}"
        case ToolCalled(name=name, arguments=arguments):
            yield Kind.TOOL, f"{name}({arguments})"
        case ToolReturned(name=name, result=result, ok=ok):
            yield Kind.TOOL, f"{name} {'->' if ok else 'failed:'} {result}"
        case TurnLatency() if times := _times(event):
            yield Kind.TIME, times
        case Restarted(reason=reason, incarnation=incarnation):
            yield Kind.BACK, f"incarnation {incarnation} of the call has its conversation again (the last one: {reason})"
        case _:
            yield from (_note(event) or _trouble(event))


def _note(event: SessionEvent) -> list[tuple[Kind, str]]:
    match event:
        case AgentChanged(old=old, new=new):
            text = f"{old} hands the call to {new}"
        case CallEnded(reason=reason):
            text = f"the call has ended: {reason}"
        case PartRestarted(part=part, restarts=restarts):
            text = f"{part} is asked again, for the {restarts}. time"
        case PartRecovered(part=part):
            text = f"{part} works again"
        case FalseInterruption():
            text = "that was no interruption: the reply goes on"
        case UserTranscriptionTimeout(speech_ms=speech_ms):
            text = f"nothing was understood of {speech_ms} ms of the caller's voice"
        case ContextSummarised(items=items):
            text = f"the oldest {items} items of the history were summed up"
        case EventsMissed(count=count):
            text = f"{count} events are not shown: the terminal was too slow"
        case _:
            return []
    return [(Kind.NOTE, text)]


def _trouble(event: SessionEvent) -> Iterator[tuple[Kind, str]]:
    match event:
        case SessionError(source=source, text=text):
            yield Kind.ERROR, f"{source}: {text}"
        case PartFailed(part=part, text=text, retryable=retryable):
            yield Kind.ERROR, f"{part}: {text}{'' if retryable else ' (not tried again)'}"
        case Degraded(part=part, to=to, text=text):
            yield Kind.ERROR, f"{part} is given up, {to} takes its place: {text}"
        case TurnFailed(reason=reason):
            yield Kind.ERROR, f"a turn is given up: {reason}"
        case UserTurnExceeded(words=words):
            yield Kind.NOTE, f"the caller's turn is at its limit ({words} words) and is answered"
        case _:
            pass


def _times(event: TurnLatency) -> str:
    """What of a turn happened when; empty if nothing of it is known."""
    parts = {
        "turn over": event.end_of_turn_ms,
        "first words": event.first_token_ms,
        "first audio": event.first_audio_ms,
        "heard": event.heard_ms,
    }
    return ", ".join(f"{what} {ms:.0f} ms" for what, ms in parts.items() if ms is not None)
