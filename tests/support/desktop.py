"""A screen and a microphone of our own: Xvfb with a window manager, and PulseAudio with a virtual microphone.

Nothing of the user's session is touched: the server, its sockets and its configuration live in a folder of the test.
"""

from __future__ import annotations

import contextlib
import os
import shlex
import shutil
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from pathlib import Path

TOOLS = ("Xvfb", "openbox", "xdotool", "pulseaudio", "pactl", "parec", "paplay")
RATE = 16000  # of the virtual microphone: sound at this rate comes back bit for bit


def missing_tools() -> list[str]:
    """What has to be installed before these tests can run."""
    return [tool for tool in TOOLS if shutil.which(tool) is None]


def wait_for(condition, timeout_s: float = 60.0, what: str = "condition"):
    """Poll until `condition()` is true; returns its value."""
    deadline = time.monotonic() + timeout_s
    while not (value := condition()):
        assert time.monotonic() < deadline, f"no {what} within {timeout_s} s"
        time.sleep(0.05)
    return value


@contextlib.contextmanager
def at_most(seconds: float, process: subprocess.Popen) -> Iterator[None]:
    """Kill a process that hangs, so that whoever reads its output goes on."""
    watchdog = threading.Timer(seconds, process.kill)
    watchdog.start()
    try:
        yield
    finally:
        watchdog.cancel()
        watchdog.join()


@contextlib.contextmanager
def running(command: list[str], env: dict[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that ends with the block, and with it those that it has started."""
    with log.open("ab") as out:
        process = subprocess.Popen(
            command, env=env, stdin=subprocess.DEVNULL, stdout=out, stderr=out, start_new_session=True
        )
        try:
            yield process
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)
            process.wait()


@contextlib.contextmanager
def screen(folder: Path) -> Iterator[dict[str, str]]:
    """An X server with a window manager; yields the environment that finds it."""
    read_end, write_end = os.pipe()
    try:
        command = ["Xvfb", "-displayfd", str(write_end), "-screen", "0", "1280x800x24", "-nolisten", "tcp"]
        with (folder / "xvfb.log").open("wb") as log:
            server = subprocess.Popen(command, pass_fds=[write_end], stdout=log, stderr=log)
        os.close(write_end)
        number = os.read(read_end, 16).decode().strip()
        env = {"DISPLAY": f":{number}", "QT_QPA_PLATFORM": "xcb"}
        up = folder / "openbox.up"
        manager = ["openbox", "--startup", f"touch {shlex.quote(str(up))}"]
        with running(manager, os.environ | env, folder / "openbox.log"):
            wait_for(up.exists, what="window manager")  # a window that opens while it starts may never be shown
            yield env
    finally:
        os.close(read_end)
        server.kill()
        server.wait()


def no_sound(folder: Path) -> dict[str, str]:
    """An environment in which PortAudio finds no device."""
    config = folder / "no-sound.conf"
    config.write_text("</usr/share/alsa/alsa.conf>\n")
    return {"ALSA_CONFIG_PATH": str(config), "PULSE_SERVER": "unix:/nowhere", "XDG_RUNTIME_DIR": str(folder)}


class VirtualMicrophone:
    """A PulseAudio server of its own, with a loudspeaker `vspk` whose sound is heard by the microphone `vmic`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.env = {
            "XDG_RUNTIME_DIR": str(folder / "run"),
            "PULSE_RUNTIME_PATH": str(folder / "run" / "pulse"),
            "PULSE_STATE_PATH": str(folder / "state"),
            "PULSE_SERVER": f"unix:{folder}/run/native",
            "ALSA_CONFIG_PATH": str(folder / "asound.conf"),
            "JACK_NO_START_SERVER": "1",
        }
        self._whole = os.environ | self.env
        self._module = ""

    @contextlib.contextmanager
    def serve(self) -> Iterator[VirtualMicrophone]:
        """The server, with the microphone plugged in."""
        for name in ("run/pulse", "state"):
            (self.folder / name).mkdir(parents=True)
        (self.folder / "run").chmod(0o700)
        (self.folder / "run/pulse").chmod(0o700)
        (self.folder / "asound.conf").write_text(
            "</usr/share/alsa/alsa.conf>\n"
            'pcm.!default { type pulse hint { show on description "Default (PulseAudio)" } }\n'
            "ctl.!default { type pulse }\n"
        )
        server = [
            "pulseaudio", "-n", "--daemonize=no", "--exit-idle-time=-1", "--disable-shm=yes", "--realtime=no",
            "--high-priority=no", "--log-level=info",
            f"--load=module-native-protocol-unix auth-anonymous=1 socket={self.folder}/run/native",
        ]  # fmt: skip
        self._command = server
        with contextlib.ExitStack() as self._processes:
            self._begin()
            yield self

    def _begin(self) -> None:
        self.server = self._processes.enter_context(running(self._command, self._whole, self.folder / "pulse.log"))
        wait_for(lambda: self._pactl("info").returncode == 0, what="PulseAudio")
        self.plug()

    def plug(self, rate: int = RATE) -> None:
        """Make the microphone and the loudspeaker behind it appear."""
        self._pactl("load-module", "module-null-sink", f"sink_name=vspk rate={rate} channels=1 channel_map=mono")
        loaded = self._pactl("load-module", "module-remap-source", "master=vspk.monitor", "source_name=vmic")
        self._module = loaded.stdout.strip()
        self._pactl("set-default-source", "vmic")
        self._pactl("set-default-sink", "vspk")
        # An idle null sink delivers its first block only after two seconds: keep somebody listening.
        self._processes.enter_context(
            running(["parec", "-d", "vspk.monitor", "--latency-msec=20"], self._whole, Path(os.devnull))
        )

    def unplug(self) -> None:
        """Make the microphone and the loudspeaker behind it vanish: the last device is gone."""
        self._pactl("unload-module", self._module)
        self._pactl("unload-module", "module-null-sink")

    def hang(self) -> None:
        """The server answers nobody any more, until `go_on`."""
        self.server.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        """End a hang."""
        self.server.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """The server breaks down, until `restart`."""
        self.server.kill()
        self.server.wait()

    def restart(self) -> None:
        """A new server in the place of one that was killed, with the same microphone."""
        self._begin()

    def add_microphone(self, name: str, rate: int = RATE) -> None:
        """Another microphone, which becomes the default; it hears what is played to the sink `NAME_in`."""
        self._pactl("load-module", "module-null-sink", f"sink_name={name}_in rate={rate} channels=1 channel_map=mono")
        self._pactl("load-module", "module-remap-source", f"master={name}_in.monitor", f"source_name={name}")
        self._pactl("set-default-source", name)

    def play(self, path: Path, sink: str = "vspk") -> None:
        """Play a file into the microphone or another sink, to its end or until the sink vanishes."""
        subprocess.run(["paplay", f"--device={sink}", "--latency-msec=500", str(path)], env=self._whole)

    def add_loudspeaker(self, name: str, heard: bool = False) -> None:
        """A loudspeaker that becomes the default; `heard` by the microphone as well, a tenth of a second later."""
        self._pactl("load-module", "module-null-sink", f"sink_name={name} rate=48000")
        self._pactl("set-default-sink", name)
        if heard:
            way = f"source={name}.monitor sink=vspk latency_msec=100 adjust_time=0"
            self._pactl("load-module", "module-loopback", f"{way} source_dont_move=true sink_dont_move=true")

    def _pactl(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(["pactl", *words], env=self._whole, capture_output=True, text=True)
