"""numba, but not before something is compiled.

Importing numba and starting it up costs a second and a half; an engine whose units are
all in the compile cache needs neither. So modules name kernels, intrinsics and numba's
types through this one, and what they name is made when a compiler asks for it, or when
Python calls it. To numba a `Late` object is the thing itself.
"""

import importlib
from collections.abc import Callable
from typing import Any


class LateModule:
    """A module that is imported when something of it is used."""

    def __init__(self, name: str) -> None:
        self._name = name

    def __getattr__(self, name: str) -> Any:
        return getattr(importlib.import_module(self._name), name)


types: Any = LateModule("numba.core.types")
cgutils: Any = LateModule("numba.core.cgutils")


class Late:
    """What `make` makes, at its first use.

    Parameters
    ----------
    make : callable
    like : callable, optional
        Lends its name and words.
    """

    def __init__(
        self, make: Callable[[], Any], like: Callable[..., Any] | None = None
    ) -> None:
        self._make = make
        self._made: Any = None
        if like is not None:
            self.__name__, self.__doc__ = like.__name__, like.__doc__
            self.__module__, self.__wrapped__ = like.__module__, like

    @property
    def real(self) -> Any:
        """The thing itself."""
        if self._made is None:
            introduce()
            self._made = self._make()
        return self._made

    def __call__(self, *arguments: Any) -> Any:
        """Run it from Python."""
        return self.real(*arguments)


_introduced: list[bool] = []


def introduce() -> None:
    """Tell numba what a `Late` global of compiled code stands for."""
    if _introduced:
        return
    from numba.core.registry import cpu_target
    from numba.extending import typeof_impl

    def typeof_late(value: Late, _purpose: Any) -> Any:
        real = value.real
        # An intrinsic that was made now is known from the next refresh on.
        cpu_target.typing_context.refresh()
        return cpu_target.typing_context.resolve_value_type(real)

    from app.engine.compile import Exported

    def typeof_exported(value: Exported, _purpose: Any) -> Any:
        value.offer()
        return value.external()

    typeof_impl.register(Late, typeof_late)
    typeof_impl.register(Exported, typeof_exported)
    _introduced.append(True)


carray: Any = Late(lambda: importlib.import_module("numba").carray)
