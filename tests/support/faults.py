"""What may happen to a recording's device, sound server or program, done to the virtual microphone and its listener."""

from __future__ import annotations

import time
from collections.abc import Callable

from support.desktop import VirtualMicrophone
from support.listener import Listener

Fault = Callable[[VirtualMicrophone, Listener, float], None]


def unplugged(microphone: VirtualMicrophone, _: Listener, seconds: float) -> None:
    microphone.unplug()
    time.sleep(seconds)
    microphone.plug()


def another_rate(microphone: VirtualMicrophone, _: Listener, seconds: float) -> None:
    microphone.unplug()
    time.sleep(seconds)
    microphone.plug(48000)


def another_default(microphone: VirtualMicrophone, _: Listener, seconds: float) -> None:
    microphone.add_microphone(f"mic{time.monotonic_ns()}", 44100)


def server_killed(microphone: VirtualMicrophone, _: Listener, seconds: float) -> None:
    microphone.kill()
    time.sleep(seconds)
    microphone.restart()


def server_stopped(microphone: VirtualMicrophone, _: Listener, seconds: float) -> None:
    microphone.hang()
    time.sleep(seconds)
    microphone.go_on()


def program_stopped(_: VirtualMicrophone, listener: Listener, seconds: float) -> None:
    listener.stand_still(seconds)
