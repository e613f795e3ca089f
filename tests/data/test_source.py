"""Sources: every compression gives the same bytes; damage is told with its place."""

import bz2
import gzip
import lzma
import zipfile
from collections.abc import Callable
from pathlib import Path

import pytest
import zstandard
from hypothesis import given, strategies as st

from app.data.source import Source
from app.errors import FileFormatError

TEXT = b"".join(b"%d,%d\n" % (n, n * n) for n in range(30_000))


def zipped(body: bytes, path: Path) -> None:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.csv", body)


PACK: dict[str, Callable[[bytes], bytes]] = {
    "plain": bytes,
    "gzip": gzip.compress,
    "gzip, two members": lambda b: gzip.compress(b[:999]) + gzip.compress(b[999:]),
    "xz": lzma.compress,
    "bzip2": bz2.compress,
    "zstd": zstandard.ZstdCompressor().compress,
    "zstd, two frames": lambda b: b"".join(
        zstandard.ZstdCompressor().compress(part) for part in (b[:999], b[999:])
    ),
}


@pytest.mark.parametrize("pack", PACK)
def test_every_packing_gives_the_same_bytes(tmp_path: Path, pack: str):
    path = tmp_path / "file"
    path.write_bytes(PACK[pack](TEXT))
    source = Source(path)

    assert b"".join(source.blocks(1000)) == TEXT
    assert source.damage is None
    assert source.read == source.total


def test_a_zip_holds_one_file(tmp_path: Path):
    path = tmp_path / "file.zip"
    zipped(TEXT, path)
    assert b"".join(Source(path).blocks()) == TEXT
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr("b.csv", b"")
    source = Source(path)
    assert list(source.blocks()) == []
    assert source.damage is not None
    assert "a zip must hold one file, holds 2" in str(source.damage)


@given(st.integers(1, 400), st.text(alphabet="ab\n", max_size=300))
def test_line_blocks_end_with_a_line(tmp_path_factory, size: int, text: str):
    path = tmp_path_factory.getbasetemp() / "lines"
    path.write_text(text)
    blocks = list(Source(path).line_blocks(size))

    assert b"".join(blocks).decode() == text
    assert all(block.endswith(b"\n") for block in blocks[:-1])


@pytest.mark.parametrize("pack", [name for name in PACK if name != "plain"])
@pytest.mark.parametrize("cut", [0.1, 0.5, 0.95])
def test_truncation_is_told_and_the_start_is_given(
    tmp_path: Path, pack: str, cut: float
):
    path = tmp_path / "file"
    packed = PACK[pack](TEXT)
    path.write_bytes(packed[: int(len(packed) * cut)])
    source = Source(path)

    assert TEXT.startswith(b"".join(source.line_blocks(1000)))
    assert source.damage is not None
    assert f"file: {pack.split(',')[0]} data end early, at byte" in str(source.damage)


@pytest.mark.parametrize("pack", ["gzip", "xz", "bzip2"])
def test_a_wrong_checksum_is_told(tmp_path: Path, pack: str):
    path = tmp_path / "file"
    packed = bytearray(PACK[pack](TEXT))
    packed[len(packed) // 2] ^= 255
    path.write_bytes(packed)
    source = Source(path)
    for _ in source.blocks():
        pass

    assert source.damage is not None
    assert "data are damaged near byte" in str(source.damage)


def test_a_file_that_is_absent_is_named(tmp_path: Path):
    with pytest.raises(FileFormatError, match="none: cannot be read: No such file"):
        Source(tmp_path / "none")
