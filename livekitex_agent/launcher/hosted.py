"""Whether this process belongs to a system: the launcher, or one of those forked from it."""

import sys
from pathlib import Path


def is_hosted() -> bool:
    """Whether this process is part of a running system, where no other system may be started."""
    main = getattr(sys.modules.get("__main__"), "__file__", None)
    return main is not None and Path(main) == Path(__file__).with_name("bootstrap.py")
