"""The command `dictate`: reads its words, calls the room that does the work, and says errors in one line."""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

from app.bench import add_bench
from app.calibrate import add_calibrate
from app.ctl import add_ctl
from app.evaluate import add_eval
from app.export.arguments import add_export_options, export_options
from app.model_command import add_model
from app.paths import model_in_use, sample_audio
from app.personal import add_finetune
from app.sessions import add_sessions
from app.steering import add_steering, decoding_options
from app.terminal import note, out, out_json, prepare_streams
from app.train import add_train
from app.version import VersionAction

if TYPE_CHECKING:
    from collections.abc import Iterator

    from app.finding import Finding
    from s2t_core.recognizer import Recognizer

DONE, FAILED, WRONG_USE = 0, 1, 2
# Heavy imports (torch, Qt, PortAudio) come late, inside the commands, so that --help and a typing error answer at once.


def main(arguments: list[str] | None = None) -> int:
    """Run one command; returns the exit code."""
    # Threads of torch that spin while they wait starve the sound and the window; read when torch is imported.
    os.environ.setdefault("OMP_WAIT_POLICY", "PASSIVE")
    prepare_streams()
    debug = False
    try:
        options = _parser().parse_args(arguments)
        debug = options.debug
        from app.logs import start_logging

        start_logging(debug)
        return int(options.run(options))
    except KeyboardInterrupt:
        return FAILED
    except BrokenPipeError:  # the reader of our output has left
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return DONE
    except Exception as error:
        from app.errors import WrongUse, sentence

        if debug:
            raise
        note(f"dictate: {sentence(error)}")
        return WRONG_USE if isinstance(error, WrongUse) else FAILED


def _parser() -> argparse.ArgumentParser:
    # Accepted before and after the command; SUPPRESS keeps the second from overwriting the first.
    common = argparse.ArgumentParser(add_help=False)
    common.add_argument("--debug", action="store_true", default=argparse.SUPPRESS, help="show tracebacks and the log")
    model = argparse.ArgumentParser(add_help=False)
    model.add_argument("--model", type=Path, default=model_in_use(), metavar="DIR", help="checkpoint folder")
    model.add_argument("--device", choices=("auto", "cpu", "cuda"), default="auto", help="where the model runs")
    steering = argparse.ArgumentParser(add_help=False)
    add_steering(steering)
    parser = argparse.ArgumentParser(
        prog="dictate",
        description="Offline live dictation. Without a command the window opens.",
        parents=[common, steering],
    )
    parser.add_argument("--version", action=VersionAction, help="show the version and end")
    parser.set_defaults(run=_window, debug=False, model=model_in_use(), device="auto")
    commands = parser.add_subparsers(metavar="COMMAND")

    transcribe = commands.add_parser(
        "transcribe", help="the text of audio and video files", parents=[common, model, steering]
    )
    transcribe.add_argument("files", nargs="+", type=Path, metavar="FILE", help="audio or video, or folders")
    add_export_options(transcribe)
    transcribe.add_argument("-o", "--output", type=Path, metavar="DIR", help="write files there, not to stdout")
    transcribe.add_argument("--beam", type=_width, metavar="N", help="width of the search; default: the model's own")
    transcribe.add_argument(
        "--n-best", type=_width, default=1, metavar="N", help="with -f json: the N best texts of every segment"
    )
    transcribe.add_argument("--ray", metavar="ADDRESS", help="with -o: on a Ray cluster; auto, local, or HOST:PORT")
    transcribe.set_defaults(run=_transcribe)

    listen = commands.add_parser("listen", help="live text in the terminal", parents=[common, model, steering])
    source = listen.add_mutually_exclusive_group()
    source.add_argument("--input", metavar="NAME", help="input device, see: dictate devices")
    source.add_argument(
        "--file", type=Path, metavar="AUDIO", help="listen to an audio or video file instead of a microphone"
    )
    listen.add_argument(
        "--pace",
        type=int,
        choices=(0, 1),
        default=1,
        help="with --file: 1, as fast as speech, or 0, flat out; default: 1",
    )
    listen.add_argument("--events", action="store_true", help="one JSON object a line")
    listen.add_argument("--meeting", action="store_true", help="hear what the computer plays as well")
    listen.add_argument(
        "--names", nargs=2, metavar=("OWN", "OTHER"), help="the two sides of a meeting; default: Me Others"
    )
    listen.set_defaults(run=_listen)

    demo = commands.add_parser(
        "demo", help="the window, or the sample in the terminal", parents=[common, model, steering]
    )
    demo.set_defaults(run=_demo)
    _add_examinations(commands, common, model)
    add_eval(commands, [common, model, steering], _width)
    add_bench(commands, common, [common, model])
    training = add_train(commands, common)
    add_calibrate(training, common)
    add_finetune(training, common)
    add_model(commands, common)
    add_sessions(commands, common, model)
    add_ctl(commands, common)
    return parser


