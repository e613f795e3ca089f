"""Where a user's files go, also where nothing can be written."""

import os
import tempfile
from pathlib import Path

import pytest

from app import folders
from app.errors import ConfigError


def test_the_systems_place_is_used_where_it_can_be_written(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))

    assert folders.user_folder("user_data") == tmp_path / "ringside"


def test_a_stand_in_is_used_where_it_cannot(tmp_path, monkeypatch):
    blocking = tmp_path / "file"
    blocking.write_text("a file cannot hold folders")
    monkeypatch.setenv("XDG_DATA_HOME", str(blocking))
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))

    folder = folders.user_folder("user_data")

    assert folder == folders.stand_in() / "data"
    assert folder.parent.parent == tmp_path
    assert folder.parent.stat().st_mode & 0o777 == 0o700


def test_a_stand_in_of_another_user_is_not_trusted(tmp_path, monkeypatch):
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setattr(os, "getuid", lambda: 12345)

    with pytest.raises(ConfigError, match="belongs to another user"):
        folders.stand_in()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write everywhere")
def test_a_read_only_folder_is_not_writable(tmp_path):
    tmp_path.chmod(0o500)

    assert not folders.is_writable(tmp_path / "new")


def test_names_and_home_are_expanded(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", "/home/trader")

    assert folders.expand("{user_data}/catalog") == tmp_path / "ringside" / "catalog"
    assert folders.expand("~/market") == Path("/home/trader/market")
    assert folders.expand("/{other}/x") == Path("/{other}/x")


def test_the_cache_is_where_the_variable_says(tmp_path, monkeypatch):
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))

    assert folders.cache_folder({}) == tmp_path / "ringside"
    assert folders.cache_folder({"RINGSIDE_CACHE": "/cache"}) == Path("/cache")
