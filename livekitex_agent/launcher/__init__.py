"""The launcher: the first process of a system, a fresh interpreter that hosts the gateway."""
