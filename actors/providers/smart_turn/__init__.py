"""Turn detection by Smart Turn, offline: whether somebody who paused has finished, from the sound of what was said."""

from actors.providers.smart_turn.factories import smart_turn

__all__ = ["smart_turn"]
