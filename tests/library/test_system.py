"""Folders, environment, processes, the keyboard."""

import io
import os

from tests.library.library_calls import each_is_refused, text_of


def test_entries_come_sorted_with_their_path(in_folder):
    for name in ("b", "a"):
        (in_folder / "sub" / name).mkdir(parents=True)
    assert text_of('(ls "sub")') == '("sub/a" "sub/b")'
    assert text_of('(ls ".")') == '("sub")'
    assert text_of('(list (isdirectory "sub") (isdirectory "no"))') == "(true nil)"


def test_what_is_known_of_a_file(in_folder):
    (in_folder / "x").write_text("abc")
    assert text_of('(setq i (fileinfo "x")) (list (@ i "size") (@ i "directory") (type (@ i "date")))') == (
        "(3 nil date_)"
    )
    assert text_of('(@ (fileinfo "x") "pathname")') == os.path.realpath(in_folder / "x")


def test_a_command_gives_its_lines_with_their_ends(capsys):
    assert text_of("(command \"printf 'a\\\\nb'; echo wrong >&2\")") == '("a\n" "b")'
    assert capsys.readouterr().err == "wrong\n"


def test_a_variable_of_the_environment_is_seen_by_commands(monkeypatch):
    monkeypatch.setenv("LISPE_T", "before")
    assert text_of('(setenv "LISPE_T" 5) (trim (@ (command "echo $LISPE_T") 0))') == "5"


def test_lines_and_keys_come_from_the_standard_input(monkeypatch):
    monkeypatch.setattr("sys.stdin", io.StringIO("one\ntwo\nkey\n"))
    assert text_of("(list (pipe) (input@) (getchar) (pipe) (input@))") == '("one" "two" "k" nil "")'


ERRORS = (
    (
        '(setenv "" 1)',
        "Error: setenv: the first argument must be the name of an environment variable, not the str",
    ),
    ('(setenv "a=b" 1)', "Error: setenv: the first argument must be the name of an environment variable"),
    ("(command '(ls))", "Error: command: the first argument must be a shell command (a string)"),
    (
        "(isdirectory 3)",
        "Error: isdirectory: the first argument must be a path (a string), not the integer 3",
    ),
)


test_error_says_what_was_expected = each_is_refused(ERRORS)
