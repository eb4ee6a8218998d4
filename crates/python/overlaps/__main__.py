"""The command: ``python -m overlaps`` and ``overlaps``."""

import os
import signal
import sys
import sysconfig

from . import _overlaps


def main() -> None:
    # As in a program of its own: an interruption ends it, unless there is something to be kept.
    signal.signal(signal.SIGINT, signal.SIG_DFL)
    script = os.path.join(sysconfig.get_path("scripts"), "overlaps")
    program = next((path for path in (script, script + ".exe") if os.path.exists(path)), None)
    sys.exit(_overlaps.main(["overlaps", *sys.argv[1:]], program))


if __name__ == "__main__":
    main()
