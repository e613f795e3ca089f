"""Set-up: what is skipped, what is repaired, and what is said when it cannot go on."""

import io
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

import start
from app.__main__ import COMMANDS

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="Linux's packages")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder to set up, without an environment."""
    names = {
        "ROOT": tmp_path,
        "ENVIRONMENT": tmp_path / ".venv",
        "LOCK": tmp_path / "requirements.lock",
        "STAMP": tmp_path / ".venv" / "ringside-stamp",
        "ENGINE_STAMP": tmp_path / ".venv" / "ringside-engine-stamp",
        "LOG": tmp_path / ".venv" / "ringside-install.log",
        "SCRIPTS": tmp_path / ".venv" / "bin",
        "PYTHON": tmp_path / ".venv" / "bin" / "python",
    }
    for name, path in names.items():
        monkeypatch.setattr(start, name, path)
    (tmp_path / "requirements.lock").write_text("one==1\ntwo==2\n")
    (tmp_path / "pyproject.toml").write_text("[project]\n")
    return tmp_path


@pytest.fixture
def programs(tmp_path, monkeypatch):
    """Make programs that alone are found; each notes how it was called."""
    called = tmp_path / "called"
    monkeypatch.setenv("PATH", str(tmp_path / "programs"))
    (tmp_path / "programs").mkdir()

    def make(name, body=""):
        program = tmp_path / "programs" / name
        program.write_text(f'#!/bin/sh\necho {name} "$@" >> {called}\n{body}\n')
        program.chmod(0o755)
        return called

    return make


@pytest.mark.parametrize("version", [(2, 7), (3, 10), (3, 14), (4, 0)])
def test_a_python_that_does_not_do_is_named(version):
    refusal = start.python_refusal((*version, 0))

    assert f"Python {version[0]}.{version[1]} " in refusal
    assert "needs Python 3.11 to 3.13" in refusal


@pytest.mark.parametrize("minor", [11, 12, 13])
def test_a_python_that_does_is_not_refused(minor):
    assert start.python_refusal((3, minor, 0)) == ""


def test_pythons_are_those_of_the_project():
    project = tomllib.loads(
        (Path(start.__file__).parent / "pyproject.toml").read_text()
    )

    oldest, newest = start.OLDEST[1], start.NEWEST[1]
    assert project["project"]["requires-python"] == f">=3.{oldest},<3.{newest + 1}"


def test_an_old_python_stops_with_one_line(tmp_path):
    program = (
        "import runpy, sys; sys.version_info = (3, 9, 1, 'final', 0);"
        f"sys.argv = [{start.__file__!r}];"
        f"runpy.run_path({start.__file__!r}, run_name='__main__')"
    )

    done = subprocess.run(
        [sys.executable, "-c", program],
        env={"PATH": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.returncode == 1
    assert done.stdout == ""
    assert "this is Python 3.9" in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_another_python_is_found_among_the_usual_names(programs):
    programs("python3.13", "exit 1")  # without venv
    programs("python3.12")

    assert Path(start.other_python()).name == "python3.12"


def test_no_other_python_is_found_where_there_is_none(programs):
    assert start.other_python() == ""


@pytest.mark.parametrize("changed", ["requirements.lock", "pyproject.toml"])
def test_the_stamp_changes_with_what_the_environment_is_made_from(folder, changed):
    before = start.stamp()

    with (folder / changed).open("a") as file:
        file.write("# changed\n")

    assert start.stamp() != before


def test_the_stamp_changes_with_the_python(folder, monkeypatch):
    before = start.stamp()

    monkeypatch.setattr(sys, "version", "3.99")

    assert start.stamp() != before


def test_the_stamp_changes_when_the_folder_moves(folder, monkeypatch):
    before = start.stamp()

    monkeypatch.setattr(start, "ENVIRONMENT", folder / "moved" / ".venv")

    assert start.stamp() != before


def test_what_is_done_is_not_done_again(folder, monkeypatch):
    start.PYTHON.parent.mkdir(parents=True)
    start.PYTHON.touch()
    start.STAMP.write_text(start.stamp())
    monkeypatch.setattr(start, "install", lambda: pytest.fail("installed again"))

    start.set_up(["config"])


@pytest.fixture
def engine(folder):
    """An engine's source, and a Python that notes how it was called."""
    source = folder / "app" / "engine" / "book.py"
    source.parent.mkdir(parents=True)
    source.touch()
    start.PYTHON.parent.mkdir(parents=True)
    start.PYTHON.write_text(f'#!/bin/sh\necho "$@" >> {folder}/called\n')
    start.PYTHON.chmod(0o755)
    return source


