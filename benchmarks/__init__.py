"""What the runtime costs, and what it promises at length: each module prints one table, `python -m benchmarks.<name>`."""

import sys
from pathlib import Path

sys.path.append(str(Path(__file__).parents[1] / "tests"))  # what tests and benchmarks share lies in tests/support
