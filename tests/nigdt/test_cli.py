from __future__ import annotations

import importlib.metadata
import os
import subprocess
import sys
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from nigdt import cli
from nigdt.commands.options import OutputFile
from nigdt.errors import BundleError, NigdtError, install_hint, printable, shell_word


def run(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "nigdt", *arguments], capture_output=True, text=True, timeout=60
    )


def test_help_lists_every_registered_command() -> None:
    done = run("--help")
    assert done.returncode == 0, done.stderr
    registered = {point.name for point in importlib.metadata.entry_points(group="nigdt.commands")}
    listed = {line.split()[0] for line in done.stdout.splitlines() if line.startswith("  ") and line.strip()}
    assert registered | {"bench"} <= listed
    assert "Example: nigdt fill" in done.stdout


def every_command() -> dict[str, click.Command]:
    """All commands of all packages by what one types, the groups among them too."""
    found: dict[str, click.Command] = {}

    def visit(command: click.Command, path: str) -> None:
        found[path] = command
        if isinstance(command, click.Group):
            context = click.Context(command)
            for name in command.list_commands(context):
                part = command.get_command(context, name)
                assert part is not None
                visit(part, f"{path} {name}")

    visit(cli.nigdt, "nigdt")
    return found


def test_every_command_shows_an_example_to_copy_and_explains_every_option() -> None:
    commands = every_command()
    assert len(commands) > 30
    for path, command in commands.items():
        context = click.Context(command, info_name=path, terminal_width=60)
        lines = [line.strip() for line in command.get_help(context).splitlines()]
        examples = [line for line in lines if line.startswith("Example: ")]
        written = [line.strip() for line in str(command.help).splitlines() if line.startswith("Example: ")]
        assert examples, path
        assert examples == written, path  # no line of them was broken
        assert all(line.startswith("Example: nigdt ") for line in examples), path
        for parameter in command.params:
            assert not isinstance(parameter, click.Option) or parameter.help, f"{path} --{parameter.name}"


def test_misuse_is_one_line_and_exit_code_2() -> None:
    for arguments in (["no-such-command"], ["--no-such-option"], ["models", "--no-such-option"]):
        done = run(*arguments)
        assert done.returncode == 2
        assert len(done.stderr.strip().splitlines()) == 1, done.stderr
        assert "--help" in done.stderr


def test_failure_is_one_line_and_exit_code_1(tmp_path) -> None:
    done = run("models", "add", str(tmp_path))
    assert done.returncode == 1
    assert len(done.stderr.strip().splitlines()) == 1, done.stderr
    assert "Traceback" not in done.stderr


