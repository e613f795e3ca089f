"""The look of the window: its theme and the size of its text, as one likes it now.

The settings say how it begins. What is changed by a key is remembered, until the
settings themselves say something else than they did then.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Any, Final

from PySide6.QtCore import QObject, QTimer

from app.config import Ui
from app.ui.memory import Memory
from app.ui.theme import THEMES, Theme

_STEP: Final = 1.1
_LEAST, _MOST = 0.5, 4.0


class Look(QObject):
    """Theme and scale.

    Attributes
    ----------
    theme : Theme
    settings : Ui
        With the scale as it is now.

    Parameters
    ----------
    settings : Ui
        As they are declared.
    memory : Memory
    dress : Callable
        Builds the window anew in this look.
    parent : QObject
    """

    def __init__(
        self, settings: Ui, memory: Memory, dress: Callable[[], None], parent: QObject
    ) -> None:
        super().__init__(parent)
        self._declared, self._memory, self._dress = settings, memory, dress
        kept = memory.table("look")
        theme = self._kept(kept, "theme", settings.theme, str)
        scale = self._kept(kept, "scale", settings.scale, float)
        self.theme = THEMES.get(theme, THEMES[settings.theme])
        self.settings = replace(settings, scale=min(_MOST, max(_LEAST, scale)))
        self._later = QTimer(self)
        self._later.setSingleShot(True)
        self._later.timeout.connect(self._dress)

    def declare(self, settings: Ui) -> None:
        """Take settings that were changed; what they say of the look holds now."""
        before, self._declared = self._declared, settings
        theme, scale = self.theme, self.settings.scale
        if settings.theme != before.theme:
            theme = THEMES[settings.theme]
        if settings.scale != before.scale:
            scale = settings.scale
        self.theme, self.settings = theme, replace(settings, scale=scale)
        self._remember()
        self._later.start(0)

    def choose(self, theme: Theme) -> None:
        """Take another theme."""
        self._change(theme, self.settings.scale)

    def turn(self) -> None:
        """From dark to light or back."""
        self.choose(THEMES["light" if self.theme.name == "dark" else "dark"])

    def grow(self, steps: int) -> None:
        """Make all text larger, or smaller; 0: as the settings say."""
        scale = self._declared.scale
        if steps:
            scale = round(self.settings.scale * _STEP**steps, 2)
        self._change(self.theme, min(_MOST, max(_LEAST, scale)))

    def _change(self, theme: Theme, scale: float) -> None:
        if (theme, scale) == (self.theme, self.settings.scale):
            return
        self.theme = theme
        self.settings = replace(self.settings, scale=scale)
        self._remember()
        # Later: the menu that asked for it is about to be built anew.
        self._later.start(0)

    def _remember(self) -> None:
        declared = self._declared
        self._memory.put(
            look={
                "theme": [declared.theme, self.theme.name],
                "scale": [declared.scale, self.settings.scale],
            }
        )

    def _kept(
        self, kept: dict[str, Any], name: str, declared: Any, kind: type[Any]
    ) -> Any:
        """What was chosen while the settings said what they say now."""
        value = kept.get(name)
        if isinstance(value, list) and len(value) == 2 and value[0] == declared:
            return value[1] if isinstance(value[1], kind) else declared
        return declared
