"""`tunesmith`, and `python -m tunesmith`: the command line. Ctrl-C ends it in a word even while modules are still read."""

import sys


def main() -> None:
    try:
        from tunesmith.cli import main as command

        command.main()
    except KeyboardInterrupt:
        sys.stderr.write("Interrupted.\n")
        sys.exit(130)


if __name__ == "__main__":
    main()
