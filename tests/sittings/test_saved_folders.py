"""A folder of a session is whole, safe to open, and left as it was by what cannot be written."""

import json
import os
import re
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from safetensors.numpy import load_file

from lispe_kernel import LispeError, Session
from lispe_kernel.language.keeping import Broken
from lispe_kernel.sittings import folder as folders
from lispe_kernel.sittings import memory as memories
from lispe_kernel.sittings.cells.differences import differences, names_in
from lispe_kernel.sittings.saving import as_data
from lispe_kernel.torch_library.support import foreign_json
from lispe_kernel.torch_library.support.foreign_json import DIGITS, Beyond, depth_and_values, parsed

PROGRAM = """
(defun area (w (h 2)) ; a comment
   (* w h))
(setq cells (rho 2 2 '(1 2 3 4))) (setq row (@ cells 0)) (setq n 5)
"""


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    session = Session()
    session.evaluate(PROGRAM, "cell 1")
    session.evaluate(f'(session_save "{tmp_path}/kept")')
    return tmp_path / "kept"


def rewritten(folder: Path, change: object) -> None:
    """Change the manifest as somebody who knows the format would: with the right checksum."""
    manifest = folders.load(str(folder))
    change(manifest)  # type: ignore[operator]
    (folder / "session.json").write_bytes(folders.dumped(manifest))


def refusal(folder: Path) -> str:
    """Why a folder is refused; nothing of the session changes, and nothing of the folder runs."""
    session = Session()
    session.evaluate("(setq n 1)")
    before = dict(session.namespace)
    with pytest.raises(LispeError) as error:
        session.evaluate(f'(session_restore "{folder}")')
    assert {name: session.namespace[name] for name in before if name != "__builtins__"} == {
        name: value for name, value in before.items() if name != "__builtins__"
    }
    assert not (folder.parent / "ran").exists()
    return str(error.value)


def test_the_text_of_a_function_stands_line_by_line_with_its_comments(saved: Path) -> None:
    definitions = json.loads((saved / "session.json").read_text())["definitions"]
    assert definitions[0]["text"] == ["(defun area (w (h 2)) ; a comment", "   (* w h))"]
    assert definitions[0]["cell"] == "cell 1"


def test_the_numbers_are_read_by_the_library_of_the_format(saved: Path) -> None:
    (file,) = saved.glob("*.safetensors")
    assert any(array.tolist() == [[1, 2], [3, 4]] for array in load_file(file).values())


# Equal bytes, functions of several clauses before others, a space, what threads share, what is left out.
CAME_BACK = (
    "(setq a (floats 1 2)) (setq b (floats 3)) (setq c (floats 1 2)) (threadspace (seth t 1))",
    "(defpat n (0) 1) (defpat n (k) (n (- k 1))) (defun late (x) x)",
    "(defspace metric (defun unit () 1)) (data@ Shape (Dot _) (Box _)) (class@ P (x)) (defmacro m (x) x)",
)


def test_a_session_that_came_back_is_saved_as_it_was(tmp_path: Path) -> None:
    folder = tmp_path / "kept"
    session = Session()
    for number, text in enumerate(CAME_BACK, 1):
        session.evaluate(text, f"cell {number}")
    told = session.evaluate(f'(session_save "{folder}")')
    files = {path.name: path.read_bytes() for path in folder.iterdir()}
    for other in (session, Session()):
        if other is not session:
            found = other.evaluate(f'(session_restore "{folder}")')
            assert (found["variables"], found["definitions"]) == (told["variables"], told["definitions"])
        assert other.evaluate(f'(session_save "{folder}")')["written"] == 0
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == files


def test_a_second_save_writes_only_what_changed(tmp_path: Path) -> None:
    session = Session()
    session.evaluate(f'(setq a (range 0 2000 1)) (setq b (range 0 2000 1)) (session_save "{tmp_path}/kept")')
    files = {file.name for file in tmp_path.glob("kept/*.safetensors")}
    session.evaluate(f'(set@ b 0 7) (session_save "{tmp_path}/kept")')
    assert files < {file.name for file in tmp_path.glob("kept/*.safetensors")}
    other = Session()
    assert other.evaluate(f'(session_restore "{tmp_path}/kept") (list (@ a 0) (@ b 0))') == [0, 7]


