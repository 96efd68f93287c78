"""Linear layers in eight bits, for processors that multiply and add four of them at once.

Where weights are read once for every token, as in decoding, it is the memory that sets the pace: a quarter of the bytes
is about a quarter of the time.
"""

from __future__ import annotations

import warnings

import torch
from torch import Tensor, nn

_LARGEST = 127
_LEAST = 1e-12
# Layers whose input is no layer norm's output, whose vectors are all of one size.
_UNLIKE = ("out_proj", "fc2")
_multiply = torch.ops.quantized.linear_dynamic.default  # without the search for an overload at every call


def int8_is_exact() -> bool:
    """Whether this processor sums products of eight-bit numbers without overflow (VNNI) and torch has kernels for it.

    Others need inputs of seven bits, which cost the embedded checkpoint 1.5 points of word errors.
    """
    vnni = getattr(torch.cpu, "_is_vnni_supported", None)
    return bool(vnni and vnni()) and "x86" in torch.backends.quantized.supported_engines


class Int8Linear(nn.Module):
    """`linear` for inference: its weights as int8 with a scale a row, its inputs as eight bits with a scale a call.

    unlike  whether the vectors of a call may be of very different size. Then they are brought to the same range before
            and back behind, since the kernel knows one scale for all of them; behind a layer norm that is for nothing.
    """

    def __init__(self, linear: nn.Linear, unlike: bool = True) -> None:
        super().__init__()
        weight = linear.weight.detach()
        scales = (weight.abs().amax(dim=1) / _LARGEST).clamp_min(_LEAST).double()
        zeros = torch.zeros(len(weight), dtype=torch.long)
        with warnings.catch_warnings():  # torch 2.13 says such tensors will go one day; the kernel has no other way in
            warnings.filterwarnings("ignore", message="torch.quantize_per", category=UserWarning)
            rows = torch.quantize_per_channel(weight, scales, zeros, 0, torch.qint8)
        self.unlike = unlike
        self.bias = None if linear.bias is None else linear.bias.detach()
        self._packed = torch.ops.quantized.linear_prepack(rows, None if unlike else self.bias)

    def forward(self, inputs: Tensor) -> Tensor:
        """inputs (..., features in) float32 -> (..., features out)."""
        if not self.unlike:
            return _multiply(inputs, self._packed)
        if inputs.numel() == inputs.shape[-1]:
            outputs = _multiply(inputs, self._packed)
            return outputs if self.bias is None else outputs.add_(self.bias)
        largest = inputs.abs().amax(dim=-1, keepdim=True).clamp_min_(_LEAST)
        outputs = _multiply(inputs / largest, self._packed).mul_(largest)
        return outputs if self.bias is None else outputs.add_(self.bias)


def make_int8(module: nn.Module) -> None:
    """Replace every linear layer inside `module`; it can then neither be trained nor saved."""
    for name, child in list(module.named_children()):
        if isinstance(child, nn.Linear):
            setattr(module, name, Int8Linear(child, unlike=name in _UNLIKE))
        else:
            make_int8(child)