def times_compiled(folder) -> int:
    return len((folder / "called").read_text().splitlines())


def test_the_engine_is_compiled_once(folder, engine):
    start.compile_engine()
    start.compile_engine()

    assert (folder / "called").read_text() == "-m app.engine.build\n"


def test_an_edited_engine_is_compiled_again(folder, engine):
    start.compile_engine()
    engine.write_text("changed")
    start.compile_engine()

    assert times_compiled(folder) == 2


def test_another_cache_is_filled_too(folder, engine, monkeypatch):
    start.compile_engine()
    monkeypatch.setenv("RINGSIDE_CACHE", "elsewhere")
    start.compile_engine()

    assert times_compiled(folder) == 2


def test_an_engine_that_does_not_compile_stops_the_set_up(folder, engine):
    start.PYTHON.write_text("#!/bin/sh\nexit 1\n")

    with pytest.raises(start.SetUpError, match="cannot be compiled"):
        start.compile_engine()

    assert not start.ENGINE_STAMP.exists()


def test_what_an_interrupted_pip_left_is_forgotten(folder):
    packages = folder / ".venv" / "lib" / "python3.11" / "site-packages"
    for name, is_whole in {"half-1": False, "whole-1": True}.items():
        metadata = packages / f"{name}.dist-info"
        metadata.mkdir(parents=True)
        (metadata / "METADATA").touch()
        if is_whole:
            (metadata / "INSTALLER").touch()

    start.remove_half_installed()

    assert [path.name for path in packages.iterdir()] == ["whole-1.dist-info"]


@pytest.mark.slow
def test_an_environment_without_pip_is_made_anew(folder, capsys):
    make = [sys.executable, "-m", "venv", "--without-pip", str(start.ENVIRONMENT)]
    subprocess.run(make, check=True)

    was_sound = start.is_sound()
    start.make_environment()

    assert not was_sound
    assert start.is_sound()
    assert "making the environment" in capsys.readouterr().err


def test_pips_words_are_kept_and_its_progress_is_told(capsys):
    log = io.StringIO()
    lines = [f"Collecting package{i}==1\n" for i in range(12)]
    lines.append("Installing collected packages: all\n")

    start.tell_progress(lines, log, total=12)

    assert log.getvalue() == "".join(lines)
    assert capsys.readouterr().err.splitlines() == [
        "  10 of 12 at hand",
        "  12 of 12 at hand",
        "  unpacking",
    ]


def test_a_failed_installation_shows_pips_last_words(folder):
    start.PYTHON.parent.mkdir(parents=True)
    start.PYTHON.write_text("#!/bin/sh\necho no space left\nexit 1\n")
    start.PYTHON.chmod(0o755)

    with pytest.raises(start.SetUpError, match="no space left") as caught:
        start.pip(["x"], 1)

    assert str(start.LOG) in str(caught.value)


@LINUX
def test_a_library_that_cannot_be_loaded_is_missing():
    libraries = {"libc.so.6": "libc6", "libnothing.so.9": "libnothing9"}

    assert start.missing_packages(libraries) == ["libnothing9"]


@LINUX
@pytest.mark.parametrize(
    ("arguments", "environ", "needs_qt", "needs_x11"),
    [
        ([], {"DISPLAY": ":0"}, True, True),
        (["--feed", "exchange"], {"DISPLAY": ":0"}, True, True),
        ([], {"DISPLAY": ":0", "WAYLAND_DISPLAY": "wayland-0"}, True, False),
        ([], {"DISPLAY": ":0", "QT_QPA_PLATFORM": "offscreen"}, True, False),
        ([], {"QT_QPA_PLATFORM": "xcb"}, True, True),
        ([], {}, True, False),
        (["test"], {"DISPLAY": ":0"}, True, False),
        (["shots", "there"], {"DISPLAY": ":0"}, True, False),
        (["config"], {"DISPLAY": ":0"}, False, False),
        (["--version"], {"DISPLAY": ":0"}, False, False),
    ],
)
def test_libraries_are_those_that_the_command_needs(
    arguments, environ, needs_qt, needs_x11
):
    needed = set(start.needed_libraries(arguments, environ))

    assert set(start.QT_LIBRARIES) <= needed or not needs_qt
    assert set(start.X11_LIBRARIES) <= needed or not needs_x11
    assert len(needed) == 6 * needs_qt + 5 * needs_x11


