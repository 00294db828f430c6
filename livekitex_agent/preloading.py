"""What is loaded before the first call's process is forked, so that calls come up warm and share its memory."""

import importlib
from contextlib import suppress

from actors import preload_offline_providers, preload_openai
from protocols import MissingExtraError


def preload_actors() -> None:
    """Load the actors of a call."""
    from livekitex_agent.composition import JOB_ACTORS

    for actor in JOB_ACTORS.values():
        module, _, name = actor.partition(":")
        getattr(importlib.import_module(module), name)


def preload_programs() -> None:
    """Load what a program imports of this package, so that its generations and their calls share it."""
    for name in ("program.generation", "program.runner", "voice", "llm", "stt", "tts", "metrics"):
        importlib.import_module(f"livekitex_agent.{name}")


def preload_models() -> None:
    """Load what the installed extras bring; an agent that needs one that is not is told so when its call starts.

    The offline models come last: they freeze what is loaded, so that it stays shared.
    """
    for load in (preload_openai, preload_offline_providers):
        with suppress(MissingExtraError):
            load()
