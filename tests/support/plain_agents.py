"""Agents of plain arguments: in a module of their own, so that another life of the program finds the same classes."""

from typing import Any

from livekitex_agent import Agent, ChatContext


class Clerk(Agent):
    """Keeps what it is made with."""

    def __init__(self, *args: Any, chat_ctx: Any = None, **named: Any) -> None:
        super().__init__(instructions="Serve.", chat_ctx=chat_ctx)
        self.args, self.named = args, named


class Successor(Agent):
    """Is made of what another knows."""

    def __init__(self, known: ChatContext, *, chat_ctx: ChatContext) -> None:
        super().__init__(instructions="Go on.", chat_ctx=chat_ctx)
        self.known = known


class Fragile(Agent):
    """Is made in one life only."""

    broken = False

    def __init__(self) -> None:
        if self.broken:
            raise ZeroDivisionError
        super().__init__(instructions="Break.")
