"""Turn taking beside livekit-agents; ``python -m benchmarks.turn_taking`` runs it (`__main__`)."""
