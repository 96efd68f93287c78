"""Feed-forward layers with fewer units: those that say least on speech are left out, their mean stays as a bias."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import torch
from torch import Tensor, nn

from s2t_core.model.speech2text import Speech2TextForConditionalGeneration


class _Activity:
    """Means and variances of the inputs (.., units) of a linear layer."""

    def __init__(self, layer: nn.Linear) -> None:
        self.rows = 0
        self._sum = torch.zeros(layer.in_features, dtype=torch.float64)
        self._squares = torch.zeros(layer.in_features, dtype=torch.float64)
        self.hook = layer.register_forward_pre_hook(self._see)

    def _see(self, layer: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        seen = inputs[0].detach().flatten(0, -2).double().cpu()
        self.rows += len(seen)
        self._sum += seen.sum(dim=0)
        self._squares += seen.square().sum(dim=0)

    def mean(self) -> Tensor:
        return (self._sum / self.rows).float()

    def variance(self) -> Tensor:
        return (self._squares / self.rows).float() - self.mean().square()


@torch.no_grad()
def narrowed(
    model: Speech2TextForConditionalGeneration, units: int, listen: Callable[[], None]
) -> Speech2TextForConditionalGeneration:
    """The network with `units` in each feed-forward layer of encoder and decoder, at most what it had.

    A unit counts by the variance it adds to the residual stream while `listen` has the model recognise speech.
    """
    watched = {
        name.removesuffix(".fc2"): _Activity(layer)
        for name, layer in model.named_modules()
        if name.endswith(".fc2") and isinstance(layer, nn.Linear)
    }
    listen()
    state = model.state_dict()
    for name, activity in watched.items():
        activity.hook.remove()
        out = state[f"{name}.fc2.weight"]
        order = (activity.variance() * out.square().sum(dim=0).cpu()).argsort(descending=True)
        kept, dropped = order[:units].sort().values, order[units:]
        state[f"{name}.fc2.bias"] = state[f"{name}.fc2.bias"] + out[:, dropped] @ activity.mean()[dropped].to(out)
        state[f"{name}.fc2.weight"] = out[:, kept]
        for kind in ("weight", "bias"):
            state[f"{name}.fc1.{kind}"] = state[f"{name}.fc1.{kind}"][kept]
    config = model.config
    narrow = Speech2TextForConditionalGeneration(
        replace(
            config,
            encoder_ffn_dim=min(units, config.encoder_ffn_dim),
            decoder_ffn_dim=min(units, config.decoder_ffn_dim),
        )
    )
    narrow.load_state_dict(state)
    narrow.tie_weights()
    return narrow.eval()
