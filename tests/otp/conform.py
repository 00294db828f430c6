"""Plays recorded OTP scenarios against our supervision and tells every difference.

    python tests/otp/conform.py [--real [--processes [--light]]] FILE...

By default the pure core runs in simulated processes; with ``--real`` the Supervisor actors do, on SimRuntime or on real processes, in which
light workers live with their supervisors. One line for each scenario that differs, then ``PASSED n FAILED m``; exit status 1 if any failed.
"""

import argparse
import logging
import sys
import traceback
from collections.abc import Callable, Iterable, Sequence
from contextlib import ExitStack
from functools import partial
from itertools import chain
from pathlib import Path

HERE = Path(__file__).resolve().parent
if not __package__:  # run as a command: this folder is the package `otp`, as under pytest, and perhaps nothing is installed
    sys.path[0] = str(HERE.parent)
    sys.path.append(str(HERE.parents[1]))

from otp.compare import first_difference  # noqa: E402
from otp.core_driver import CoreDriver  # noqa: E402
from otp.driver import Driver  # noqa: E402
from otp.process_driver import Door, ProcessDriver  # noqa: E402
from otp.runner import observe  # noqa: E402
from otp.schema import Scenario, load  # noqa: E402
from otp.sim_driver import SimDriver  # noqa: E402


def check(scenario: Scenario, make_driver: Callable[[], Driver]) -> str | None:
    """Play ``scenario`` and only then look at what was recorded: the first difference, or None."""
    driver = make_driver()
    try:
        seen, final = observe(driver, scenario.root, scenario.actions)
    except Exception:  # noqa: BLE001 - a scenario that breaks the driver is one that differs; the others go on
        return f"raised {traceback.format_exc(limit=-3)}"
    finally:
        driver.close()
    return first_difference(scenario.expected, scenario.final, seen, final)


def run(scenarios: Iterable[Scenario], make_driver: Callable[[], Driver]) -> tuple[int, int]:
    """Play all scenarios and tell those that differ; how many passed and failed."""
    passed = failed = 0
    for scenario in scenarios:
        difference = check(scenario, make_driver)
        passed, failed = passed + (difference is None), failed + (difference is not None)
        if difference is not None:
            print(f"{scenario.name}: {difference}", flush=True)
    return passed, failed


def _driver_maker(options: argparse.Namespace, cleanup: ExitStack) -> Callable[[], Driver]:
    if not options.real:
        return CoreDriver
    if not options.processes:
        return partial(SimDriver, options.seed)
    door = Door()
    cleanup.callback(door.close)
    return partial(ProcessDriver, door, light=options.light)


def main(arguments: Sequence[str]) -> int:
    """The command; its exit status."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--real", action="store_true", help="drive the Supervisor actors, on SimRuntime")
    parser.add_argument("--processes", action="store_true", help="with --real: on real processes, in real time")
    parser.add_argument("--light", action="store_true", help="with --processes: workers live in the processes of their supervisors")
    parser.add_argument("--seed", type=int, default=0, help="with --real: the order that SimRuntime chooses among what OTP leaves open")
    parser.add_argument("files", nargs="+", type=Path, metavar="FILE")
    options = parser.parse_args(arguments)
    logging.disable()
    with ExitStack() as cleanup:
        passed, failed = run(chain.from_iterable(map(load, options.files)), _driver_maker(options, cleanup))
    print(f"PASSED {passed} FAILED {failed}")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
