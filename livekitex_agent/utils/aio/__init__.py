"""What asyncio does not have: closable channels, one stream for several readers, tasks that end together."""

from livekitex_agent.utils.aio import itertools
from livekitex_agent.utils.aio.channel import Chan, ChanClosed, ChanEmpty, ChanFull, ChanReceiver, ChanSender
from livekitex_agent.utils.aio.tasks import TaskSet, cancel_and_wait, gracefully_cancel

__all__ = ["Chan", "ChanClosed", "ChanEmpty", "ChanFull", "ChanReceiver", "ChanSender", "TaskSet", "cancel_and_wait", "gracefully_cancel"]
__all__ += ["itertools"]
