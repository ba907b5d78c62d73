"""What may be written down about an error: its class and its place, never its words."""

import sysconfig
from traceback import extract_tb

INNERMOST = 3
MAX_FRAMES = 12
_LIBRARIES = tuple({sysconfig.get_path(name) for name in ("stdlib", "platstdlib", "purelib", "platlib")})


def class_of(error: BaseException) -> str:
    """Return the dotted name of the error's class."""
    kind = type(error)
    return kind.__qualname__ if kind.__module__ == "builtins" else f"{kind.__module__}.{kind.__qualname__}"


def frames_of(error: BaseException) -> str:
    """Return where the error came from, outermost first, `file:line function > …`; of libraries the last frames."""
    frames = extract_tb(error.__traceback__)
    kept = [frame for frame in frames[:-INNERMOST] if not frame.filename.startswith(_LIBRARIES)] + frames[-INNERMOST:]
    return " > ".join(f"{_short(frame.filename)}:{frame.lineno} {frame.name}" for frame in kept[-MAX_FRAMES:])


def _short(filename: str) -> str:
    """Keep the last two parts of a path: enough to find the place, nothing about the machine."""
    return "/".join(filename.replace("\\", "/").split("/")[-2:])
