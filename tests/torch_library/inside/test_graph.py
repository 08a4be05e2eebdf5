"""A graph: every call and every tensor between two calls, no other ones; what is put into one box; files."""

from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from lispe_kernel.display import bundle
from lispe_kernel.display.drawing.layered import layered
from lispe_kernel.display.functions import graph
from lispe_kernel.display.views.inside.levels import levels_of
from lispe_kernel.language.errors import LispeError
from lispe_kernel.session import Session
from lispe_kernel.torch_library.inside.outline import outline


class Mixed(nn.Module):
    """What tensors in one memory make difficult: identities, views, writing in place, a layer run twice."""

    def __init__(self) -> None:
        super().__init__()
        self.drop, self.same, self.flat = nn.Dropout(), nn.Identity(), nn.Flatten()
        self.fc, self.act = nn.Linear(4, 4), nn.ReLU(inplace=True)
        self.position = nn.Parameter(torch.ones(4))
        self.unused = nn.Linear(3, 3)

    def forward(self, data: torch.Tensor) -> dict[str, torch.Tensor]:
        moved = data + self.position
        dropped = self.drop(moved)
        left, right = self.act(self.fc(dropped)).chunk(2, 1)
        made = torch.zeros_like(data)
        made[:, 0] = self.fc(left[:, 0])
        return {"a": self.flat(self.same(right) * moved[:, :2]), "b": made.view(-1), "c": dropped}


def edges(found: Any) -> set[tuple[str, str, str]]:
    return {(e.source.label, e.target.label, e.kind) for e in found.edges}


def test_an_edge_stands_where_a_tensor_went_and_nowhere_else() -> None:
    model = Mixed()
    kept = torch.random.get_rng_state()
    found = graph(model, torch.ones(2, 4, 4))
    assert edges(found) == {
        ("data", "add", "float32 [2,4,4]"),
        ("add", "drop", "float32 [2,4,4]"),
        ("drop", "fc", "float32 [2,4,4]"),
        ("fc", "act", "float32 [2,4,4]"),
        ("act", "fc (call 2)", "float32 [2,4]"),
        ("fc (call 2)", "zeros_like · setitem", "float32 [2,4]"),
        ("act", "same", "float32 [2,2,4]"),
        # Dropout and identity hand on what they got: what they give is theirs, what they got is not.
        ("same", "mul", "float32 [2,2,4]"),
        ("add", "mul", "float32 [2,2,4]"),
        ("mul", "flat", "float32 [2,2,4]"),
        ("flat", "output", "a float32 [2,8]"),
        ("zeros_like · setitem", "output", "b float32 [32]"),
        ("drop", "output", "c float32 [2,4,4]"),
    }
    assert [step.tensors for step in found.root.inner if step.name == "add"] == [["position"]]
    assert model.training
    assert torch.equal(kept, torch.random.get_rng_state())


def test_a_class_of_lispe_and_a_module_of_python_are_seen_alike() -> None:
    session = Session()
    session.evaluate(
        """(class@ Net ((up (torch_linear 4 8)) (down (torch_linear 8 4)))
             (defun forward (x) (+ x (torch_forward down (torch_relu (torch_forward up x))))))
           (setq g (graph (Net) (torch_ones '(2 4))))"""
    )
    expected = {
        ("input", "up"),
        ("up", "relu"),
        ("relu", "down"),
        ("input", "add"),
        ("down", "add"),
        ("add", "output"),
    }
    assert {pair[:2] for pair in edges(session.evaluate("g"))} == expected
    assert session.evaluate('(@ (@ g "down") "from")') == ["relu"]
    with pytest.raises(LispeError, match="there is no step left in the graph; it has: Net, up, down"):
        session.evaluate('(@ g "left")')


def test_layers_that_follow_each_other_stand_in_one_box() -> None:
    blocks = [nn.Sequential(nn.Linear(4, 4), nn.Tanh()) for _ in range(5)]
    levels = levels_of(graph(nn.Sequential(*blocks, nn.Linear(4, 1)), torch.ones(1, 4)))
    assert [len(box.repeats) for box in levels[0].boxes] == [1, 5, 1, 1]
    assert [level.times for level in levels] == [1, 5]
    assert set(levels[0].links) == {(0, 1), (1, 2), (2, 3)}


