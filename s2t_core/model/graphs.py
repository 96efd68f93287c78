"""Work over tensors that stay in their place: on a GPU it is recorded once and replayed without the host's commands."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import torch

_REHEARSALS = 2  # libraries choose kernels and take workspaces in the first run, which must not be recorded

Work = Callable[[], None]


def replayable(work: Work, device: torch.device, pool: Any = None) -> Work:
    """`work`, to be called again and again; on a CUDA device as one graph.

    It may only read and write tensors in place and never wait for the device. It runs a few times first, so what it
    writes must be set up anew before it counts.

    pool  of memory between the calls, from `torch.cuda.graph_pool_handle`: works that never overlap may share one
    """
    if device.type != "cuda":
        return work
    aside = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]
    aside.wait_stream(torch.cuda.current_stream(device))
    with torch.cuda.stream(aside):
        for _ in range(_REHEARSALS):
            work()
    torch.cuda.current_stream(device).wait_stream(aside)
    graph = torch.cuda.CUDAGraph()
    # Other threads may go on taking memory: only what this one does belongs to the record.
    with torch.cuda.graph(graph, pool=pool, capture_error_mode="thread_local"):
        work()
    return graph.replay
