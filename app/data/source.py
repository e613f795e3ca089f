"""Files as they come: plain or compressed, read in blocks of whole lines.

What is wrong with a compressed file is found where it is: what came before the damage
is handed out first, then the damage is reported with its place.
"""

import bz2
import codecs
import lzma
import zipfile
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

from app.errors import FileFormatError

BLOCK_BYTES: Final = 8 << 20
_READ_BYTES: Final = 1 << 16
_LONGEST_LINE: Final = 64 << 20


def _zstd() -> Any:
    import zstandard

    return zstandard.ZstdDecompressor().decompressobj()


_MAGIC: Final[tuple[tuple[bytes, str, Callable[[], Any]], ...]] = (
    (b"\x1f\x8b", "gzip", lambda: zlib.decompressobj(31)),
    (b"\x28\xb5\x2f\xfd", "zstd", _zstd),
    (b"\xfd7zXZ\x00", "xz", lzma.LZMADecompressor),
    (b"BZh", "bzip2", bz2.BZ2Decompressor),
)


class Source:
    """One file being read.

    Attributes
    ----------
    path : Path
    total : int
        Bytes of the file as it lies on disk.
    read : int
        Bytes of it that were read so far.
    damage : FileFormatError or None
        What ended the reading early; known once `blocks` has ended.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.read = 0
        self.damage: FileFormatError | None = None
        try:
            self.total = path.stat().st_size
            self._file: BinaryIO = path.open("rb")
        except OSError as error:
            raise FileFormatError(path, f"cannot be read: {error.strerror}") from error

    def blocks(self, size: int = BLOCK_BYTES) -> Iterator[bytes]:
        """Yield the content in blocks of about so many bytes."""
        held: list[bytes] = []
        count = 0
        for piece in self._pieces():
            held.append(piece)
            count += len(piece)
            if count >= size:
                yield b"".join(held)
                held, count = [], 0
        if held:
            yield b"".join(held)

    def line_blocks(self, size: int = BLOCK_BYTES) -> Iterator[bytes]:
        """Yield the content in blocks that end with a line's end, or the content's."""
        rest = b""
        for block in self.blocks(size):
            end = block.rfind(b"\n") + 1
            if end:
                yield rest + block[:end]
                rest = block[end:]
            else:
                rest += block
            if len(rest) > _LONGEST_LINE:
                self.damage = FileFormatError(self.path, "a line is longer than 64 MB")
                return
        if rest and self.damage is None:
            yield rest

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _pieces(self) -> Iterator[bytes]:
        with self._file as file:
            head = file.read(8)
            file.seek(0)
            if head.startswith(b"PK\x03\x04"):
                yield from self._unzipped()
                return
            for magic, name, decompressor in _MAGIC:
                if head.startswith(magic):
                    yield from self._decompressed(name, decompressor)
                    return
            if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
                yield from self._recoded()
                return
            while piece := file.read(_READ_BYTES):
                self.read += len(piece)
                yield piece

    def _recoded(self) -> Iterator[bytes]:
        """Turn the 16-bit text that spreadsheets write into UTF-8."""
        decoder = codecs.getincrementaldecoder("utf-16")("replace")
        while piece := self._file.read(_READ_BYTES):
            self.read += len(piece)
            yield decoder.decode(piece).encode("utf-8", "replace")

    def _decompressed(
        self, name: str, decompressor: Callable[[], Any]
    ) -> Iterator[bytes]:
        errors = _decompression_errors()
        current = decompressor()
        while piece := self._file.read(_READ_BYTES):
            self.read += len(piece)
            while piece:
                try:
                    # A file may hold several members, one after the other.
                    if current.eof:
                        current = decompressor()
                    out = current.decompress(piece)
                    piece = current.unused_data if current.eof else b""
                except errors as error:
                    self._damaged(f"{name} data are damaged near byte", str(error))
                    return
                if out:
                    yield out
        if not current.eof:
            self._damaged(f"{name} data end early, at byte", "the file is truncated")

    def _unzipped(self) -> Iterator[bytes]:
        try:
            with zipfile.ZipFile(self._file) as archive:
                members = [each for each in archive.infolist() if not each.is_dir()]
                if len(members) != 1:
                    rule = f"a zip must hold one file, holds {len(members)}"
                    self.damage = FileFormatError(self.path, rule)
                    return
                with archive.open(members[0]) as member:
                    while piece := member.read(_READ_BYTES):
                        self.read = min(self._file.tell(), self.total)
                        yield piece
        except (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError) as error:
            self._damaged("zip data are damaged near byte", str(error))

    def _damaged(self, rule: str, why: str) -> None:
        self.damage = FileFormatError(self.path, f"{rule} {self.read}: {why}")


def _decompression_errors() -> tuple[type[Exception], ...]:
    import zstandard

    return (
        zlib.error,
        lzma.LZMAError,
        OSError,
        EOFError,
        ValueError,
        zstandard.ZstdError,
    )
