"""From source to something that runs. What belongs here: the compiler's options and the digest of what it depends on.

numba's own cache does not notice an edit in a function that another file calls, so the cache folder is named by a digest of
every kernel source and version that a compiled nest depends on.
"""

from __future__ import annotations

import hashlib
import importlib.util
import math
import platform
import sys
from collections.abc import Callable, Iterable
from functools import lru_cache, partial
from importlib.metadata import version
from pathlib import Path
from typing import Any

from sweep.engine import cache
from sweep.engine.nests import Function
from sweep.equations import registry
from sweep.equations.interpret import call, verdict

LOOP_OPTIONS: dict[str, Any] = {"error_model": "numpy", "nogil": True, "fastmath": {"contract"}}
HEADER = '''"""Written by sweep for one study; a change here changes nothing. The equations are in sweep/kernels."""

from math import inf, nan

from numba import float32, int32

from sweep.engine.compile import nest, scalar

'''


def equations_digest(equations: registry.Own | None = None) -> str:
    """A digest of the source of every equation there is, a user's own included as it was loaded."""
    if not equations:
        return _shipped_digest()
    return hashlib.sha256(_shipped_digest().encode() + b"\0" + equations.source).hexdigest()


@lru_cache(None)
def _shipped_digest() -> str:
    digest = hashlib.sha256()
    for path in registry.kernel_files():
        place = path.relative_to(registry.kernel_folder()).as_posix()
        digest.update(place.encode() + b"\0" + path.read_bytes() + b"\0")
    return digest.hexdigest()


def kernel_digest(equations: registry.Own | None = None) -> str:
    """A digest of all that decides what a compiled nest computes: equations, generator, versions, processor."""
    digest = hashlib.sha256(equations_digest(equations).encode())
    here = Path(__file__).parent
    own = [here / f"{name}.py" for name in ("plan", "nests", "strips", "remainder", "defined", "lower", "compile", "native")]
    for path in (*own, Path(str(registry.__file__))):  # the last names own modules
        digest.update(path.read_bytes())
    for package in ("numba", "llvmlite", "numpy"):
        digest.update(f"{package} {version(package)}".encode())
    digest.update(f"{platform.python_version()} {platform.machine()} {_processor()}".encode())
    return digest.hexdigest()


def scalar(name: str) -> Any:
    """An equation or rule, compiled so that it melts into the loop that calls it."""
    from sweep.engine import native

    return native.scalar(registry.function_of(name), name not in registry.EQUATIONS)


def nest(function: Callable[..., Any]) -> Any:
    """A generated loop, compiled: serial, without the interpreter's lock, kept on disk unless the cache can only be read."""
    import numba

    try:
        return numba.njit(cache=True, **LOOP_OPTIONS)(function)
    except RuntimeError:  # numba has no place for its files
        return numba.njit(**LOOP_OPTIONS)(function)


def text(functions: Iterable[Function]) -> str:
    """The module that holds some functions, as it is compiled."""
    functions = list(functions)
    calls = sorted({name for function in functions for name in function.calls})
    lines = [f'f_{name} = scalar("{name}")\n' for name in calls]
    return HEADER + "".join(lines) + "".join(f"\n\n@nest\n{function.text}" for function in functions)


def compiled(functions: Iterable[Function], equations: registry.Own | None = None) -> dict[str, Callable[..., Any]]:
    """The functions, ready to call; what was compiled before under the same digest is read from disk."""
    from sweep.engine.native import Native

    functions = list(functions)
    digest = kernel_digest(equations)
    directory = cache.folder(digest)
    found: dict[str, Callable[..., Any]] = {}
    for function in functions:
        if function.native:
            called = {f"f_{name}": registry.function_of(name) for name in function.calls}
            rules = frozenset(f"f_{name}" for name in function.calls if name not in registry.EQUATIONS)
            found[function.name] = Native(function, called, rules, directory)
    loops = [function for function in functions if not function.native]
    return found | (_loops(loops, digest, directory) if loops else {})


def _loops(functions: list[Function], digest: str, directory: Path) -> dict[str, Callable[..., Any]]:
    content = text(functions)
    name = f"loops_{hashlib.sha256((digest + content).encode()).hexdigest()[:16]}"
    cache.write(directory / f"{name}.py", content.encode())
    if name not in sys.modules:
        cache.discard_damaged(directory, name)
        spec = importlib.util.spec_from_file_location(name, directory / f"{name}.py")
        assert spec
        assert spec.loader
        module = importlib.util.module_from_spec(spec)
        sys.modules[name] = module
        spec.loader.exec_module(module)
    return cache.kept(sys.modules[name], [function.name for function in functions], directory)


def interpreted(functions: Iterable[Function]) -> dict[str, Callable[..., Any]]:
    """The same functions as plain Python, for work that is smaller than starting a compiler."""
    functions = list(functions)
    import numpy as np

    space: dict[str, Any] = {"nan": math.nan, "inf": math.inf, "float32": np.float32, "int32": np.int32}
    for name in {name for function in functions for name in function.calls}:
        kind = _value if name in registry.EQUATIONS else verdict
        space[f"f_{name}"] = partial(kind, registry.function_of(name))
    for function in functions:
        exec(compile(function.text, f"<{function.name}>", "exec"), space)  # our own generated text, the same that is compiled
    return {function.name: space[function.name] for function in functions}


def _value(function: Callable[..., Any], *arguments: float) -> float:
    return call(function, [float(a) for a in arguments])


@lru_cache(None)
def _processor() -> str:
    try:
        import llvmlite.binding as llvm

        return f"{llvm.get_host_cpu_name()} {llvm.get_host_cpu_features().flatten()}"
    except Exception:  # a processor that llvm cannot name still has its architecture in the digest
        return ""
