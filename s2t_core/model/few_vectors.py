"""The decoder's linear layers in float32 on a CPU: a step multiplies one vector for each beam, and no more."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor, nn

from s2t_core.kernels.floats import multiply_few
from s2t_core.model.speech2text import Speech2TextForConditionalGeneration

_FEW = 8  # vectors; for more torch is as fast


class FewVectorsLinear(nn.Linear):
    """A linear layer with the parameters of another one, for inference."""

    def __init__(self, linear: nn.Linear) -> None:
        super().__init__(linear.in_features, linear.out_features, bias=False, device="meta")
        self.weight, self.bias = linear.weight, linear.bias
        self._weights = linear.weight.detach().numpy()
        self._biases = np.zeros(self.out_features, np.float32) if self.bias is None else self.bias.detach().numpy()

    def forward(self, inputs: Tensor) -> Tensor:
        """(..., inputs) -> (..., outputs)"""
        vectors = inputs.reshape(-1, self.in_features).contiguous()
        if len(vectors) > _FEW:
            return super().forward(inputs)
        products = torch.empty(len(vectors), self.out_features)
        multiply_few(vectors.numpy(), self._weights, self._biases, products.numpy())
        return products.view(*inputs.shape[:-1], self.out_features)


def hasten(model: Speech2TextForConditionalGeneration) -> None:
    """Let the layers of the decoder and the head multiply few vectors by a kernel; it cannot be trained then."""
    for module in (*model.model.decoder.modules(), model):
        for name, child in module.named_children():
            if isinstance(child, nn.Linear):
                setattr(module, name, FewVectorsLinear(child))
