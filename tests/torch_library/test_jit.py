"""TorchScript files: run, inspected, written into, adapted, unloaded."""

import warnings

import pytest
import torch

from lispe_kernel.language.printer import to_text
from lispe_kernel.language.values.atoms import TRUE
from tests.torch_library.torch_calls import call, error_of, tensor


class Small(torch.nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.fc = torch.nn.Linear(3, 2)
        self.register_buffer("shift", torch.tensor([10.0, 20]))

    def forward(self, data):
        return self.fc(data) + self.shift


@pytest.fixture
def small(tmp_path):
    torch.manual_seed(0)
    plain, path = Small(), str(tmp_path / "small.ts")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        torch.jit.script(plain).save(path)
    return plain, call("torch_jit_load", path)


def test_a_loaded_module_answers_like_the_one_saved(small):
    plain, model = small
    data = tensor(1.0, 2, 3)
    assert torch.allclose(call("torch_jit_model_forward", model, data), plain(data))
    given, answer = call("torch_jit_model_get_intermediate_states", model, data, None)
    assert given is data
    assert torch.allclose(answer, plain(data))


def test_a_loaded_module_tells_its_sizes(small):
    _, model = small
    lines = ["=== TorchScript Model Info ===", "Device: cpu", "Parameter count: 8", "Memory usage: 0 MB"]
    assert to_text(model) == "\n".join([*lines, "", "Buffers:", "  shift: [2]"])
    facts = {"loaded": TRUE, "device": "cpu", "parameter_count": 8, "memory_mb": 0}
    assert call("torch_jit_model_info", model) == facts


@pytest.mark.parametrize(
    ("name", "entries"),
    [
        ("parameter_names", ["fc.weight", "fc.bias"]),
        ("buffers", ["shift"]),
        ("tensor_names", ["fc.weight", "fc.bias", "shift"]),
    ],
)
def test_names_are_listed(small, name, entries):
    assert call(f"torch_jit_model_list_{name}", small[1]) == entries


def test_methods_are_listed(small):
    assert "forward" in call("torch_jit_model_list_methods", small[1])


def test_tensors_are_found_by_name(small):
    plain, model = small
    assert torch.equal(call("torch_jit_model_get_tensor", model, "fc.weight"), plain.fc.weight)
    assert torch.equal(call("torch_jit_model_get_buffer", model, "shift"), plain.shift)
    assert list(call("torch_jit_model_get_tensor_shape", model, "fc.weight")) == [2, 3]
    assert list(call("torch_jit_model_get_tensor_shape", model, "shift")) == [2]
    assert error_of("torch_jit_model_get_tensor", model, "x") == "Parameter not found: x"
    assert error_of("torch_jit_model_get_tensor_shape", model, "x") == "Parameter not found: x"
    assert error_of("torch_jit_model_get_buffer", model, "x") == "Buffer not found: x"


def test_a_weight_is_replaced_only_by_one_of_its_shape(small):
    _, model = small
    assert call("torch_jit_model_update_weight", model, "fc.bias", tensor(1.0, 2)) is TRUE
    assert call("torch_jit_model_get_tensor", model, "fc.bias").tolist() == [1, 2]
    assert "has the shape [2]" in error_of("torch_jit_model_update_weight", model, "fc.bias", tensor(1.0))
    assert call("torch_jit_model_get_tensor", model, "fc.bias").tolist() == [1, 2]
    text = "Parameter not found for update: x"
    assert error_of("torch_jit_model_update_weight", model, "x", tensor(1.0)).startswith(text)


def test_an_adapter_acts_only_while_running(small):
    plain, model = small
    adapter, data = call("torch_lora_linear", 3, 2, 1, 2.0), tensor(1.0, 2, 3)
    with torch.no_grad():
        adapter.lora_B.weight.fill_(1.0)
    assert call("torch_jit_model_register_lora_hook", model, "fc.weight", adapter) is TRUE
    before = call("torch_jit_model_get_tensor", model, "fc.weight").clone()
    expected = plain(data) + adapter.delta() @ data
    assert torch.allclose(call("torch_jit_model_forward_with_lora", model, data), expected, atol=1e-5)
    assert torch.equal(call("torch_jit_model_get_tensor", model, "fc.weight"), before)
    # Also when the run fails.
    error_of("torch_jit_model_forward_with_lora", model, torch.ones(7))
    assert torch.equal(call("torch_jit_model_get_tensor", model, "fc.weight"), before)


def test_an_adapter_must_fit(small):
    _, model = small
    layer = call("torch_lora_linear", 4, 2, 1, 2.0)
    name = "torch_jit_model_register_lora_hook"
    assert error_of(name, model, "x", layer) == "Parameter not found: x"
    assert error_of(name, model, "fc.weight", 3).startswith("Third argument must be a LoRA linear layer")
    assert "the adapter's change [2, 4]" in error_of(name, model, "fc.weight", layer)


def test_an_unloaded_module_is_gone(small):
    _, model = small
    assert call("torch_jit_unload", model) is TRUE
    assert to_text(model) == "<TorchJITModel: Not loaded>"
    assert error_of("torch_jit_model_forward", model, tensor(1.0)) == "Model not loaded"


def test_moving_between_devices(small):
    _, model = small
    assert call("torch_jit_model_to_device", model, "cpu") is TRUE
    assert call("torch_jit_model_to_best_device", model) is TRUE
    assert error_of("torch_jit_model_to_device", model, "tpu") == "Error: unknown device:tpu"


def test_an_unknown_device_is_only_warned_about_when_loading(small, tmp_path, capsys):
    assert call("torch_jit_load", str(tmp_path / "small.ts"), "tpu").device.type == "cpu"
    assert capsys.readouterr().err == "Warning: Invalid device tpu, using CPU\n"


def test_files_that_are_no_torchscript_are_refused(tmp_path):
    plain, absent = tmp_path / "plain.pt", tmp_path / "absent.pt"
    torch.save({"a": torch.ones(1)}, plain)
    start = "Error: Failed to load TorchScript model from "
    assert error_of("torch_jit_load", str(plain)) == f"{start}{plain} (not a TorchScript file)"
    assert error_of("torch_jit_load", str(absent)) == f"{start}{absent} (no such file)"


def test_other_values_are_no_model():
    no_model = error_of("torch_jit_model_forward", 3, tensor(1.0))
    assert no_model == "Error: First argument must be a TorchJIT model, not the integer 3"
    assert error_of("torch_jit_model_list_buffers", 3).startswith("Argument must be a JIT model")
    assert error_of("torch_jit_model_update_weight", 3, "x", 4).startswith(
        "First argument must be a JIT model"
    )
