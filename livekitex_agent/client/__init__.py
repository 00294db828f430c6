"""The script's side of the system: pure machines that decide (what to send again, which event is next), and asyncio shells around them."""