def _add_examinations(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    common: argparse.ArgumentParser,
    model: argparse.ArgumentParser,
) -> None:
    devices = commands.add_parser("devices", help="the input devices", parents=[common])
    devices.set_defaults(run=_devices)
    doctor = commands.add_parser("doctor", help="what works here and what does not", parents=[common, model])
    doctor.add_argument(
        "--network",
        action="store_true",
        help="run everything once with the network closed, and tell what tries to reach it; takes some seconds",
    )
    doctor.set_defaults(run=_doctor)
    for command in (devices, doctor):
        command.add_argument("--json", action="store_true", help="for other programs")


def _width(text: str) -> int:
    width = int(text) if text.isdecimal() else 0
    if not 1 <= width <= 100:
        raise argparse.ArgumentTypeError(f"{text!r} is not a number from 1 to 100")
    return width


def _window(options: argparse.Namespace) -> int:
    from app.display import display_fault
    from app.errors import DisplayError

    if fault := display_fault():
        raise DisplayError(fault)
    from app.collector import put_off

    with put_off():
        from app.ui.quick_imports import ask_for_no_features

        ask_for_no_features()
        from app.application import run_window

    return run_window(options.model, options.device, decoding_options(options))


def _transcribe(options: argparse.Namespace) -> int:
    from app.errors import WrongUse
    from app.transcribe import transcribe_files

    if options.n_best > 1 and options.format != "json":
        raise WrongUse("Only JSON has room for more than one text.", "Give -f json as well.")
    wishes, shown = decoding_options(options), export_options(options)
    if options.ray is not None:
        from app.archive.command import run_archive

        return DONE if run_archive(options, wishes, shown) else FAILED

    def load_model() -> Recognizer:
        from s2t_core.recognizer import load, takes_compiling

        if sys.stderr.isatty() and takes_compiling(options.device):
            note("The recogniser is being compiled for this processor: once, about 15 seconds.")
        return load(options.model, options.device, options.beam, wishes=wishes)

    well = transcribe_files(load_model, options.files, options.format, options.output, shown)
    return DONE if well else FAILED


def _listen(options: argparse.Namespace) -> int:
    from app.listen import choose_source, listen, show_event_lines, show_lines
    from app.live_lines import LiveLines

    wishes = decoding_options(options)
    source, said = choose_source(options)
    show = show_event_lines if options.events else show_lines(LiveLines(), said)
    listen(source, options.model, options.device, show, wishes)
    return DONE


def _demo(options: argparse.Namespace) -> int:
    """What `make run` calls: the window where it can be used, else the live path on the bundled sample."""
    from app.audio.devices import find_input
    from app.audio.file import FileSource
    from app.display import display_fault
    from app.errors import AudioError
    from app.listen import listen, show_lines
    from app.live_lines import LiveLines

    lacking = display_fault()
    hint = "Try a recording of your own: dictate listen --file FILE"
    if not lacking:
        try:
            find_input(None)
            return _window(options)
        except AudioError as error:
            lacking, hint = str(error), "The window opens all the same with: dictate"
    note(lacking)
    said = "The bundled sample, live, as fast as it is spoken (what may still change is in brackets):"
    show = show_lines(LiveLines(every_update=True), said)
    listen(FileSource(sample_audio(), paced=True), options.model, options.device, show, decoding_options(options))
    note(hint)
    return DONE


def _devices(options: argparse.Namespace) -> int:
    from app.audio.devices import list_inputs

    devices = list_inputs()
    if options.json:
        out_json([asdict(device) for device in devices])
    elif not devices:
        note("No microphone was found. Plug one in.")
    else:
        for device in devices:
            out(f"{device.index:3} {'*' if device.is_default else ' '} {device.name} ({device.rate} Hz)")
    return DONE


def _doctor(options: argparse.Namespace) -> int:
    findings = []
    for finding in _examined(options):
        findings.append(finding)
        if not options.json:
            out(f"{'ok  ' if finding.ok else 'BAD '} {finding.check}: {finding.detail}")
    if options.json:
        out_json([asdict(finding) for finding in findings])
    return DONE if all(finding.ok for finding in findings) else FAILED


def _examined(options: argparse.Namespace) -> Iterator[Finding]:
    if options.network:
        from app.network_check import examine_network

        return examine_network(options.model, options.device, lambda step: note(f"Without a network: {step} …"))
    from app.doctor import examine

    return examine(options.model, options.device)
