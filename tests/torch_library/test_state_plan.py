"""What fits what: names, shapes, dtypes and tied weights of a file against those of a model."""

import pytest
import safetensors.torch
import torch
from torch import nn

from tests.torch_library.torch_calls import call, error_of, listed

WAYS_OUT = {
    "names": "build the same architecture, or load a part: (torch_load_model path model (list names...))",
    "shapes": "build the model with the sizes of the file",
    "dtypes": "save the file with the model's dtypes",
}


class Holder(nn.Module):
    """A module with these tensors as buffers."""

    def __init__(self, **tensors: torch.Tensor) -> None:
        super().__init__()
        for name, tensor in tensors.items():
            self.register_buffer(name, tensor)


class Tied(nn.Module):
    """Two names for one weight, and a bias."""

    def __init__(self) -> None:
        super().__init__()
        self.embedding = nn.Embedding(4, 3)
        self.head = nn.Linear(3, 4)
        self.head.weight = self.embedding.weight


def written(**tensors: torch.Tensor) -> str:
    safetensors.torch.save_file({name.replace("__", "."): t for name, t in tensors.items()}, "f.safetensors")
    return "f.safetensors"


# -- tied weights


@pytest.mark.parametrize("name", ["embedding", "head"])
def test_a_tied_weight_may_stand_in_a_file_under_one_of_its_names(name, in_folder):
    model, weight = Tied(), torch.randn(4, 3)
    call("torch_load_model", written(**{f"{name}__weight": weight, "head__bias": torch.ones(4)}), model)
    assert torch.equal(model.embedding.weight, weight)
    assert model.head.weight is model.embedding.weight


def test_a_tied_weight_that_a_file_lacks_is_missing_under_all_its_names(in_folder):
    text = error_of("torch_load_model", written(head__bias=torch.ones(4)), Tied())
    assert "missing: embedding.weight [4,3], head.weight [4,3]. Nothing was changed" in text


def test_two_views_of_one_storage_are_not_tied(in_folder):
    large = torch.zeros(6)
    model = Holder(a=large.view(2, 3), b=large.view(3, 2), c=large[:4])
    text = error_of("torch_load_model", written(a=torch.ones(2, 3)), model)
    assert "missing: b [3,2], c [4]." in text
    assert torch.equal(large, torch.zeros(6))


# -- shapes


@pytest.mark.parametrize(
    ("name", "inside", "model", "fits"),
    [
        ("weight", (1, 3), (3,), False),
        ("weight", (3, 1), (3,), False),
        ("weight", (3, 1), (1, 3), False),
        ("weight", (2, 3), (3, 2), False),
        ("weight", (), (1,), False),
        ("weight", (2, 3), (2, 3), True),
        # libtorch keeps a positional table with a dimension of one
        ("pe", (5, 1, 4), (5, 4), True),
        ("pe", (1, 5, 4), (5, 4), True),
        ("pe", (5, 4), (1, 5, 4), True),
        ("pe", (5, 4), (4, 5), False),
        ("pe", (6, 1, 4), (5, 4), False),
        ("ape", (1, 5, 4), (5, 4), False),
    ],
)
def test_a_tensor_fits_one_of_its_own_shape(name, inside, model, fits, in_folder):
    path = written(**{name: torch.ones(inside)})
    module = Holder(**{name: torch.zeros(model)})
    if fits:
        call("torch_load_model", path, module)
        assert torch.equal(getattr(module, name), torch.ones(model))
    else:
        sizes = [str(list(sides)).replace(" ", "") for sides in (inside, model)]
        text = error_of("torch_load_model", path, module)
        assert f"mismatched: {name} is {sizes[0]} in the file and {sizes[1]} in the model. Nothing" in text
        assert text.endswith(WAYS_OUT["shapes"])
        assert torch.equal(getattr(module, name), torch.zeros(model))


# -- dtypes, and the way out


