"""The forms in which models of several providers are told a chat context: one file for each provider, which names that provider's rules.

What they have in common: outputs stand directly behind their calls, halves of pairs and empty messages are left out, and nothing is told of
hand-offs, of updates of the agent, and of turns that were given up. A `Summary` is told as an instruction.
"""

from protocols.chat_context.provider_formats.format import *
from protocols.chat_context.provider_formats.providers import *
