"""The whole network: encoder and decoder, the language-model head tied to the embeddings, and the loss."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from s2t_core.config import ModelConfig
from s2t_core.model.attention import BACKENDS, MultiHeadAttention
from s2t_core.model.cache import Cache
from s2t_core.model.decoder import Decoder, DecoderOutput
from s2t_core.model.encoded import EncodedFrames
from s2t_core.model.encoder import Encoder, EncoderOutput

IGNORED_LABEL = -100  # positions of the labels that the loss leaves out, as in torch's cross entropy


@dataclass(frozen=True, slots=True)
class Speech2TextOutput:
    """logits (rows, tokens, vocabulary); loss where labels were given; what encoder and decoder recorded."""

    logits: Tensor
    loss: Tensor | None
    encoder: EncoderOutput
    decoder: DecoderOutput


def shift_tokens_right(labels: Tensor, pad_token_id: int, decoder_start_token_id: int) -> Tensor:
    """Decoder inputs for teacher forcing: the start token, then the labels without their last; -100 becomes padding."""
    shifted = labels.roll(1, dims=1)
    shifted[:, 0] = decoder_start_token_id
    return shifted.masked_fill(shifted == IGNORED_LABEL, pad_token_id)


class Speech2TextModel(nn.Module):
    """Encoder and decoder without a head; parameter names of transformers' class of this name."""

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.encoder = Encoder(config)
        self.decoder = Decoder(config)

    def forward(self, features: Tensor, tokens: Tensor, lengths: Tensor | None = None) -> DecoderOutput:
        """features (batch, frames, bins), tokens (batch, tokens), lengths (batch,) -> hidden states of the tokens."""
        encoded = self.encoder(features, lengths).encoded
        output: DecoderOutput = self.decoder(tokens, encoded)
        return output


class Speech2TextForConditionalGeneration(nn.Module):
    """The recogniser's network; parameter names of transformers' class of this name, so that its weights load.

    Source: Wang et al. 2020, "fairseq S2T" (arXiv 2010.05171).
    """

    def __init__(self, config: ModelConfig) -> None:
        super().__init__()
        self.config = config
        self.model = Speech2TextModel(config)
        self.lm_head = nn.Linear(config.d_model, config.vocab_size, bias=False)
        self.tie_weights()

    @property
    def device(self) -> torch.device:
        return self.model.encoder.layer_norm.weight.device

    @property
    def dtype(self) -> torch.dtype:
        """Of hidden states and features; layer norms keep it whatever becomes of the linear layers."""
        return self.model.encoder.layer_norm.weight.dtype

    def tie_weights(self) -> None:
        """Make the head and the embeddings one tensor, where the configuration says so."""
        if self.config.tie_word_embeddings:
            self.lm_head.weight = self.model.decoder.embed_tokens.weight

    def init_weights(self) -> None:
        """Fresh weights: normal with `init_std`, zero biases and padding row, layer norms as identity."""
        for module in self.modules():
            if isinstance(module, nn.Linear | nn.Conv1d | nn.Embedding):
                nn.init.normal_(module.weight, std=self.config.init_std)
            if isinstance(module, nn.Linear | nn.Conv1d) and module.bias is not None:
                nn.init.zeros_(module.bias)
            if isinstance(module, nn.LayerNorm):
                module.reset_parameters()
        with torch.no_grad():
            self.model.decoder.embed_tokens.weight[self.config.pad_token_id] = 0.0

    def set_attention_backend(self, name: str) -> None:
        """Use "sdpa" or "eager" attention everywhere. Raises ValueError for another name."""
        if name not in BACKENDS:
            raise ValueError(f"no attention back end {name!r}; there are {', '.join(BACKENDS)}")
        for module in self.modules():
            if isinstance(module, MultiHeadAttention):
                module.backend = name

    def set_gradient_checkpointing(self, enabled: bool) -> None:
        """Recompute the layers' activations in the backward pass instead of keeping them."""
        self.model.encoder.gradient_checkpointing = enabled
        self.model.decoder.gradient_checkpointing = enabled

    def join_projections(self) -> None:
        """Fewer and larger multiplications: for inference, since parameters are renamed."""
        for name, module in self.named_modules():
            if isinstance(module, MultiHeadAttention):
                module.join(own=not name.endswith("encoder_attn"))

    def encode(self, features: Tensor, lengths: Tensor | None = None, chunk_frames: int | None = None) -> EncodedFrames:
        """features (batch, frames, bins), lengths (batch,) -> the encoding; `chunk_frames` as the encoder takes it."""
        encoded: EncodedFrames = self.model.encoder(features, lengths, chunk_frames=chunk_frames).encoded
        return encoded

    def decode(self, tokens: Tensor, encoded: EncodedFrames, cache: Cache | None = None) -> Tensor:
        """tokens (rows, tokens) that the cache does not hold yet -> logits (rows, tokens, vocabulary)."""
        logits: Tensor = self.lm_head(self.model.decoder(tokens, encoded, cache).hidden)
        return logits

    def decode_last(self, tokens: Tensor, encoded: EncodedFrames, cache: Cache) -> Tensor:
        """As `decode`, but the logits (rows, vocabulary) behind the last of the tokens alone."""
        logits: Tensor = self.lm_head(self.model.decoder(tokens, encoded, cache).hidden[:, -1])
        return logits

    # the masks and records that transformers' class takes, too
    def forward(  # noqa: PLR0913
        self,
        features: Tensor,
        tokens: Tensor | None = None,
        lengths: Tensor | None = None,
        *,
        labels: Tensor | None = None,
        token_mask: Tensor | None = None,
        encoder_head_mask: Tensor | None = None,
        decoder_head_mask: Tensor | None = None,
        cross_head_mask: Tensor | None = None,
        output_hidden_states: bool = False,
        output_attentions: bool = False,
    ) -> Speech2TextOutput:
        """Teacher-forced pass over whole utterances.

        features  (batch, frames, bins); lengths (batch,) real frames of each
        tokens    (batch, tokens) decoder inputs; without them the labels shifted right
        labels    (batch, tokens), -100 where a position does not count; gives `loss`, the mean cross entropy
        """
        if tokens is None:
            if labels is None:
                raise ValueError("either tokens or labels are needed")
            tokens = shift_tokens_right(labels, self.config.pad_token_id, self.config.decoder_start_token_id)
        recorded = {"output_hidden_states": output_hidden_states, "output_attentions": output_attentions}
        encoder = self.model.encoder(features, lengths, head_mask=encoder_head_mask, **recorded)
        decoder = self.model.decoder(
            tokens,
            encoder.encoded,
            token_mask=token_mask,
            head_mask=decoder_head_mask,
            cross_head_mask=cross_head_mask,
            **recorded,
        )
        logits = self.lm_head(decoder.hidden)
        loss = None
        if labels is not None:
            loss = functional.cross_entropy(logits.flatten(0, 1), labels.flatten(), ignore_index=IGNORED_LABEL)
        return Speech2TextOutput(logits, loss, encoder, decoder)