def test_running_a_command_does_not_load_the_others() -> None:
    code = (
        "import sys\n"
        "from nigdt.cli import main\n"
        "try: main(['models', '--json'])\n"
        "except SystemExit as stop: assert stop.code == 0, stop.code\n"
        "heavy = {'torch', 'PyQt6', 'nigdt_plugin', 'nigdt_training', 'nigdt_backend'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_importing_the_package_is_cheap() -> None:
    code = (
        "import sys, nigdt\n"
        "assert 'Inpainter' in dir(nigdt)\n"
        "heavy = {'torch', 'numpy', 'PIL', 'cv2', 'click'} & set(sys.modules)\n"
        "assert not heavy, heavy\n"
        "try: nigdt.nothing\n"
        "except AttributeError: pass\n"
        "else: raise SystemExit('no AttributeError')"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def test_command_of_a_package_that_is_not_installed_says_what_to_install(monkeypatch) -> None:
    point = importlib.metadata.EntryPoint("panel", "nigdt_plugin.no_such_module:panel", "nigdt.commands")
    group = cli.LazyGroup(entry_points="nigdt.commands", name="nigdt")
    group._found = {"panel": point}
    assert "(not available" in CliRunner().invoke(group, ["--help"]).output
    result = CliRunner().invoke(group, ["panel", "--anything", "x"])
    assert result.exit_code == 1
    assert "python3 installer install --extras panel" in result.output


@pytest.mark.parametrize(
    ("error", "code", "text"),
    [
        (NigdtError("It broke.", "Mend it."), 1, "nigdt: It broke. Mend it.\n"),
        (BundleError("No such bundle."), 1, "nigdt: No such bundle.\n"),
        (click.Abort(), 130, "Interrupted.\n"),
        (click.ClickException("No\x1b[31m\nway."), 1, "nigdt: No [31m way.\n"),
        (click.UsageError("So\nnot."), 2, "nigdt boom: So not. See 'nigdt boom --help'.\n"),
        (FileNotFoundError(2, "It is gone", "a\n\x1b[31mb"), 1, "nigdt: Cannot use a [31mb: It is gone.\n"),
        (
            MemoryError(),
            1,
            "nigdt: There is not enough memory for this. Close other programs, and try again.\n",
        ),
        (
            ModuleNotFoundError("gone", name="skimage.metrics"),
            1,
            f"nigdt: skimage.metrics is not installed. {install_hint('training')}\n",
        ),
    ],
)
def test_errors_become_exit_codes(error: Exception, code: int, text: str, capsys) -> None:
    @click.command("boom")
    def boom() -> None:
        raise error

    cli.nigdt.add_command(boom)
    try:
        with pytest.raises(SystemExit) as stop:
            cli.main(["boom"])
    finally:
        del cli.nigdt.commands["boom"]
    assert stop.value.code == code
    assert capsys.readouterr().err == text


@pytest.mark.parametrize("name", ["a.png/", "./", "/", "a.png/.", "a/..", ""])
def test_an_output_that_is_named_like_a_folder_is_refused(name: str) -> None:
    with pytest.raises(click.BadParameter, match="names a folder, not a file"):
        OutputFile().convert(name, None, None)
    assert OutputFile().convert("a/b.png", None, None) == Path("a/b.png")


def test_a_bug_keeps_its_traceback() -> None:
    @click.command("bug")
    def bug() -> None:
        raise ZeroDivisionError

    cli.nigdt.add_command(bug)
    try:
        with pytest.raises(ZeroDivisionError):
            cli.main(["bug"])
    finally:
        del cli.nigdt.commands["bug"]


def test_error_text_is_one_line() -> None:
    error = BundleError("two\nlines", "a  hint")
    assert str(error) == "two lines. a hint"
    assert (error.message, error.hint) == ("two lines.", "a hint")


def test_long_paths_are_cut_in_messages_and_the_reason_stays() -> None:
    path = "/" + "a" * 5000
    for error in (
        NigdtError(f"Cannot read {path}: too long."),
        NigdtError("It broke.", f"Look at {path}: now."),
    ):
        assert len(str(error)) < 1_100
        assert str(error).endswith(("too long.", "now."))


@pytest.mark.skipif(sys.platform == "win32", reason="there is no POSIX shell")
@pytest.mark.parametrize(
    "name", ["it's", 'a "b" $c `d`', "'; false; '", "a\nb\x1b[31m", os.fsdecode(b"caf\xe9"), "größe\\"]
)
def test_commands_in_messages_survive_the_shell(name: str) -> None:
    word = shell_word(f"/x/{name}")
    assert printable(word) == word
    done = subprocess.run(["bash", "-c", f"printf %s {word}"], capture_output=True, check=True)
    assert done.stdout == os.fsencode(f"/x/{name}")


@pytest.mark.skipif(sys.platform == "win32", reason="streams are closed otherwise there")
@pytest.mark.parametrize("closing", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams_take_no_files_place(closing: str) -> None:
    """What is opened next must not get the number of a stream that others print to."""
    program = (
        "import os, sys, nigdt.cli as cli; cli._fill_closed_streams();"
        "sys.stdout.write(''); sys.stderr.write('');"
        "os._exit(os.open(os.devnull, os.O_RDONLY) < 3)"
    )
    done = subprocess.run(
        ["sh", "-c", f'"{sys.executable}" -c "{program}" {closing}'], check=False, timeout=60
    )
    assert done.returncode == 0


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no device that is always full")
@pytest.mark.parametrize(("place", "said"), [("/dev/full", "No space left"), (None, "")])
def test_output_that_nobody_takes_is_no_crash(place: str | None, said: str) -> None:
    if place is None:  # a reader that is gone
        reader, writer = os.pipe()
        os.close(reader)
    else:
        writer = os.open(place, os.O_WRONLY)
    done = subprocess.run(
        [sys.executable, "-m", "nigdt", "models"],
        stdout=writer,
        stderr=subprocess.PIPE,
        text=True,
        timeout=60,
    )
    os.close(writer)
    assert done.returncode == 1
    assert said in done.stderr
    assert len(done.stderr.splitlines()) == (1 if said else 0)


@pytest.mark.skipif(sys.platform == "win32", reason="names there are Unicode")
@pytest.mark.parametrize(
    ("encoding", "printed"),
    [("utf-8", b"caf\xe9 \\ud800 \xe4\xb8\xad"), ("latin-1", b"caf\xe9 \\ud800 \\u4e2d")],
)
def test_names_that_are_not_utf_8_are_printed_as_they_are(encoding: str, printed: bytes) -> None:
    """A locale such as en_US.UTF-8 makes Python refuse them."""
    program = (
        "import click, nigdt.cli as cli; say = lambda: click.echo('caf\\udce9 \\ud800 \\u4e2d');"
        "cli.nigdt.add_command(click.Command('say', callback=say)); cli.main(['say'])"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        capture_output=True,
        env={**os.environ, "PYTHONIOENCODING": f"{encoding}:strict"},
        timeout=60,
    )
    assert (done.stdout, done.stderr, done.returncode) == (printed + b"\n", b"", 0)