@pytest.mark.parametrize(
    ("inside", "model", "way_out"),
    [
        (torch.float16, torch.float32, '(torch_state_dict_convert (torch_read_state_dict path) "float32")'),
        (torch.float32, torch.float64, '(torch_state_dict_convert (torch_read_state_dict path) "float64")'),
        (torch.int64, torch.float32, WAYS_OUT["dtypes"]),
        (torch.float32, torch.int64, WAYS_OUT["dtypes"]),
        (torch.int32, torch.int64, WAYS_OUT["dtypes"]),
    ],
)
def test_another_dtype_is_refused_with_a_way_out_that_works(inside, model, way_out, in_folder):
    path, module = written(a=torch.ones(2).to(inside)), Holder(a=torch.zeros(2).to(model))
    text = error_of("torch_load_model", path, module)
    names = [str(dtype).removeprefix("torch.") for dtype in (inside, model)]
    assert f"of another dtype: a is {names[0]} in the file and {names[1]} in the model. Nothing" in text
    assert way_out in text
    assert not module.a.any()


def test_a_model_of_two_dtypes_is_loaded_from_a_table(in_folder):
    path = written(a=torch.ones(2).half(), b=torch.ones(2).half())
    module = Holder(a=torch.zeros(2), b=torch.zeros(2).double())
    text = error_of("torch_load_model", path, module)
    way_out = "convert the file's tensors: (torch_load_state_dict model (torch_read_state_dict path))"
    assert text.endswith(way_out)


def test_other_names_tell_the_way_out(in_folder):
    text = error_of("torch_load_model", written(a=torch.ones(1), b=torch.ones(2)), Holder(a=torch.ones(1)))
    assert text.endswith(f"unexpected: b [2]. Nothing was changed; {WAYS_OUT['names']}")


def test_a_model_that_is_a_part_of_the_file_is_told_which(in_folder):
    path = written(net__a=torch.ones(1), net__b=torch.ones(2), other=torch.ones(3))
    module = Holder(a=torch.zeros(1), b=torch.zeros(2))
    way_out = 'the model is the part net of the file: (torch_load_model path model "net")'
    assert error_of("torch_load_model", path, module).endswith(way_out)
    call("torch_load_model", path, module, "net")
    assert torch.equal(module.b, torch.ones(2))


def test_a_part_that_lacks_a_tensor_of_the_model_is_not_offered(in_folder):
    path = written(net__a=torch.ones(1), other=torch.ones(3))
    text = error_of("torch_load_model", path, Holder(a=torch.zeros(1), b=torch.zeros(2)))
    assert text.endswith(WAYS_OUT["names"])


@pytest.mark.parametrize(
    ("count", "end"), [(40, "t39 [1]."), (41, "t39 [1] and 1 more."), (50, "and 10 more.")]
)
def test_an_error_lists_forty_tensors(count, end, in_folder):
    path = written(**{f"t{number:02}": torch.ones(1) for number in range(count)})
    assert end in error_of("torch_load_model", path, Holder())


# -- parts


PARTS = {
    "fc1__weight": (4, 3),
    "fc1__bias": (4,),
    "fc2__weight": (2, 4),
    "fc2__bias": (2,),
    "fc10__bias": (9,),
}


@pytest.mark.parametrize(
    ("part", "filled"),
    [
        ("fc1", {"fc1.weight", "fc1.bias"}),
        ("fc1.", {"fc1.weight", "fc1.bias"}),
        ("fc2.bias", {"fc2.bias"}),
        (("fc1.bias", "fc2"), {"fc1.bias", "fc2.weight", "fc2.bias"}),
        (None, {"fc1.weight", "fc1.bias", "fc2.weight", "fc2.bias", "fc10.bias"}),
    ],
)
def test_a_part_fills_what_is_named_or_lies_under_the_name(part, filled, in_folder):
    path = written(**{name: torch.ones(shape) for name, shape in PARTS.items()})
    model = nn.ModuleDict(
        {"fc1": nn.Linear(3, 4), "fc2": nn.Linear(4, 2), "fc10": Holder(bias=torch.zeros(9))}
    )
    with torch.no_grad():
        for tensor in model.state_dict().values():
            tensor.zero_()
    call("torch_load_model", path, model, listed(*part) if isinstance(part, tuple) else part)
    assert {name for name, tensor in model.state_dict().items() if tensor.all()} == filled


