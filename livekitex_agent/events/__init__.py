"""Every event of a call, and `SessionEvent`, which all of them are. ``docs/events.md`` lists them and says how to subscribe."""

from protocols import SessionEvent as SessionEvent
from protocols.events.agent import *
from protocols.events.call import *
from protocols.events.caller import *
from protocols.events.parts import *
from protocols.events.playback import *
from protocols.events.tools import *
from protocols.events.turns import *
from protocols.events.values import *
