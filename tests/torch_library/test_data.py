"""Data: sets of samples, files of them, batches. PyTorch's own loader judges the order, Python the files."""

import contextlib
import csv
import json
import pickle
import time
import warnings

import numpy as np
import pytest
import torch
from PIL import Image
from torch.utils.data import DataLoader, TensorDataset

from lispe_kernel import LispeError, Session, to_text


def shown(code: str) -> str:
    return to_text(Session().evaluate(code))


def error(code: str) -> str:
    with pytest.raises(LispeError) as caught:
        Session().evaluate(code)
    return caught.value.text


@pytest.mark.parametrize(("shuffle", "drop_last"), [(True, False), (True, True), (False, False)])
def test_the_order_is_that_of_pytorchs_loader(shuffle, drop_last):
    x, y = torch.arange(22.0).reshape(11, 2), torch.arange(11)
    session = Session()
    session.namespace.update(x=x, y=y)
    flags = f"(? shuffle {'true' if shuffle else 'nil'}) (? drop_last {'true' if drop_last else 'nil'})"
    flags += "(? seed 7)" if shuffle else ""
    session.evaluate(f"(setq batches (torch_batches (torch_dataset x y) 4 {flags}))")
    loader = DataLoader(
        TensorDataset(x, y),
        4,
        shuffle=shuffle,
        drop_last=drop_last,
        generator=torch.Generator().manual_seed(7),
    )
    for _pass in range(2):
        found = session.evaluate("(setq found (list)) (loop b batches (push found b)) found")
        assert [[part.tolist() for part in batch] for batch in found] == [
            [part.tolist() for part in batch] for batch in loader
        ]


TRAINING = """
(torch_manual_seed 3)
(setq x (tensor_randn '(11 2))) (setq y (tensor_randn '(11 1)))
(setq model (torch_model 2 4 1)) (setq adam (torch_optimizer model 0.01 "adam"))
(setq batches (torch_batches (torch_dataset x y) 4 (? shuffle true)))
(setq losses (list))
(defun train (epochs stop)
  (while (< epoch epochs)
    (loop batch batches
      (torch_optimizer_zero_grad adam)
      (setq loss (torch_mse_loss (torch_forward model (@ batch 0)) (@ batch 1)))
      (torch_backward loss)
      (torch_optimizer_step adam)
      (push losses (tensor_item loss))
      (check (= (size losses) stop) (torch_save_checkpoint model adam epoch "c.pt" (? batches batches))))
    (+= epoch 1)))
(setq epoch 0)
"""


