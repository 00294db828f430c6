"""The actors: each a folder with its pure logic beside its thin shell.

Part of livekitex-agent.
"""
