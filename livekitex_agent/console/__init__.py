"""The console: one call of an agent in the terminal, by text, by microphone, or by recordings, whose process may be killed meanwhile.

What the keys and the script say, when to kill, which words stand for an event: that is decided purely (`line_editor`, `scripted_caller`,
`killer`, `transcript`). `run` performs it on a real system. The demo shares the parts.
"""
