"""What a session makes before it is up, on a thread of its own, because it is user code: its providers and its tools.

Meanwhile the mailbox answers heartbeats and the end of the call, and the call's supervisor goes on with the other calls of its partition.
"""

import json
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Final, NoReturn, TypeVar

from actors.agent_session.assembly import make_model, make_providers, make_tools
from actors.agent_session.blueprint import Blueprint, successor
from actors.agent_session.engine import Providers
from actors.agent_session.parts import Parts
from actors.agent_session.program import Program
from actors.providers import complete_llm
from actors.redaction import make_redactor
from actors.tools import load_reference
from protocols import InternalError, ProviderError, ProviderKind, ProviderRef, shorten_reason
from supervision import Context

T = TypeVar("T")

PREPARE_TIMEOUT_S: Final = 25.0
"""How long providers and tools together may take; less than the call's supervisor waits, so that what took it is told."""


def prepare(blueprint: Blueprint, begin: Callable[[str], None]) -> Parts:
    """Make the parts one after the other; ``begin`` is called with the name of each before it. Blocks as long as they take.

    Raises:
        LivekitexError: a provider or a tool is wrong; the text names it and the cure.
    """
    providers = make_providers(blueprint, begin)
    begin("loading the tools")
    tools = make_tools(blueprint)
    begin("making the redactor")
    redactor = make_redactor(blueprint.redactor, load_reference)
    return Parts(blueprint=blueprint, providers=providers, tools=tools, redactor=redactor)


def load_program(blueprint: Blueprint, begin: Callable[[str], None]) -> Program:
    """Load the program of a call that has one; ``begin`` is told of it before. Blocks as long as its import takes.

    Raises:
        LivekitexError: it leads nowhere, or is no program; the text names the cure. What its own code raises comes through as it is.
    """
    if blueprint.program is None:
        raise InternalError("the call has no program: please report this")
    begin("loading the program")
    program: Program = load_reference(blueprint.program["runner"])(blueprint.program)
    return program


def failed_parts(blueprint: Blueprint, text: str) -> Parts:
    """What a call needs to say that its program has failed, and to end of it: nothing that the program would have made."""
    providers = {ProviderKind.LLM: ProviderRef(factory=f"{__name__}:_NoModel", options={})}
    failed = replace(blueprint, farewell_reason=shorten_reason(text), providers=providers)
    return Parts(blueprint=failed, providers=Providers(llm=complete_llm(_NoModel())), tools={})


class _NoModel:
    """Is never asked: the call only ends."""

    def chat(self, *_: object) -> NoReturn:
        raise ProviderError("the program has failed: there is no model", retryable=False)


def prepare_successor(parts: Parts, agent: str) -> Parts:
    """The parts once the call was handed to ``agent``: those that it has, with that one's tools, and its model if that is another.

    Raises:
        LivekitexError: the agent, its model or a tool is wrong; the text names it and the cure.
    """
    before, after = parts.blueprint, successor(parts.blueprint, json.loads(agent))
    providers = parts.providers
    if after.providers[ProviderKind.LLM] != before.providers[ProviderKind.LLM]:
        providers = replace(providers, llm=make_model(after))
    return replace(parts, blueprint=after, providers=providers, tools=make_tools(after), agent=agent)


def in_background(context: Context, work: Callable[[], T], then: Callable[[T | BaseException], None]) -> None:
    """Run ``work`` on a thread of its own; ``then`` gets its result, or what it raised, as a turn of the mailbox."""

    def run() -> None:
        outcome: T | BaseException
        try:
            outcome = work()
        except BaseException as failure:  # noqa: BLE001 - raised again in the mailbox, whatever user code raises
            outcome = failure
        context.post(lambda: then(outcome))

    threading.Thread(target=run, name="preparation", daemon=True).start()
