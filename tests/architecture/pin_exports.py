"""``python tests/architecture/pin_exports.py``: pin what each package offers as it is now, for review with the change that altered it."""

from pathlib import Path

import rules

HERE = Path(__file__).parent

if __name__ == "__main__":
    (HERE / "exports").mkdir(exist_ok=True)
    root = HERE.parents[1]
    files = {path.relative_to(root).as_posix(): path.read_text("utf-8") for layer in rules.LAYERS for path in (root / layer).rglob("*.py")}
    for layer in rules.LAYERS:
        names = rules.exported(files[f"{layer}/__init__.py"], files) or []
        (HERE / "exports" / f"{layer}.txt").write_text("".join(f"{name}\n" for name in sorted(names)), "utf-8")
