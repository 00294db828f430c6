"""A runtime for voice agents in which every call is a supervised process that comes back with its conversation.

Part of livekitex-agent.
"""

from livekitex_agent.import_guard import require_own_packages

require_own_packages()  # before any other import of ours
