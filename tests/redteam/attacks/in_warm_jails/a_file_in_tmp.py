# A file in the private /tmp is imported later.
import pathlib
import sys

pathlib.Path("/tmp/left_behind.py").write_text(f"RIGHT = {RIGHT!r}")
sys.path.insert(0, "/tmp")


# and then
import sys

sys.path.insert(0, "/tmp")
import left_behind

exec(left_behind.RIGHT)
