"""`python -m app` is `dictate`; what only asks the running program is answered before the rest is imported."""

import sys


def main() -> int:
    """Run the command that stands on the command line; returns the exit code."""
    try:
        if sys.argv[1:2] == ["ctl"]:
            from app.ctl import main as ctl

            return ctl(sys.argv[1:])
        from app.collector import put_off

        with put_off():
            from app.cli import main as command

        return command()
    except KeyboardInterrupt:  # before the command could hear it
        return 1


if __name__ == "__main__":
    sys.exit(main())
