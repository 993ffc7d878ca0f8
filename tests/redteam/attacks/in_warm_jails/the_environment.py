# The environment carries the text.
import os

os.environ["LEFT_BEHIND"] = RIGHT


# and then
import os

exec(os.environ["LEFT_BEHIND"])
