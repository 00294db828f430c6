"""What the runtime costs: each module prints one table, `python -m benchmarks.<name>`."""