def test_a_part_that_the_file_lacks_is_refused_with_what_it_holds(in_folder):
    path = written(**{f"t{number}": torch.ones(1) for number in range(9)})
    text = error_of("torch_load_model", path, Holder(fc=torch.ones(1)), "fc")
    held = "t0, t1, t2, t3, t4, t5, t6, t7 and 1 more"
    assert text.endswith(f"it holds no tensor fc and none under fc.; it holds {held}")


def test_a_part_of_a_file_without_tensors_is_refused(in_folder):
    torch.save({}, "c.pt")
    text = error_of("torch_load_model", "c.pt", Holder(fc=torch.ones(1)), "fc")
    assert text.endswith("it holds no tensor fc and none under fc.; it holds nothing")


# -- the names that wrappers put in


@pytest.mark.parametrize("name", ["module__a", "_orig_mod__a", "module___orig_mod__a", "a"])
def test_what_wrappers_put_into_names_is_left_out(name, in_folder):
    module = Holder(a=torch.zeros(1))
    call("torch_load_model", written(**{name: torch.ones(1)}), module)
    assert module.a == 1


def test_a_part_of_the_model_with_a_wrappers_name_stays(in_folder):
    model = nn.ModuleDict({"module": Holder(a=torch.zeros(1))})
    call("torch_load_model", written(module__a=torch.ones(1)), model)
    assert model["module"].a == 1


def test_names_that_would_become_one_stay_as_they_are(in_folder):
    path = written(module__a=torch.ones(1), a=torch.ones(1))
    assert "unexpected: module.a [1]" in error_of("torch_load_model", path, Holder(a=torch.zeros(1)))


# -- a table in a larger file


@pytest.mark.parametrize("key", ["model", "model_state_dict", "state_dict"])
def test_the_model_of_a_larger_file_is_found_under_its_usual_keys(key, in_folder):
    torch.save({key: {"a": torch.ones(1)}, "epoch": 3, "other": {"b": torch.ones(2)}}, "c.pt")
    module = Holder(a=torch.zeros(1))
    call("torch_load_model", "c.pt", module)
    assert module.a == 1


def test_settings_under_a_models_key_are_passed_over(in_folder):
    torch.save({"model": {"layers": 3}, "state_dict": {"a": torch.ones(1)}}, "c.pt")
    module = Holder(a=torch.zeros(1))
    call("torch_load_model", "c.pt", module)
    assert module.a == 1


def test_tables_inside_tables_give_names_with_dots(in_folder):
    torch.save({"net": {"a": torch.ones(1), "inner": {"b": torch.ones(1)}}, "epoch": 3}, "c.pt")
    model = nn.ModuleDict({"net": Holder(a=torch.zeros(1))})
    model["net"].inner = Holder(b=torch.zeros(1))
    call("torch_load_model", "c.pt", model)
    assert (model["net"].a, model["net"].inner.b) == (1, 1)


@pytest.mark.parametrize(
    "values", [{"a": torch.ones(1), "epoch": 3}, {"a": torch.ones(1), "settings": {"layers": 3}}]
)
def test_what_stands_among_the_tensors_of_a_model_is_unexpected(values, in_folder):
    torch.save(values, "c.pt")
    assert "unexpected: " in error_of("torch_load_model", "c.pt", Holder(a=torch.zeros(1)))


def test_a_file_without_tensors_is_refused(in_folder):
    torch.save({"epoch": 3}, "c.pt")
    text = error_of("torch_load_model", "c.pt", Holder(a=torch.zeros(1)))
    assert text == "Error loading model: c.pt: it holds no table of tensors"
