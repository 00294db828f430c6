"""A brain made of rules: what was said, as a recogniser wrote it, becomes an intent with its slots, and that a reply or tool calls.

Everything here is pure. The rules are plain data (`Rules`); the state of the conversation is derived anew from its history each time,
so a brain needs no memory of its own and answers the same after a crash.
"""

from actors.providers.offline.rules.dialogue import Reply, converse
from actors.providers.offline.rules.model import Rules, read_rules

__all__ = ["Reply", "Rules", "converse", "read_rules"]
