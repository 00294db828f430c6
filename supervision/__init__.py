"""Supervision: what lives, what dies, and what happens then."""
