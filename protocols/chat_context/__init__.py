"""The chat context: what was said and done in a conversation, as items in order, and the forms in which models are told it."""

from protocols.chat_context.content import *
from protocols.chat_context.context import *
from protocols.chat_context.instructions import *
from protocols.chat_context.items import *
from protocols.chat_context.provider_formats.format import *
from protocols.chat_context.provider_formats.providers import *
from protocols.chat_context.tokens import *
