# Whatever cannot be imported is found.
import importlib.abc
import importlib.machinery
import sys


class Finder(importlib.abc.MetaPathFinder, importlib.abc.Loader):
    def find_spec(self, name, path, target=None):
        return importlib.machinery.ModuleSpec(name, self) if name == "left_behind" else None

    def exec_module(self, module):
        module.RIGHT = RIGHT


sys.meta_path.append(Finder())


# and then
import left_behind

exec(left_behind.RIGHT)
