"""Supervision: what lives, what dies, and what happens then.

Part of livekitex-agent.
"""
