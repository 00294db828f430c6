"""What user code has of a conversation, by LiveKit's names: agents, sessions, speech handles, the context of a tool, events."""
