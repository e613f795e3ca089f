"""Files that ship with the window: icons."""

from pathlib import Path


def icon_path(name: str) -> Path:
    """Path of ``icons/NAME.svg``, in an installed package or in the repository."""
    package = Path(__file__).resolve().parents[1]
    for root in (package, package.parent):
        path = root / "resources" / "icons" / f"{name}.svg"
        if path.exists():
            return path
    raise FileNotFoundError(f"icon {name}.svg is missing below {package.parent}")
