"""Every event of a call, by area; how one is defined and what becomes of it stands in `protocols.events.definition`."""

from protocols.events.agent import *
from protocols.events.call import *
from protocols.events.caller import *
from protocols.events.definition import *
from protocols.events.parts import *
from protocols.events.playback import *
from protocols.events.tools import *
from protocols.events.turns import *
from protocols.events.values import *
