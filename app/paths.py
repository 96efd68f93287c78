"""Where files are: what ships with the program, and what it writes."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

import platformdirs

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
    return Path(platformdirs.user_data_path("dictate", appauthor=False)) / "models" / "personal"


def model_in_use() -> Path:
    """The personal checkpoint where there is one, else the one in the box."""
    return personal_model() if (personal_model() / "config.json").is_file() else embedded_model()


def sample_audio() -> Path:
    """The bundled recording that shows the program without a microphone."""
    return resources() / "audio" / "sample.flac"


def log_file() -> Path:
    """The log of this user; it never holds dictated text."""
    return Path(platformdirs.user_log_path("dictate", appauthor=False)) / "dictate.log"


def settings_file() -> Path:
    """What the user has chosen."""
    return Path(platformdirs.user_config_path("dictate", appauthor=False)) / "settings.json"


def portal_token_file() -> Path:
    """What the desktop gave to remember that its user has let this program type."""
    return Path(platformdirs.user_state_path("dictate", appauthor=False)) / "portal-token"


def history_file() -> Path:
    """The transcripts that were kept."""
    return Path(platformdirs.user_data_path("dictate", appauthor=False)) / "history.sqlite"


def recordings_folder() -> Path:
    """The sound that was kept with them."""
    return Path(platformdirs.user_data_path("dictate", appauthor=False)) / "recordings"


def journals_folder() -> Path:
    """What a running recording needs to survive its program; empty while nothing runs."""
    return Path(platformdirs.user_data_path("dictate", appauthor=False)) / "journals"


def runtime_folder() -> Path:
    """Where running programs of this user meet; it is empty after a restart of the machine."""
    session = Path(os.environ.get("XDG_RUNTIME_DIR", ""))
    if session.is_absolute():
        return session / "dictate"
    whose = f"-{os.getuid()}" if hasattr(os, "getuid") else ""  # Windows has a temporary folder for every user
    return Path(tempfile.gettempdir()) / f"dictate{whose}"


def own_folders() -> tuple[Path, ...]:
    """All folders in which the program writes by itself; what is in them is this user's alone."""
    state = Path(platformdirs.user_state_path("dictate", appauthor=False))
    return history_file().parent, settings_file().parent, log_file().parent, state, runtime_folder()
