"""A runtime for voice agents in which every call is a supervised process that comes back with its conversation."""
