"""Linear layers in eight bits, for processors that multiply and add four of them at once.

Where weights are read once for every token, as in decoding, it is the memory that sets the pace: a quarter of the bytes
is about a quarter of the time.
"""

from __future__ import annotations

import warnings

import torch
from torch import Tensor, nn
from torch.nn import functional

from s2t_core.model.activations import activation

_LARGEST = 127
_LEAST = 1e-12
# Layers whose inputs do not come from a layer norm, which makes them of one size; nothing but the layer reads them.
_UNLIKE = ("out_proj", "fc2")
# Without the search for an overload at every call.
_multiply = torch.ops.quantized.linear_dynamic.default
_multiply_relu = torch.ops.quantized.linear_relu_dynamic.default


def int8_is_exact() -> bool:
    """Whether this processor sums products of eight-bit numbers without overflow (VNNI) and torch has kernels for it.

    Others need inputs of seven bits, which cost the embedded checkpoint 1.5 points of word errors.
    """
    vnni = getattr(torch.cpu, "_is_vnni_supported", None)
    return bool(vnni and vnni()) and "x86" in torch.backends.quantized.supported_engines


class Int8Linear(nn.Module):
    """`linear` for inference: its weights as int8 with a scale a row, its inputs as eight bits with a scale a call.

    unlike  whether the vectors of a call may be of very different size, as behind no layer norm. Since the kernel knows
            one scale for all of them, they are then brought to the same range before, where they lie, and back behind:
            what is given to such a layer is lost. On the embedded checkpoint (12 clips of three sets) the KL to float32
            is 0.0037 where all layers do so, 0.0050 where those behind no norm do, 0.0089 where none does.
    relu    whether the activation is part of the kernel's work
    """

    def __init__(self, linear: nn.Linear, unlike: bool = True, relu: bool = False) -> None:
        super().__init__()
        weight = linear.weight.detach()
        scales = (weight.abs().amax(dim=1) / _LARGEST).clamp_min(_LEAST).double()
        zeros = torch.zeros(len(weight), dtype=torch.long)
        with warnings.catch_warnings():  # torch 2.13 says such tensors will go one day; the kernel has no other way in
            warnings.filterwarnings("ignore", message="torch.quantize_per", category=UserWarning)
            rows = torch.quantize_per_channel(weight, scales, zeros, 0, torch.qint8)
        self.unlike = unlike
        self.bias = None if linear.bias is None else linear.bias.detach()
        self._multiply = _multiply_relu if relu and not unlike else _multiply
        self._packed = torch.ops.quantized.linear_prepack(rows, None if unlike else self.bias)

    def forward(self, inputs: Tensor) -> Tensor:
        """inputs (..., features in) float32 -> (..., features out)."""
        outputs: Tensor
        if not self.unlike:
            outputs = self._multiply(inputs, self._packed)
            return outputs
        if inputs.numel() == inputs.shape[-1]:
            outputs = self._multiply(inputs, self._packed)
        else:
            largest = torch.maximum(inputs.amax(-1, keepdim=True), inputs.amin(-1, keepdim=True).neg_())
            largest.clamp_min_(_LEAST)
            outputs = self._multiply(inputs.div_(largest), self._packed).mul_(largest)
        return outputs if self.bias is None else outputs.add_(self.bias)


class Int8Conv(nn.Module):
    """`conv` for inference, as a linear layer over its windows."""

    def __init__(self, conv: nn.Conv1d) -> None:
        super().__init__()
        (self._kernel,), (self._stride,) = conv.kernel_size, conv.stride
        self._padding = int(conv.padding[0])
        linear = nn.Linear(self._kernel * conv.in_channels, conv.out_channels, device="meta")
        linear.weight = nn.Parameter(conv.weight.detach().transpose(1, 2).flatten(1), requires_grad=False)
        assert conv.bias is not None
        linear.bias = nn.Parameter(conv.bias.detach(), requires_grad=False)
        self._linear = Int8Linear(linear)

    def forward(self, hidden: Tensor) -> Tensor:
        """hidden (batch, channels, frames) -> (batch, channels out, frames out)."""
        padded = functional.pad(hidden.transpose(1, 2), (0, 0, self._padding, self._padding))
        windows = padded.unfold(1, self._kernel, self._stride).transpose(2, 3)  # (batch, frames out, kernel, channels)
        # Copied: windows lie over each other, and the layer scales its inputs where they lie.
        outputs: Tensor = self._linear(windows.flatten(2).contiguous()).transpose(1, 2)
        return outputs


def make_linears_int8(module: nn.Module) -> None:
    """Replace every linear layer inside `module`, and every convolution that does not hear features themselves; it can
    then neither be trained nor saved.

    Features are no matter for eight bits: filters fitted to unnormalised filter banks nearly cancel.
    """
    for name, child in list(module.named_children()):
        if isinstance(child, nn.Linear):
            relu = name == "fc1" and getattr(module, "activation", None) is functional.relu
            setattr(module, name, Int8Linear(child, name in _UNLIKE, relu))
            if relu:
                module.activation = activation("linear")  # type: ignore[assignment]
        elif isinstance(child, nn.Conv1d):
            if name != "0":
                setattr(module, name, Int8Conv(child))
        else:
            make_linears_int8(child)
