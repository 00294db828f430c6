"""The registry: names of actors, the lives behind them, and who is told of changes."""

from supervision.registry.actor import Registry

__all__ = ["Registry"]