def _cut(file: Path) -> None:
    os.truncate(file, 1000)


def _flip(file: Path) -> None:
    before = file.stat()
    data = file.read_bytes()
    file.write_bytes(data[:-9] + bytes(byte ^ 255 for byte in data[-9:]))
    os.utime(file, ns=(before.st_atime_ns, before.st_mtime_ns))


@pytest.mark.parametrize("of_this_process", [True, False])
@pytest.mark.parametrize("damage", [_cut, _flip, os.unlink])
def test_a_damaged_file_is_written_anew_and_a_whole_one_is_not(
    tmp_path: Path, damage: Callable[[Path], None], of_this_process: bool
) -> None:
    session, save = Session(), f'(@ (session_save "{tmp_path}/kept") "written")'
    session.evaluate("(setq a (range 0 2000 1)) " + save)
    if not of_this_process:
        memories._compared.clear()
    assert session.evaluate(save) == 0
    (file,) = tmp_path.glob("kept/*.safetensors")
    damage(file)
    assert session.evaluate(save) > 0
    assert session.evaluate(save) == 0
    other = Session()
    other.evaluate(f'(session_restore "{tmp_path}/kept")')
    assert other.evaluate("(= a (range 0 2000 1))") is session.evaluate("(= 1 1)")


RUNS = '(fwrite "{}/ran" "x")'


@pytest.mark.parametrize(
    "text",
    [
        RUNS,
        f"(defun f () 1) {RUNS}",
        f"(defspace s {RUNS})",
        '(defun f () (use "{}/evil.lisp"))',
        "(setq n 2)",
    ],
)
def test_what_would_run_is_refused(saved: Path, text: str) -> None:
    (saved.parent / "evil.lisp").write_text(RUNS.format(saved.parent))
    text = text.replace("{}", str(saved.parent))
    rewritten(
        saved, lambda manifest: manifest["definitions"].append({"name": "f", "kind": "f", "text": [text]})
    )
    assert "definition" in refusal(saved)


@pytest.mark.parametrize(
    "value",
    [
        {"lambda": {"text": [RUNS], "shared": {}}},
        {"lambda": {"text": [f"((λ () {RUNS}))"], "shared": {}}},
        {"heap": {"order": {"list": [{"atom": "system"}, "touch ran"]}, "items": [1, 2]}},
        {"instance": {"of": "Door", "fields": [[" clean", "shut"]]}},
        {"class": "Instance"},
        {"function": "system"},
        {"function": None},
        {"os.system": "touch ran"},
        {"torch Linear": {"settings": {"forward": {"atom": "f"}}}},
        {"torch tensor": {"at": {"memory": 1, "start": 0}, "dtype": "float32", "shape": [1 << 40],
                          "steps": [1], "device": "cpu", "requires_grad": False, "grad": None}},
        {"list": {"not": "a list"}},
        {"object": 99},
        {"number": "1e5"},
    ],
    ids=str,
)  # fmt: skip
def test_values_that_no_save_makes_are_refused(saved: Path, value: object) -> None:
    text = json.dumps(value).replace("{}/ran", f"{saved.parent}/ran")
    rewritten(saved, lambda manifest: manifest["variables"].update(n=json.loads(text)))
    told = refusal(saved)
    assert "nothing has changed" in told
    assert "None" not in told