def test_nothing_is_installed_where_nothing_is_missing(programs, monkeypatch):
    monkeypatch.setattr(start, "root_prefix", list)
    called = programs("apt-get")

    start.install_packages([])

    assert not called.exists()


def test_root_installs_what_is_missing(programs, monkeypatch, capsys):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    called = programs("apt-get")

    start.install_packages(["libgl1", "libegl1"])

    assert called.read_text().splitlines() == [
        "apt-get update",
        "apt-get install -y --no-install-recommends libgl1 libegl1",
    ]
    assert "libgl1, libegl1" in capsys.readouterr().err


def test_a_user_with_sudo_installs_what_is_missing(programs, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    programs("apt-get")
    called = programs("sudo", 'shift; test "$1" = true || exec "$@"')

    start.install_packages(["libgl1"])

    assert called.read_text().splitlines() == [
        "sudo -n true",
        "sudo -n apt-get update",
        "apt-get update",
        "sudo -n apt-get install -y --no-install-recommends libgl1",
        "apt-get install -y --no-install-recommends libgl1",
    ]


@pytest.mark.parametrize("sudo", [None, "exit 1"])
def test_others_are_given_a_line_to_paste(programs, monkeypatch, sudo):
    monkeypatch.setattr(os, "geteuid", lambda: 1000)
    programs("apt-get", "exit 1")
    if sudo:
        programs("sudo", sudo)

    with pytest.raises(start.SetUpError) as caught:
        start.install_packages(["libgl1", "libegl1"])

    line = (
        "    sudo apt-get update && sudo apt-get install -y --no-install-recommends "
        "libgl1 libegl1"
    )
    assert line in str(caught.value).splitlines()


def test_where_apt_fails_its_words_and_the_line_are_shown(programs, monkeypatch):
    monkeypatch.setattr(os, "geteuid", lambda: 0)
    programs("apt-get", "echo no network; exit 100")

    with pytest.raises(start.SetUpError, match=r"(?s)no network.*sudo apt-get install"):
        start.install_packages(["libgl1"])


def test_what_stops_the_set_up_is_told_without_a_traceback(monkeypatch, capsys):
    def stop(arguments):
        raise start.SetUpError("these packages are missing")

    monkeypatch.setattr(start, "set_up", stop)

    assert start.main(["config"]) == 1
    assert capsys.readouterr().err.strip() == "these packages are missing"


def test_an_interrupt_is_told_without_a_traceback(monkeypatch, capsys):
    def stop(arguments):
        raise KeyboardInterrupt

    monkeypatch.setattr(start, "set_up", stop)

    assert start.main([]) == 130
    assert "goes on from here" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("failing", "status", "told"),
    [("nothing", 0, ""), ("ruff", 1, "checks that failed: format, lint")],
)
def test_checks_run_to_the_end_and_tests_come_last(
    folder, capfd, failing, status, told
):
    start.SCRIPTS.mkdir(parents=True)
    for program in (start.PYTHON, start.SCRIPTS / "lint-imports"):
        program.write_text(
            f'#!/bin/sh\necho "$@" >> {folder}/called\ntest "$2" != {failing}\n'
        )
        program.chmod(0o755)

    assert start.run_checks(["-k", "book"]) == status

    called = (folder / "called").read_text().splitlines()
    assert len(called) == 6
    assert called[-1] == "-m pytest -k book"
    assert told in capfd.readouterr().out


def test_commands_without_a_window_are_those_of_ringside():
    assert set(COMMANDS) <= start.WITHOUT_WINDOW


def test_every_locked_package_has_hashes_and_no_address():
    lock = start.LOCK.read_text(encoding="utf-8")
    packages = re.split(r"\n(?=\S)", lock.partition("\n")[2])
    pinned = [each for each in packages if not each.startswith("#")]

    assert len(pinned) > 40
    assert all("==" in each and "--hash=sha256:" in each for each in pinned)
    assert "://" not in lock


def test_every_declared_dependency_is_locked():
    project = tomllib.loads((start.ROOT / "pyproject.toml").read_text())
    declared = project["project"]["dependencies"] + project["dependency-groups"]["dev"]
    names = [re.split(r"[<>=~!;\[ ]", each)[0] for each in declared]
    lock = start.LOCK.read_text(encoding="utf-8")

    locked = set(re.findall(r"^([\w.-]+)==", lock, re.MULTILINE))
    assert {name.lower().replace("_", "-") for name in names} <= locked
