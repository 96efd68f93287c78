"""Where files are: what ships with the program, and what it writes."""

from __future__ import annotations

import os
import tempfile
from collections.abc import Callable
from pathlib import Path

import platformdirs

from s2t_core.errors import S2TError

_PACKAGE = Path(__file__).resolve().parent


def resources() -> Path:
    """The shipped files: `resources/` of a checkout, `app/_resources/` of an installed wheel."""
    installed = _PACKAGE / "_resources"
    return installed if installed.is_dir() else _PACKAGE.parent / "resources"


def embedded_model() -> Path:
    """The checkpoint in the box."""
    return resources() / "models" / "s2t-base-en"


def personal_model() -> Path:
    """Where the checkpoint adapted to this user is, if there is one."""
    return _of_user(platformdirs.user_data_path) / "models" / "personal"


def model_in_use() -> Path:
    """The personal checkpoint where there is one, else the one in the box."""
    return personal_model() if (personal_model() / "config.json").is_file() else embedded_model()


def sample_audio() -> Path:
    """The bundled recording that shows the program without a microphone."""
    return resources() / "audio" / "sample.flac"


def log_file() -> Path:
    """The log of this user; it never holds dictated text."""
    return _of_user(platformdirs.user_log_path) / "dictate.log"


def settings_file() -> Path:
    """What the user has chosen."""
    return _of_user(platformdirs.user_config_path) / "settings.json"


def portal_token_file() -> Path:
    """What the desktop gave to remember that its user has let this program type."""
    return _of_user(platformdirs.user_state_path) / "portal-token"


def history_file() -> Path:
    """The transcripts that were kept."""
    return _of_user(platformdirs.user_data_path) / "history.sqlite"


def recordings_folder() -> Path:
    """The sound that was kept with them."""
    return _of_user(platformdirs.user_data_path) / "recordings"


def journals_folder() -> Path:
    """What a running recording needs to survive its program; empty while nothing runs."""
    return _of_user(platformdirs.user_data_path) / "journals"


def runtime_folder() -> Path:
    """Where running programs of this user meet; it is empty after a restart of the machine."""
    session = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    if session.is_absolute():
        return session / "dictate"
    whose = f"-{os.getuid()}" if hasattr(os, "getuid") else ""  # Windows has a temporary folder for every user
    return Path(tempfile.gettempdir()) / f"dictate{whose}"


def own_folders() -> tuple[Path, ...]:
    """All folders in which the program writes by itself; what is in them is this user's alone."""
    state = _of_user(platformdirs.user_state_path)
    return history_file().parent, settings_file().parent, log_file().parent, state, runtime_folder()


def _of_user(find: Callable[..., Path]) -> Path:
    """The program's folder of this kind. Raises S2TError where nobody knows where this user's folders are."""
    try:
        folder = find("dictate", appauthor=False)
    except RuntimeError:
        folder = Path()
    if not folder.is_absolute():  # it would be in whatever folder is the current one
        raise S2TError(
            "The home folder of this user is not known.", "Set HOME to a folder that this user may write to."
        )
    return folder
