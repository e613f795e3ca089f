"""Files of the compile cache, there whole or not at all."""

import os
import tempfile
from pathlib import Path


def write_whole(path: Path, content: bytes) -> None:
    """Write a file whole or not at all; its folder is there.

    Raises
    ------
    OSError
        If it cannot be written; nothing of it is left.
    """
    # Closed before it is renamed: Windows wants it so.
    file = tempfile.NamedTemporaryFile(dir=path.parent, delete=False)  # noqa: SIM115
    try:
        with file:
            file.write(content)
        os.replace(file.name, path)
    except OSError:
        os.unlink(file.name)
        raise
