"""Names of a package that are loaded on first use (PEP 562)."""

import importlib
import sys


def lazy(package, homes):
    """`__getattr__` and `__dir__` of a package whose names live in the modules homes[name]."""

    def load(name):
        if name not in homes:
            raise AttributeError(f"module {package!r} has no attribute {name!r}")
        value = getattr(importlib.import_module(homes[name]), name)
        setattr(sys.modules[package], name, value)
        return value

    return load, lambda: sorted({*vars(sys.modules[package]), *homes})
