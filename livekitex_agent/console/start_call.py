"""How a call of a file is started: of its program by the place of it, of its agent by the agent."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from actors import load_reference
from livekitex_agent.call_handle import CallHandle
from livekitex_agent.console.program_file import Holds, ProgramFile
from livekitex_agent.program import ProgramPlace
from livekitex_agent.providers.registry import resolve
from livekitex_agent.system import AgentSystem
from livekitex_agent.voice.agent import Agent
from protocols import InvalidAgentError, LivekitexError, ProviderKind

START_S: Final = 60.0
"""How long a call may take to come up: a program may load models first."""

VOICE: Final = ("vad", "stt", "tts", "turn_detector")
"""The kinds of providers that a call by text has none of."""
NONE: Final = "none"
"""The name of no provider."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CallChoices:
    """What the command line says of the call: ``by_text`` or by voice, and which ``providers`` take the place of the file's own.

    Those are names by their kind, ``{"llm": "openai:gpt-5.4-mini"}``; ``base_url`` is where those of OpenAI's protocols are.
    """

    by_text: bool = False
    providers: Mapping[str, str] = field(default_factory=dict)
    base_url: str = ""


async def start_call(system: AgentSystem, file: ProgramFile, choices: CallChoices) -> CallHandle:
    """Start a call of ``file``.

    Raises:
        LivekitexError: it cannot be started; the text names the cure.
    """
    if file.holds is Holds.PROGRAM:
        silent = dict.fromkeys(VOICE, NONE) if choices.by_text else {}
        place = ProgramPlace(place=file.path, server=file.name, providers={**choices.providers, **silent}, base_url=choices.base_url)
        return await system.start_session(place, timeout_s=START_S)
    return await system.start_session(chosen(load_agent(file), choices), timeout_s=START_S)


def load_agent(file: ProgramFile) -> Agent:
    """The agent of plain data in ``file``.

    Raises:
        InvalidAgentError: the file cannot be run, or the name is no such agent.
    """
    try:
        agent = load_reference(f"{file.path}:{file.name}")
    except LivekitexError:
        raise
    except Exception as failure:  # the file's own
        raise InvalidAgentError(f"{file.path} cannot be run: {type(failure).__name__}: {failure}") from failure
    if not isinstance(agent, Agent):
        raise InvalidAgentError(f"{file.path}: {file.name} is a {type(agent).__name__}: make it an Agent(...)")
    return agent


def chosen(agent: Agent, choices: CallChoices) -> Agent:
    """The agent as the command line wants it."""
    providers: dict[str, Any] = {
        kind: resolve(ProviderKind(kind), name, base_url=choices.base_url) for kind, name in choices.providers.items()
    }
    silent = dict.fromkeys(VOICE) if choices.by_text else {}
    return agent.with_providers(**{**providers, **silent})
