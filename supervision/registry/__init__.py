"""The registry: names of actors, the incarnations behind them, and who is told of changes."""

from supervision.registry.actor import Registry

__all__ = ["Registry"]
