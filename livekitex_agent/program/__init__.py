"""The program that users write, in its call's process: how it is found, run, and led back to where it was after a death."""

from livekitex_agent.program.place import ProgramPlace

__all__ = ["ProgramPlace"]
