"""Files that a user asks for."""

from pathlib import Path

import pytest

from app.whole_files import write_whole


def test_a_file_is_written_whole_or_stays_as_it_was(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    write_whole(path, "ä\n")
    assert path.read_bytes() == "ä\n".encode()

    with pytest.raises(UnicodeEncodeError):
        write_whole(path, "\ud800")
    assert path.read_bytes() == "ä\n".encode()
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="no such device")
def test_a_full_disk_is_told_with_the_file() -> None:
    with pytest.raises(OSError, match=r"No space left.*'/dev/full'"):
        write_whole(Path("/dev/full"), "a")
    assert Path("/dev/full").is_char_device()


def test_what_a_link_names_is_written_and_the_link_stays(tmp_path: Path) -> None:
    kept = tmp_path / "kept"
    kept.mkdir()
    (tmp_path / "a.json").symlink_to(kept / "b.json")

    write_whole(tmp_path / "a.json", "1\n")

    assert (tmp_path / "a.json").is_symlink()
    assert (kept / "b.json").read_text() == "1\n"


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="no such folder")
def test_a_file_that_is_open_is_written_to_not_put_aside(tmp_path: Path) -> None:
    with (tmp_path / "a.json").open("w+") as file:
        write_whole(Path(f"/dev/fd/{file.fileno()}"), "1\n")

        assert file.read() == "1\n"
