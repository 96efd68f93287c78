"""Where the weights of linear layers lie, so that a CPU reads them fast when a single vector comes.

They are multiplied in the order in which they lie. Where outputs are many and inputs few, as in the head of a language
model, a row for every output is so short that its sum waits more than it reads: with a row for every input the head of
the public small shape (256 to 10,000) takes a third of the time.
"""

from __future__ import annotations

from torch import nn

from s2t_core.model.speech2text import Speech2TextForConditionalGeneration


def lay_out(model: Speech2TextForConditionalGeneration) -> None:
    """Turn the weights of decoder and head that are read faster so; their values and shapes stay what they are."""
    for module in (*model.model.decoder.modules(), model.lm_head):
        if isinstance(module, nn.Linear) and module.out_features > module.in_features:
            module.weight = nn.Parameter(module.weight.detach().t().contiguous().t(), requires_grad=False)
    if model.config.tie_word_embeddings:
        model.model.decoder.embed_tokens.weight = model.lm_head.weight
