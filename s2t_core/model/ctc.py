"""A CTC head: letters read off the encoder frames, beside the decoder and in a file of its own."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save
from torch import Tensor, nn
from torch.nn import functional

from s2t_core.errors import CheckpointError

FILE = "ctc.safetensors"
SYMBOLS = " 'abcdefghijklmnopqrstuvwxyz"  # ids from 1 on; 0 is the blank
BLANK = 0
_NARROWER = 8  # letters need few of a frame's directions
_IDS = {symbol: number for number, symbol in enumerate(SYMBOLS, 1)}


class CtcHead(nn.Module):
    """Two layers from an encoder frame to a letter or the blank (CTC: Graves et al. 2006)."""

    def __init__(self, d_model: int) -> None:
        super().__init__()
        self.inner = nn.Linear(d_model, d_model // _NARROWER)
        self.outer = nn.Linear(d_model // _NARROWER, len(SYMBOLS) + 1)

    def forward(self, frames: Tensor) -> Tensor:
        """(batch, frames, d_model) -> log probabilities (batch, frames, symbols + 1)."""
        log_probs: Tensor = self.outer(functional.gelu(self.inner(frames))).log_softmax(dim=-1)
        return log_probs


def spell(text: str) -> list[int]:
    """The symbols of a text: small letters, apostrophes and single blanks; the rest is left out."""
    letters = "".join(
        sign if sign in _IDS else "" if not sign.isspace() and sign != "-" else " " for sign in text.lower()
    )
    return [_IDS[sign] for sign in " ".join(letters.split())]


def read_off(log_probs: Tensor) -> str:
    """The best path of (frames, symbols + 1) as text: repetitions merged, blanks dropped."""
    path = torch.unique_consecutive(log_probs.argmax(dim=1)).tolist()
    return " ".join("".join(SYMBOLS[symbol - 1] for symbol in path if symbol != BLANK).split())


def save_ctc(head: CtcHead, folder: Path) -> None:
    """Write the head into a checkpoint folder, as float16."""
    content = save({name: weight.detach().half().contiguous() for name, weight in head.state_dict().items()})
    (folder / FILE).write_bytes(content)  # safetensors would make the file readable by the user alone


def load_ctc(folder: Path, d_model: int) -> CtcHead | None:
    """The head of a checkpoint folder; None where there is none. Raises CheckpointError when it is broken."""
    path = folder / FILE
    if not path.is_file():
        return None
    head = CtcHead(d_model)
    try:
        head.load_state_dict({name: weight.float() for name, weight in load_file(path).items()})
        if not all(bool(weight.isfinite().all()) for weight in head.state_dict().values()):
            raise ValueError("it holds a value that is not a finite number")
    except (SafetensorError, OSError, RuntimeError, ValueError) as error:
        reason = (str(error).strip() or type(error).__name__).splitlines()[0]
        raise CheckpointError(f"{path} cannot be read ({reason[:160]}).", "Remove it, or copy it again.") from None
    return head.eval()
