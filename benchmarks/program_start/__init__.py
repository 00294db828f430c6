"""What a call of a program costs, beside one of plain data and beside livekit-agents."""
