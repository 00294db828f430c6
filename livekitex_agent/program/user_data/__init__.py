"""A call's user data as text, and back onto the object that the rerun of its program passes.

What can be written is plain values (None, bool, int, float, str, bytes, datetimes, Decimal, UUID), lists, tuples, sets, deques and dicts of
what can be written, and the fields of dataclasses, named tuples, pydantic models and enums, however nested. The object itself, as an agent
too, may be of any class: then its attributes are its fields. What cannot be written (a connection, a closure) is the rerun's.

Objects that are reached twice are written twice. A datetime keeps its offset, not the name of its zone.
"""

from livekitex_agent.program.user_data.kinds import name_of
from livekitex_agent.program.user_data.reading import Restored, restore
from livekitex_agent.program.user_data.writing import MAX_BYTES, Encoded, Unwritten, encode

__all__ = ["MAX_BYTES", "Encoded", "Restored", "Unwritten", "encode", "name_of", "restore"]
