"""Real market data that tests use where it is at hand.

It lies beside the repository, in ``../shared/data``, or where RINGSIDE_SHARED points
(the folder that holds ``data``). It does not ship: where it is absent, the tests that
need it say that they were skipped.
"""

import os
from pathlib import Path

import pytest

_BESIDE = Path(__file__).resolve().parents[2] / "shared"


def shared_folder() -> Path:
    """The folder of shared data, whether it exists or not."""
    return Path(os.environ.get("RINGSIDE_SHARED", _BESIDE)) / "data"


def shared_data(*parts: str) -> Path:
    """A file or folder of the shared data; skips the test where it is absent.

    Parameters
    ----------
    parts : str
        Path below the data folder: ``shared_data("lobster", "README.md")``.
    """
    path = shared_folder().joinpath(*parts)
    if not path.exists():
        pytest.skip(f"shared data absent: {path} (set RINGSIDE_SHARED)")
    return path
