"""Feeds the readers hostile input for as long as one likes, led by what of the code it reaches (atheris, libFuzzer).

    python tests/fuzz/run.py [TARGET ...] [--seconds 60] [--findings FOLDER]

Every target runs in a process of its own, so that one that brings it down is a finding as well. What was found lies in
the folder, to be fed again: python tests/fuzz/run.py TARGET --again FILE
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]
_MEMORY_MB, _PATIENCE_S = 3000, 10


def fuzz(name: str, corpus: Path, findings: Path, seconds: int) -> None:
    """Never returns: libFuzzer ends the process."""
    import atheris

    with atheris.instrument_imports(include=["app", "s2t_core"]):
        from fuzz.targets import TARGETS, survive
    target = TARGETS[name]
    for number, seed in enumerate(target.seeds()):
        (corpus / f"seed-{number}").write_bytes(seed)
    options = (
        f"-max_total_time={seconds} -rss_limit_mb={_MEMORY_MB} -timeout={_PATIENCE_S} -print_final_stats=1 "
        f"-artifact_prefix={findings}/{name}- -max_len={max(1 << 16, 2 * max(map(len, target.seeds())))} -verbosity=1"
    )
    atheris.Setup([sys.argv[0], *options.split(), str(corpus)], lambda data: survive(target, data))
    atheris.Fuzz()


def main() -> int:
    from fuzz.targets import TARGETS, survive

    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("targets", nargs="*", choices=[*TARGETS, []], metavar="TARGET", help=", ".join(TARGETS))
    parser.add_argument("--seconds", type=int, default=60)
    parser.add_argument("--findings", type=Path, default=Path(tempfile.gettempdir()) / "dictate-findings")
    parser.add_argument("--again", type=Path)
    options = parser.parse_args()
    if options.again is not None:
        survive(TARGETS[options.targets[0]], options.again.read_bytes())
        return 0
    options.findings.mkdir(parents=True, exist_ok=True)
    print("| target | inputs | code reached, at first and in the end | outcome |\n|---|---|---|---|", flush=True)
    found = [not _run(name, options) for name in options.targets or TARGETS]
    return 1 if any(found) else 0


def _run(name: str, options: argparse.Namespace) -> bool:
    with tempfile.TemporaryDirectory() as corpus:
        words = [sys.executable, __file__, "--one", name, corpus, str(options.findings), str(options.seconds)]
        done = subprocess.run(words, capture_output=True, text=True, errors="replace")
    inputs = re.findall(r"number_of_executed_units:\s*(\d+)", done.stderr)
    reached = re.findall(r"cov: (\d+)", done.stderr)
    outcome = "nothing" if done.returncode == 0 else f"a finding (exit {done.returncode}), see {options.findings}"
    if done.returncode:
        (options.findings / f"{name}.log").write_text(done.stdout + done.stderr)
    reach = f"{reached[0]}, {reached[-1]}" if reached else "-"
    print(f"| {name} | {inputs[0] if inputs else '-'} | {reach} | {outcome} |", flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    if "--one" in sys.argv:
        name, corpus, findings, seconds = sys.argv[2:6]
        fuzz(name, Path(corpus), Path(findings), int(seconds))
    sys.exit(main())