class Skipping(nn.Module):
    """Layers that take what the last one gave, and what one further back gave."""

    def __init__(self, back: int) -> None:
        super().__init__()
        self.parts, self.back = nn.ModuleList(nn.Sequential(nn.Linear(4, 4)) for _ in range(6)), back

    def forward(self, data: torch.Tensor) -> torch.Tensor:
        seen = [data] * 4
        for part in self.parts:
            seen.append(part(seen[-1] * seen[-self.back]))
        return seen[-1]


@pytest.mark.parametrize(("back", "together"), [(1, 6), (4, 1)])
def test_layers_that_lead_past_the_next_one_stay_apart(back: int, together: int) -> None:
    boxes = levels_of(graph(Skipping(back), torch.ones(1, 4)))[0].boxes
    assert len(boxes[1].repeats) == together


def test_without_an_input_one_is_chosen_and_told(tmp_path: Path) -> None:
    model = nn.Sequential(nn.Conv2d(3, 4, 3), nn.Flatten(), nn.Linear(4 * 26 * 26, 2))
    assert "run on float32 [1,3,28,28], chosen here" in bundle(graph(model))["text/plain"]
    with pytest.raises(LispeError, match="no input that fits this model could be chosen"):
        graph(nn.Sequential(nn.Linear(3, 4), nn.Linear(5, 1)))
    with pytest.raises(LispeError, match="a module, a state dict, or the path of a file"):
        graph(3)
    with pytest.raises(LispeError, match=r"Error in graph: in 1 \(Linear\): "):
        graph(nn.Sequential(nn.Linear(3, 4), nn.Linear(5, 1)), torch.ones(1, 3))


@pytest.mark.parametrize("ending", ["pt", "safetensors"])
def test_a_file_is_drawn_from_its_header(ending: str, tmp_path: Path) -> None:
    path, session = str(tmp_path / f"m.{ending}"), Session()
    session.evaluate(f'(torch_save_model (torch_model 4 8 2) "{path}")')
    found = session.evaluate(f'(graph "{path}")')
    assert [(step.label, step.holds) for step in found.root.inner] == [
        ("fc1", ("weight float32 [8,4]", "bias float32 [8]")),
        ("fc2", ("weight float32 [8,8]", "bias float32 [8]")),
        ("fc3", ("weight float32 [2,8]", "bias float32 [2]")),
    ]
    assert found.root.parameters == 130
    with pytest.raises(LispeError, match="tensors alone do not run"):
        session.evaluate(f'(graph "{path}" (torch_ones (list 1 4)))')
    Path(path).write_bytes(Path(path).read_bytes()[:100])
    with pytest.raises(LispeError, match="Error in graph: "):
        session.evaluate(f'(graph "{path}")')


def test_numbers_of_layers_may_have_any_length() -> None:
    found = outline("file", {f"{number}.w": ("float32 [1]", 1) for number in ("9" * 5000, "10", "2")})
    assert [len(step.name) for step in found.root.inner] == [1, 2, 5000]


def test_boxes_do_not_touch_and_lines_go_down_around_them() -> None:
    sizes = [(40.0 + 7 * (k % 5), 20.0) for k in range(30)]
    links = [(k, k + d) for k in range(30) for d in (1, 3, 7) if k + d < 30 and (k * d) % 4 != 2]
    made = layered(sizes, links)
    ends = [(x - w / 2, y - 10, x + w / 2, y + 10) for (x, y), (w, _) in zip(made.places, sizes, strict=True)]
    for k, a in enumerate(ends):
        assert all(a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1] for b in ends[:k])
    for (source, target), way in zip(links, made.ways, strict=True):
        assert [y for _, y in way] == sorted(y for _, y in way)
        assert way[0][1] == ends[source][3]
        assert way[-1][1] == ends[target][1]
        for x, y in way[1:-1]:
            assert not any(a[0] < x < a[2] and a[1] < y < a[3] for a in ends)