def test_a_text_beyond_the_limits_is_neither_written_nor_read(
    saved: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limits of 256 MB and 16 million values, made small."""
    before = (saved / "session.json").read_bytes()
    monkeypatch.setattr(foreign_json, "MOST_VALUES", 500)
    monkeypatch.setattr(folders, "MOST_VALUES", 500)
    session = Session()
    session.evaluate("(setq good 1) (setq rows (list))  (loop i (iota 900) (push rows (list i)))")
    with pytest.raises(LispeError, match=r"more than 500 values; .* longest text is that of rows"):
        session.evaluate(f'(session_save "{saved}")')
    assert (saved / "session.json").read_bytes() == before
    (saved / "session.json").write_bytes(b"[" + b"{}," * 600 + b"0]")
    assert "no save of LispE writes: it has more than 500 values" in refusal(saved)
    (saved / "session.json").write_bytes(b"7" * 9999)
    assert "an integer of 9999 digits" in refusal(saved)


@pytest.mark.parametrize(
    "part",
    [
        {"definitions": [7]},
        {"definitions": [{"name": [1], "kind": "f", "text": ["(defun f () 1)"]}]},
        {"variables": {"n": {"object": [1]}}},
        {"variables": {"n": {"object": 99}}, "objects": {"99": {"object": 99}}},
        {"version": None},
    ],
    ids=str,
)
def test_whoever_looks_at_a_malformed_folder_gets_an_error_in_words(
    saved: Path, part: dict[str, object]
) -> None:
    rewritten(saved, lambda manifest: manifest.update(part))
    here = Session()
    here.evaluate("(setq n 1)")
    for look in (names_in, partial(here.call, differences, here), lambda _: refusal(saved)):
        try:
            told = str(look(str(saved)))
        except (Broken, LispeError) as error:
            told = str(error)
        assert not re.search("None|unhashable|indices", told)


def test_brackets_are_counted_outside_of_strings() -> None:
    assert depth_and_values(rb'{"a[[[": [["\\,"], "\"[[", {}, [1, 2]]}') == (3, 9)
    assert depth_and_values(b"[]," * 2_000_000) == (1, 4_000_000)
    assert depth_and_values(b'"[",{' * 1_000_000) == (1_000_000, 2_000_000)


@pytest.mark.parametrize("before", [b"", b"1, ", b'"' + b"7" * 3 * DIGITS + b'", '])
def test_an_integer_of_a_text_is_as_long_as_the_limit_and_no_longer(before: bytes) -> None:
    digits = b"1" * DIGITS
    assert parsed(b"[" + before + digits + b"]")[-1] == int(digits)
    with pytest.raises(Beyond, match=f"an integer of {DIGITS + 1} digits"):
        parsed(b"[" + before + digits + b"1]")


@pytest.mark.parametrize("name", ["__builtins__", " globals", "_current", "a b", ""])
def test_names_of_the_session_itself_get_no_value(saved: Path, name: str) -> None:
    rewritten(saved, lambda manifest: manifest["variables"].update({name: 1}))
    assert "a name that is none" in refusal(saved)


@pytest.mark.parametrize("name", ["../secret", "/etc/passwd", "session.json"])
def test_memory_outside_of_the_folder_is_refused(saved: Path, name: str) -> None:
    rewritten(saved, lambda manifest: manifest["memory"]["1"].update(file=name))
    assert "none of its own" in refusal(saved)


def test_a_size_beyond_the_file_is_refused_before_memory_is_taken(saved: Path) -> None:
    rewritten(saved, lambda manifest: manifest["memory"]["1"].update(bytes=1 << 50, dtype="", shape=[]))
    assert "bytes of memory" in refusal(saved)
    rewritten(saved, lambda manifest: manifest["memory"]["1"].update(bytes=1 << 20, dtype="", shape=[]))
    assert "another save" in refusal(saved)


def test_a_changed_byte_is_noticed(saved: Path) -> None:
    for file in (*saved.glob("*.safetensors"), saved / "session.json"):
        data = file.read_bytes()
        file.write_bytes(data[:-40] + bytes([data[-40] ^ 1]) + data[-39:])
        assert "damaged" in refusal(saved)
        file.write_bytes(data)


def test_links_are_not_followed(saved: Path) -> None:
    outside = saved.parent / "outside.json"
    (saved / "session.json").rename(outside)
    (saved / "session.json").symlink_to(outside)
    assert "session.json that cannot be read (it is a link, and none is followed)" in refusal(saved)
    content = outside.read_bytes()
    with pytest.raises(LispeError, match="a link or no file"):
        Session().evaluate(f'(session_save "{saved}")')
    assert outside.read_bytes() == content


def test_what_a_folder_says_does_not_steer_the_screen(
    saved: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    left_out = {"\x1b[2Jname": {"why": "\x07\x1b]0;title", "cell": "\r"}}
    rewritten(saved, lambda manifest: manifest["left out"].update(left_out))
    for action in ("list", "diff", "restore"):
        Session().evaluate(f'(magic "%session {action} {saved}")')
    rewritten(saved, lambda manifest: manifest["variables"].update({"\x1b[2Jname": {"\x1b[2Jkind": 1}}))
    for action in ("list", "diff"):
        Session().evaluate(f'(magic "%session {action} {saved}")')
    assert capsys.readouterr().out.replace("\n", "").isprintable()
    assert "\x1b" not in refusal(saved)


def test_what_a_manifest_leaves_out_comes_back(tmp_path: Path) -> None:
    session = Session()
    session.evaluate(
        '(setq m (torch_linear 2 2)) (setq o (torch_optimizer m 0.1 "adam")) (setq i (integers 1 2))'
        "(setq n (->sum (torch_forward m (torch_ones '(1 2))))) (torch_backward n) (torch_optimizer_step o)"
        "(setq t (torch_ones '(4))) (setq v (@ t 1)) (setq e (torch_ones '(0 3)))"
        '(setq f (python "t.view(2, 2)")) (setq s (python "t[2]")) (python "setattr(m, \'training\', 1)")'
    )
    session.evaluate(f'(session_save "{tmp_path}/kept")')
    written = session.call(as_data, session).manifest
    found = folders.load(str(tmp_path / "kept"))
    for name in ("variables", "objects", "states"):
        assert json.dumps(found[name], sort_keys=True) == json.dumps(written[name], sort_keys=True)


def test_a_folder_of_the_version_before_comes_back(tmp_path: Path) -> None:
    session = Session()
    session.evaluate(f'(setq m (torch_linear 2 2)) (setq a (list m)) (session_save "{tmp_path}/kept")')
    manifest = {**folders.load(str(tmp_path / "kept")), "version": 1}
    for entry in manifest["memory"].values():
        del entry["dtype"], entry["shape"]
    (tmp_path / "kept" / "session.json").write_bytes(folders.dumped(manifest))
    other = Session()
    other.evaluate(f'(session_restore "{tmp_path}/kept") (session_save "{tmp_path}/kept")')
    shown = '(python "m.weight.tolist() if a[0] is m else 0")'
    assert other.evaluate(shown) == session.evaluate(shown)
    assert folders.load(str(tmp_path / "kept"))["version"] == 2


def test_a_later_version_and_other_folders_are_refused(saved: Path, tmp_path: Path) -> None:
    manifest = folders.load(str(saved))
    later = "version 3, this LispE reads versions 1 and 2: update lispe_kernel"
    for version, told in ((3, later), (True, "an unknown version")):
        (saved / "session.json").write_bytes(folders.dumped({**manifest, "version": version}))
        assert told in refusal(saved)
    assert "is not there" in refusal(tmp_path / "nothing")
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "thesis.txt").write_text("x")
    with pytest.raises(LispeError, match="holds other things"):
        Session().evaluate(f'(session_save "{tmp_path}/mine")')
    assert os.listdir(tmp_path / "mine") == ["thesis.txt"]


def test_what_cannot_be_kept_is_named_with_its_cell_and_the_rest_is_kept(tmp_path: Path) -> None:
    session = Session()
    session.evaluate('(import "math") (setq pair (list 1 math)) (setq good 3)', "cell 7")
    found = session.evaluate(f'(session_save "{tmp_path}/kept")')["left_out"]
    assert sorted(found) == ["math", "pair"]
    assert "cell 7" in found["pair"]
    other = Session()
    other.evaluate(f'(session_restore "{tmp_path}/kept")')
    assert other.evaluate("good") == 3
