"""What is said: messages and their codec, contracts, state tables. Knows no socket, no process and no actor.

Part of livekitex-agent. The API is what the modules list in their ``__all__``, and all events (`protocols.events.definition`).
"""

from protocols.agent_state import *
from protocols.audio import *
from protocols.chat_context.content import *
from protocols.chat_context.context import *
from protocols.chat_context.instructions import *
from protocols.chat_context.items import *
from protocols.chat_context.provider_formats.format import *
from protocols.chat_context.provider_formats.providers import *
from protocols.chat_context.tokens import *
from protocols.clock import *
from protocols.codec import *
from protocols.conversation import *
from protocols.entropy import *
from protocols.envelope import *
from protocols.environment import *
from protocols.errors import *
from protocols.events.agent import *
from protocols.events.call import *
from protocols.events.caller import *
from protocols.events.definition import *
from protocols.events.parts import *
from protocols.events.playback import *
from protocols.events.tools import *
from protocols.events.turns import *
from protocols.events.values import *
from protocols.exit_reason import *
from protocols.hosts import *
from protocols.journal import *
from protocols.language import *
from protocols.language_model import *
from protocols.limits import *
from protocols.messages import Message as Message
from protocols.messages.breakers import *
from protocols.messages.health import *
from protocols.messages.jobs import *
from protocols.messages.lifecycle import *
from protocols.messages.programs import *
from protocols.messages.registry import *
from protocols.messages.session import *
from protocols.messages.supervision import *
from protocols.messages.tools import *
from protocols.printable import *
from protocols.provider import *
from protocols.providers import *
from protocols.realtime import *
from protocols.redaction import *
from protocols.ref import *
from protocols.secrecy import *
from protocols.speech_to_text import *
from protocols.state_table import *
from protocols.text import *
from protocols.text_to_speech import *
from protocols.timed_word import *
from protocols.tools import *
from protocols.turn_detection import *
from protocols.user_state import *
from protocols.voice_activity import *
