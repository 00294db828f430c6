"""The demo: a phone order whose process is killed, and the example agent that takes it."""
