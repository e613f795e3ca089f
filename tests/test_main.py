"""The `ringside` command: help, version, settings, and how it fails."""

import errno
import os
import subprocess
import sys
from pathlib import Path

import pytest

from app import __version__, config
from app.__main__ import COMMANDS, build_parser, main

HEAVY = {
    "PySide6", "databento_dbn", "ib_insync", "numba", "numpy", "pandas", "pyarrow",
    "pyqtgraph", "scipy",
}  # fmt: skip


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-P", "-m", "app", *arguments],
        env={**os.environ, **variables},
        capture_output=True,
        text=True,
        check=False,
    )


def test_version_is_printed(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["--version"])

    assert caught.value.code == 0
    assert capsys.readouterr().out.strip() == __version__


def test_help_names_every_command(capsys):
    with pytest.raises(SystemExit):
        main(["--help"])

    printed = capsys.readouterr().out
    assert all(f"\n    {name} " in printed for name in COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_every_command_has_a_room(name):
    with pytest.raises(SystemExit) as caught:
        build_parser([name]).parse_args([name, "--help"])

    assert caught.value.code == 0


@pytest.mark.parametrize(
    ("given", "asked"),
    [
        (["shots", "DIR", "--panel", "import"], "DIR"),
        (["--config", "import", "shots", "bench"], "bench"),
    ],
)
def test_a_value_that_is_named_like_a_command_is_a_value(
    given, asked, monkeypatch, tmp_path
):
    seen = []
    monkeypatch.chdir(tmp_path)
    Path("import").write_text("")

    def note(parsed):
        seen.append(parsed.directory)
        return 0

    monkeypatch.setattr("app.__main__._shots", note)

    assert main(given) == 0
    assert seen == [Path(asked)]


def test_config_prints_the_settings_that_hold(capsys, monkeypatch):
    monkeypatch.setenv("RINGSIDE_UI_SCALE", "2")

    status = main(["--feed", "recording:AMZN", "config"])

    printed = capsys.readouterr().out
    assert status == 0
    assert 'feed = "recording:AMZN"  # from --feed' in printed
    assert "scale = 2.0  # from RINGSIDE_UI_SCALE" in printed


def test_config_reads_the_named_file(tmp_path, capsys):
    file = tmp_path / "mine.toml"
    file.write_text("[ui]\nscale = 3.0\n")

    main(["--config", str(file), "config"])

    assert f"scale = 3.0  # from {file}" in capsys.readouterr().out


def test_config_example_is_the_declared_one(capsys):
    main(["config", "--example"])

    assert capsys.readouterr().out == config.example()


def test_config_paths_names_every_file_and_folder(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("RINGSIDE_PATHS_DATA", str(tmp_path))

    main(["config", "--paths"])

    printed = capsys.readouterr().out
    assert f"catalog   {tmp_path}\n" in printed
    assert "config.toml  (absent)" in printed


def test_a_failure_is_one_line_and_status_2():
    done = run("config", RINGSIDE_UI_SCALE="9")

    assert done.returncode == 2
    assert done.stderr == "ringside: RINGSIDE_UI_SCALE must be 0.5 to 4, was 9.0\n"


def test_a_failure_of_the_system_names_the_file(capsys, monkeypatch):
    def no_space(*arguments):
        raise OSError(errno.ENOSPC, "No space left on device", "/catalog/AMZN")

    monkeypatch.setattr(config, "load", no_space)

    assert main(["config"]) == 2
    told = "ringside: /catalog/AMZN: No space left on device\n"
    assert capsys.readouterr().err == told


def test_debug_shows_the_traceback():
    done = run("--debug", "config", RINGSIDE_UI_SCALE="9")

    assert done.returncode == 1
    assert "Traceback" in done.stderr


def test_an_unknown_command_is_refused(capsys):
    with pytest.raises(SystemExit) as caught:
        main(["confg"])

    assert caught.value.code == 2
    assert "confg" in capsys.readouterr().err


def test_a_mode_that_is_not_built_says_so(capsys, monkeypatch):
    monkeypatch.setenv("RINGSIDE_SESSION_MODE", "live")

    assert main([]) == 2
    assert "mode live is not built" in capsys.readouterr().err


@pytest.mark.skipif(sys.platform != "linux", reason="screens are found otherwise")
def test_without_a_screen_the_window_says_so(capsys, monkeypatch):
    for name in ("QT_QPA_PLATFORM", "DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)

    assert main([]) == 2
    assert "there is no screen" in capsys.readouterr().err


def test_config_imports_nothing_heavy():
    done = loaded_after("from app.__main__ import main; main(['config'])")

    assert not done & HEAVY


def test_the_window_imports_no_frames_no_statistics_and_no_files():
    """Start-up is 1.5 s or less: what a ladder does not need comes later."""
    lazy = {"pandas", "pyarrow", "scipy", "databento_dbn", "ib_insync", "zstandard"}

    assert not loaded_after("import app.__main__, app.ui.main") & lazy


def loaded_after(program: str) -> set[str]:
    """Names of the packages that a program has imported."""
    program += "; import sys; print('\\nLOADED', *sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    )
    return set(done.stdout.rpartition("LOADED")[2].split())
