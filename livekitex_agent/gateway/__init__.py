"""The gateway: the one door between a script and the tree. An actor in the launcher, parent of the root, at the end of the lifeline."""

from livekitex_agent.gateway.gateway import Gateway

__all__ = ["Gateway"]
