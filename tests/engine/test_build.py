"""Hearing what a process says while it works."""

import fcntl
import os
import resource
from collections.abc import Iterator

import pytest

from app.engine.build import waits_to_be_read

HIGH = 1_500
"""Above what `select.select` can name."""


@pytest.fixture
def high_limit() -> Iterator[None]:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard != resource.RLIM_INFINITY and hard <= HIGH:
        pytest.skip(f"a process may open {hard} files here")
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, HIGH + 1), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


def test_what_is_said_is_heard_where_many_files_are_open(high_limit: None) -> None:
    ours, its = os.pipe()
    high = fcntl.fcntl(ours, fcntl.F_DUPFD, HIGH)
    try:
        assert not waits_to_be_read(high, 0)
        os.write(its, b"begin")
        assert waits_to_be_read(high, 60)
        assert os.read(high, 10) == b"begin"
        os.close(its)
        assert waits_to_be_read(high, 60), "the end is heard as well"
    finally:
        os.close(high)
        os.close(ours)