@pytest.mark.parametrize("stop", [1, 3, 5])
def test_a_resume_goes_on_with_the_next_batch(stop, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    whole = Session()
    whole.evaluate(f"{TRAINING} (train 3 {stop})")
    resumed = Session()
    resumed.evaluate(
        f'{TRAINING} (setq epoch (torch_resume_checkpoint "c.pt" model adam (? batches batches)))'
    )
    resumed.evaluate("(train 3 0)")
    assert list(resumed.evaluate("losses")) == list(whole.evaluate("losses"))[stop:]


INNER = """
(setq m (torch_linear 1 1)) (setq o (torch_optimizer m 0.1 "sgd"))
(setq b (torch_batches (range 0 12 1) 2 (? shuffle true) (? seed 1)))
(setq seen (list)) (setq within (list))
(defun train (stop)
  (loop x b
    (push seen (tensor_to_list x))
    (loop y b (push within (tensor_to_list y)) (break))
    (check (= (size seen) stop) (torch_save_checkpoint m o 0 "bb.pt" (? batches b)))))
"""


def test_an_inner_loop_over_the_same_batches_keeps_the_place_of_the_outer_one(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    whole, resumed = Session(), Session()
    whole.evaluate(f"{INNER} (train 2) (train 0)")
    resumed.evaluate(f'{INNER} (torch_resume_checkpoint "bb.pt" m o (? batches b)) (train 0) (train 0)')
    for name in ("seen", "within"):
        assert list(resumed.evaluate(name)) == list(whole.evaluate(name))[2:]


@pytest.mark.parametrize("loop", ["loop x b", "lloop (x i) b '(1 2 3 4 5)", "whilein x b true"])
@pytest.mark.parametrize(
    ("ends", "left"),
    [
        ("(/ 1 0)", 4),
        ("(stop)", 4),
        ("(break)", 5),
        ("(maybe (/ 1 0) nil)", 5),
        ("(return 1)", 5),
        ("(return (/ 1 0))", 4),
    ],
)
def test_the_place_stays_after_an_error_or_an_interrupt(loop, ends, left):
    """(stop) interrupts as the stop button does. The second of five batches is not done: four are left."""

    def stop():
        raise KeyboardInterrupt

    session = Session()
    session.namespace["stop"] = stop
    session.evaluate("(setq b (torch_batches (range 0 10 1) 2 (? shuffle true) (? seed 1)))")
    with contextlib.suppress(LispeError, KeyboardInterrupt):
        session.evaluate(f"(defun f () (setq n 0) ({loop} (+= n 1) (if (= n 2) {ends}))) (f)")
    place = session.namespace["b"].position()
    session.evaluate("(setq c (torch_batches (range 0 10 1) 2 (? shuffle true) (? seed 1)))")
    session.namespace["c"].restorer(place)()
    assert session.evaluate("(setq n 0) (loop x c (+= n 1)) n") == left
    # The next loop is a pass of its own.
    assert session.evaluate("(setq n 0) (loop x b (+= n 1)) n") == 5


@pytest.mark.parametrize(
    ("code", "said"),
    [
        ("(torch_batches '(1 2) 2 nil 3)", "a seed changes nothing without shuffle"),
        ("(@ (torch_batches '(1 2) 2) 0)", "batches have no places"),
    ],
)
def test_what_batches_cannot_do(code, said):
    assert said in error(code)


def test_other_batches_are_no_place_to_resume_at(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    session = Session()
    session.evaluate(f"{TRAINING} (train 1 2) (setq other (torch_batches (torch_dataset x y) 5))")
    with pytest.raises(LispeError, match=r"its batches are others: they had size 4, these have 5"):
        session.evaluate('(torch_resume_checkpoint "c.pt" model adam nil other)')


@pytest.mark.parametrize(
    ("data", "other", "warned"),
    [
        ("'(1 2 3)", "'(1 2 3)", 0),
        ("'(1 2 3)", "'(1 2 4)", 1),
        ("(range 0 3 1)", "(range 5 8 1)", 1),
        ("'(`a` `b` `c`)", "'(`a` `b` `d`)", 1),
        ("(tensor_ones '(3 2))", "(tensor_ones '(3 2))", 0),
        ("(tensor_ones '(3 2))", "(+ 1 (tensor_ones '(3 2)))", 1),
        ("(torch_dataset (tensor_ones '(3 2)) '(0 1 1))", "(torch_dataset (tensor_ones '(3 2)) '(0 1 0))", 1),
        # What a function makes of a sample may be drawn anew each time.
        ("(torch_dataset '(1 2 3) (? transform (λ (n) n)))", "(torch_dataset '(1 2 3) (? transform -))", 0),
    ],
)
def test_a_position_in_other_data_is_warned_of(data, other, warned):
    session = Session()
    session.evaluate(f"(setq a (torch_batches {data} 2)) (setq b (torch_batches {other} 2))")
    place = session.namespace["a"].position()
    with warnings.catch_warnings(record=True) as found:
        warnings.simplefilter("always")
        session.namespace["b"].restorer(place)
    assert len(found) == warned
    # A file from before there were prints says nothing.
    session.namespace["b"].restorer({key: value for key, value in place.items() if key != "prints"})


def test_batches_come_back_with_their_session_in_the_middle_of_a_pass(tmp_path):
    session = Session()
    session.evaluate(
        "(setq d (torch_dataset '(1 2 3 4 5) (? transform (λ (n) (* n 10)))))"
        f"(setq b (torch_batches d 2 (? shuffle true) (? seed 3)))"
        f'(setq seen (list)) (loop x b (push seen x) (session_save "{tmp_path}/kept") (break))'
    )
    other = Session()
    other.evaluate(f'(session_restore "{tmp_path}/kept")')
    rest = other.evaluate("(setq rest (list)) (loop x b (push rest (tensor_to_list x))) rest")
    first = session.evaluate("(tensor_to_list (@ seen 0))")
    assert sorted([*first, *(n for batch in rest for n in batch)]) == [10, 20, 30, 40, 50]


def test_batches_come_back_with_their_session_after_an_error_as_the_next_loop_has_them(tmp_path):
    session, other = Session(), Session()
    session.evaluate("(setq b (torch_batches '(1 2 3 4 5) 2 (? shuffle true)))")
    with pytest.raises(LispeError):
        session.evaluate("(loop x b (car 5))")
    session.evaluate(f'(session_save "{tmp_path}/kept")')
    other.evaluate(f'(session_restore "{tmp_path}/kept")')
    seen = "(setq seen (list)) (loop x b (push seen (tensor_to_list x))) seen"
    assert other.evaluate(seen) == session.evaluate(seen)


def test_samples_are_put_together_part_by_part():
    batch = "(loop b (torch_batches {} 2) (print b))"
    kinds = """'((1 "a" (1 2.5)) (2 "b" (3 4)))"""
    code = f"(setq b nil) (loop x (torch_batches {kinds} 2) (setq b x)) "
    assert shown(code + "(list (tensor_dtype (@ b 0)) (@ b 1) (tensor_to_list (@ b 2)))") == (
        '("int64" ("a" "b") ((1 2.5) (3 4)))'
    )
    assert "sample 1 has the string" in error(batch.format("""'(1 "a")"""))
    assert "sample 0 has float32 [2], sample 1 float32 [1]" in error(
        batch.format("(list (floats 1 2) (floats 1))")
    )
    assert "sample 1 has the list (3)" in error(batch.format("'((1 2) (3))"))
    assert (
        shown("(setq n 0) (loop b (torch_batches '(1 2 3) 2 (? collate (λ (l) (size l)))) (+= n b)) n") == "3"
    )


def test_rows_are_what_python_reads(tmp_path):
    path = tmp_path / "a.csv"
    rows = [["x", "y", "name", "code"], ["1", "2", 'a "b"', "007"], ["-3", "4.5", "two\nlines", "1"]]
    with path.open("w", newline="") as stream:
        csv.writer(stream).writerows(rows)
    found = Session().evaluate(f'(setq d (torch_dataset "{path}")) (list (@ d 0) (@ d 1))')
    assert [dict(row) for row in found] == [
        {"x": 1, "y": 2.0, "name": 'a "b"', "code": "007"},
        {"x": -3, "y": 4.5, "name": "two\nlines", "code": "1"},
    ]


def test_lines_are_texts_or_values(tmp_path):
    (tmp_path / "a.txt").write_bytes(b"\xef\xbb\xbfone\r\n\nthree")
    values = [{"x": [1, 2.5]}, "é", 3]
    (tmp_path / "a.jsonl").write_text("\n\n".join(map(json.dumps, values)))
    (tmp_path / "a.json").write_text(json.dumps(values))
    assert shown(f'(setq l (list)) (loop x (torch_dataset "{tmp_path}/a.txt") (push l x)) l') == (
        '("one" "" "three")'
    )
    for name in ("a.jsonl", "a.json"):
        code = f'(setq l (list)) (loop x (torch_dataset "{tmp_path}/{name}") (push l x)) l'
        assert shown(code) == '({"x":(1 2.5)} "é" 3)'


DAMAGED = {
    "a.txt": (b"ok\nb\xff\n", "line 2 is not UTF-8 (byte 2 of it)"),
    "short.csv": (b"a,b\n1,2\n3\n", "line 3 has 1 cells, not 2"),
    "quote.csv": (b'a,b\n1,"2\n3,4\n', "line 3: unexpected end of data"),
    "twice.csv": (b"a,a\n1,2\n", "its header has an empty name, or one name twice"),
    "a.jsonl": (b'{"a": 1}\n\n{"a": }\n', "line 3 is not JSON"),
    "nan.jsonl": (b"NaN\n", "line 1 is not JSON: NaN is no number of JSON"),
    "deep.jsonl": (b"[" * 300_000 + b"]" * 300_000, "line 1 has lists inside each other too deep"),
    "large.jsonl": (b"1\n1e999\n", "line 2 is not JSON: 1e999 is larger than any number"),
    "large.csv": (b"a,b\nx,1\nx,1e400\n", "line 3, column b: 1e400 is larger than any number"),
    "return.csv": (b"a,b\r1,2\r", "line 1: a carriage return stands alone"),
    "a.json": (b"{}", "it is not a list of samples"),
    "a.npy": (b"\x93NUMPY\x01\x00\xff\xffxx", "it is no array of numpy that can be read"),
    "a.xyz": (b"", "its name does not say what it is"),
    "missing/a.csv": (None, "there is no such file"),
}


@pytest.mark.parametrize("name", DAMAGED)
def test_what_is_wrong_with_a_file_is_said(name, tmp_path):
    content, expected = DAMAGED[name]
    if content is not None:
        (tmp_path / name).write_bytes(content)
    found = error(f'(torch_dataset "{tmp_path}/{name}")')
    assert found.startswith(f"Error reading data: {tmp_path}/{name}: ")
    assert expected in found


def test_a_file_that_changes_is_refused(tmp_path):
    path = tmp_path / "a.txt"
    path.write_text("one\ntwo\n")
    session = Session()
    session.evaluate(f'(setq d (torch_dataset "{path}"))')
    begun = time.monotonic()
    with path.open("a") as stream:
        stream.write("three\n")
    # Nobody waits for a data set to let go of its file: the system lets a writer wait 45 seconds.
    assert time.monotonic() - begun < 20
    with pytest.raises(LispeError, match="another program wrote to it since the data set was made"):
        session.evaluate("(@ d 0)")


def test_arrays_are_numpys_and_never_pickles(tmp_path):
    values = np.arange(6.0).reshape(3, 2)
    np.save(tmp_path / "a.npy", values.astype(">f4"))
    assert shown(f'(tensor_to_list (@ (torch_dataset "{tmp_path}/a.npy") 2))') == "(4 5)"
    whole = (tmp_path / "a.npy").read_bytes()
    (tmp_path / "cut.npy").write_bytes(whole[:-1])
    assert "it is cut short" in error(f'(torch_dataset "{tmp_path}/cut.npy")')
    np.save(tmp_path / "o.npy", np.array([print], dtype=object), allow_pickle=True)
    (tmp_path / "p.npy").write_bytes(pickle.dumps(values))
    assert "Python objects (pickle), which are never read" in error(f'(torch_dataset "{tmp_path}/o.npy")')
    assert "no array of numpy" in error(f'(torch_dataset "{tmp_path}/p.npy")')


def test_images_are_pixels_from_0_to_1(tmp_path):
    pixels = np.arange(24, dtype=np.uint8).reshape(2, 4, 3) * 10
    for place, folder in enumerate(("cats", "dogs")):
        (tmp_path / folder).mkdir()
        Image.fromarray(pixels + place).save(tmp_path / folder / "a.png")
    image, label = Session().evaluate(f'(@ (torch_dataset "{tmp_path}") 1)')
    expected = torch.from_numpy(pixels + 1).permute(2, 0, 1).float() / 255
    assert label == 1
    assert torch.equal(image, expected)
    (tmp_path / "ps.png").write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n")
    assert "it is no image that can be read" in error(f'(torch_image "{tmp_path}/ps.png")')
    whole = (tmp_path / "cats/a.png").read_bytes()
    (tmp_path / "cut.png").write_bytes(whole[:50])
    assert "it is damaged" in error(f'(torch_image "{tmp_path}/cut.png")')
