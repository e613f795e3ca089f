"""Colours, fonts and the look of Qt's own widgets: the only place that knows a colour.

One idea: a `Theme` is a frozen list of colours by meaning ("bid", "loss", "killed"),
never by hue, so that a panel cannot pick one. Blue and orange stand for the two sides
and for gain and loss, because red and green look alike to one man in twelve; no colour
carries a meaning alone, a word or a sign always stands beside it. Every text colour has
a contrast of at least 4.5 on the grounds it is used on (WCAG 2.2, 1.4.3), which a test
holds us to.
"""

from dataclasses import dataclass
from typing import Final

from PySide6.QtGui import QColor, QFont, QFontDatabase, QPalette
from PySide6.QtWidgets import QApplication

from app.engine.records import SafetyState
from app.ui.resources import icon_path

BASE_TEXT_PX: Final = 12
_DRESSED: Final = "ringside-dressed"
FAMILIES: Final = ("Inter", "SF Pro Text", "Segoe UI", "Noto Sans", "DejaVu Sans")


@dataclass(frozen=True, slots=True)
class Theme:
    """Colours by meaning, as ``#rrggbb``.

    Grounds are `window` < `panel` < `raised`; `text` and `muted` may stand on all
    three. `bid_bar` and `ask_bar` lie under `text` in the ladder.
    """

    name: str
    window: str
    panel: str
    raised: str
    shade: str  # every fifth row of a ladder
    line: str  # borders, grid
    text: str
    muted: str  # labels, axis text
    accent: str  # focus, links, progress
    on_accent: str
    bid: str  # buy: chips, text, curves
    ask: str  # sell
    on_side: str  # text on a bid or ask chip
    bid_cell: str  # ground of the bid size column
    ask_cell: str
    bid_bar: str  # size bars
    ask_bar: str
    bid_own: str  # our part of a size bar
    ask_own: str
    price_cell: str  # ground of the price column
    last_cell: str  # ground of the last price
    last: str  # frame and text of the last price
    gain: str
    loss: str
    view: str  # safety states
    armed: str
    reduce: str
    killed: str
    on_state: str  # text on a safety state's colour
    warning: str
    error: str
    warning_cell: str  # ground of a banner or a held order
    curve: tuple[str, ...]  # instruments in a chart, in order
    link: tuple[str, ...]  # groups of linked panels, A to F (Okabe and Ito, 2008)
    on_link: str  # a group's letter on its colour
    heat: tuple[str, ...]  # a heatmap's ramp from small to large: lightness alone tells

    def side(self, side: int) -> str:
        """Colour of a side: +1 buy, -1 sell."""
        return self.bid if side > 0 else self.ask

    def change(self, amount: float) -> str:
        """Colour of a gain or a loss; zero is plain text."""
        if amount == 0:
            return self.text
        return self.gain if amount > 0 else self.loss

    def state(self, state: int) -> str:
        """Colour of a safety state."""
        return {
            SafetyState.VIEW: self.view,
            SafetyState.ARMED: self.armed,
            SafetyState.REDUCE: self.reduce,
            SafetyState.KILLED: self.killed,
        }[SafetyState(state)]


DARK: Final = Theme(
    name="dark",
    window="#0c1015",
    panel="#12171e",
    raised="#1b222c",
    shade="#161c25",
    line="#2b3542",
    text="#e8edf3",
    muted="#97a4b4",
    accent="#5aa9ff",
    on_accent="#06121f",
    bid="#5fb0ff",
    ask="#ffa04d",
    on_side="#0a0f15",
    bid_cell="#111d2b",
    ask_cell="#231a12",
    bid_bar="#1f4a78",
    ask_bar="#744314",
    bid_own="#3f8fdf",
    ask_own="#d98632",
    price_cell="#1a212b",
    last_cell="#313845",
    last="#ffffff",
    gain="#5fb0ff",
    loss="#ffa04d",
    view="#8fa0b5",
    armed="#3ecf8e",
    reduce="#f2d049",
    killed="#ff6b78",
    on_state="#0a0f15",
    warning="#f2d049",
    error="#ff8791",
    warning_cell="#3a3210",
    curve=("#5fb0ff", "#ffa04d", "#b99cff", "#6fd6c4", "#f2d049", "#ff8fb1"),
    link=("#56b4e9", "#e69f00", "#10a97d", "#f0e442", "#d58bb4", "#e0702a"),
    on_link="#0a0f15",
    heat=("#0f1b33", "#173a6b", "#1f6a8c", "#36a08a", "#a5cf5b", "#fff3b0"),
)

LIGHT: Final = Theme(
    name="light",
    window="#e9edf2",
    panel="#ffffff",
    raised="#f3f6f9",
    shade="#f4f6f9",
    line="#c9d2dc",
    text="#121820",
    muted="#536070",
    accent="#0b63c5",
    on_accent="#ffffff",
    bid="#0b5cb8",
    ask="#a84a00",
    on_side="#ffffff",
    bid_cell="#edf4fc",
    ask_cell="#fdf3ea",
    bid_bar="#aed0f5",
    ask_bar="#f7c99c",
    bid_own="#5a9fe6",
    ask_own="#e39a52",
    price_cell="#f1f4f7",
    last_cell="#e0e6ed",
    last="#000000",
    gain="#0b5cb8",
    loss="#a84a00",
    view="#56667a",
    armed="#0b7a4b",
    reduce="#806000",
    killed="#bf1f3f",
    on_state="#ffffff",
    warning="#7a5a00",
    error="#b3202f",
    warning_cell="#fff0bf",
    curve=("#0b5cb8", "#a84a00", "#6a3fc0", "#0b7566", "#806000", "#b0306a"),
    link=("#56b4e9", "#e69f00", "#10a97d", "#f0e442", "#d58bb4", "#e0702a"),
    on_link="#0a0f15",
    heat=("#dbe6f2", "#a9cbe2", "#5fa3c6", "#2f74a8", "#2b4585", "#2a1a52"),
)

THEMES: Final = {theme.name: theme for theme in (DARK, LIGHT)}


def ramp(stops: tuple[str, ...], steps: int) -> list[int]:
    """Colours between stops at even distances, as ``0xffrrggbb``."""
    made = []
    for i in range(steps):
        place = i * (len(stops) - 1) / (steps - 1)
        at = min(int(place), len(stops) - 2)
        made.append(_mixed(stops[at], stops[at + 1], place - at))
    return made


def _mixed(one: str, other: str, share: float) -> int:
    mixed = 0xFF
    for i in (1, 3, 5):
        a, b = int(one[i : i + 2], 16), int(other[i : i + 2], 16)
        mixed = mixed << 8 | round(a + (b - a) * share)
    return mixed


def number(colour: str) -> int:
    """Write a colour as ``0xffrrggbb``."""
    return _mixed(colour, colour, 0.0)


def contrast(one: str, other: str) -> float:
    """Contrast ratio of two colours, 1 to 21 (WCAG 2.2, relative luminance)."""
    lighter, darker = sorted((_luminance(one), _luminance(other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def _luminance(colour: str) -> float:
    channels = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    linear = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels
    ]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


def text_font(scale: float, size: float = 1.0, *, bold: bool = False) -> QFont:
    """The program's font, with figures of one width.

    Parameters
    ----------
    scale : float
        The user's size of text, times.
    size : float
        Size beside the base text, times.
    bold : bool
        Whether it is heavy.
    """
    known = set(QFontDatabase.families())
    family = next((name for name in FAMILIES if name in known), "sans-serif")
    font = QFont(family)
    font.setPixelSize(max(7, round(BASE_TEXT_PX * scale * size)))
    font.setFeature(QFont.Tag("tnum"), 1)
    if family == "DejaVu Sans":
        font.setStretch(QFont.Stretch.SemiCondensed)  # it runs wide
    # Said either way: a painter takes what a font leaves unsaid from its widget.
    font.setWeight(QFont.Weight.DemiBold if bold else QFont.Weight.Normal)
    return font


def apply(app: QApplication, theme: Theme, scale: float) -> None:
    """Give the application Fusion in this theme's colours."""
    if app.property(_DRESSED) is None:  # a style anew costs as much as its colours
        app.setStyle("Fusion")
        app.setProperty(_DRESSED, True)
    app.setPalette(palette(theme))
    app.setFont(text_font(scale))
    app.setStyleSheet(style_sheet(theme, scale))


def palette(theme: Theme) -> QPalette:
    """Qt's palette in this theme's colours."""
    role = QPalette.ColorRole
    colours = {
        role.Window: theme.window,
        role.WindowText: theme.text,
        role.Base: theme.panel,
        role.AlternateBase: theme.shade,
        role.Text: theme.text,
        role.Button: theme.raised,
        role.ButtonText: theme.text,
        role.BrightText: theme.last,
        role.Highlight: theme.accent,
        role.HighlightedText: theme.on_accent,
        role.ToolTipBase: theme.raised,
        role.ToolTipText: theme.text,
        role.PlaceholderText: theme.muted,
        role.Link: theme.accent,
        role.Mid: theme.line,
        role.Dark: theme.window,
        role.Shadow: theme.window,
        role.Accent: theme.accent,
    }
    made = QPalette()
    for which, colour in colours.items():
        made.setColor(which, QColor(colour))
    for which in (role.Text, role.ButtonText, role.WindowText):
        made.setColor(QPalette.ColorGroup.Disabled, which, QColor(theme.muted))
    return made


def style_sheet(theme: Theme, scale: float) -> str:
    """What Fusion lacks: flat docks, tabs, buttons; no ``::item`` rules (slow)."""
    small = max(7, round(BASE_TEXT_PX * scale * 0.88))
    values = {name: getattr(theme, name) for name in theme.__slots__}
    arrow = icon_path("chevron-down").as_posix()
    check = icon_path("check" if theme.name == "dark" else "check-light").as_posix()
    return _SHEET.format(small=small, arrow=arrow, check=check, **values)


_SHEET: Final = """
QMainWindow::separator {{ background: {window}; width: 5px; height: 5px; }}
QMainWindow::separator:hover {{ background: {line}; }}
QDockWidget {{ color: {muted}; font-weight: 600; }}
QWidget[role="dock-title"] {{ background: {panel};
    border-bottom: 1px solid {line}; }}
QWidget[role="dock-title"] QLabel {{ color: {muted}; font-weight: 600; }}
QWidget[role="dock-title"] QToolButton {{ background: transparent;
    border: 1px solid transparent; border-radius: 3px; padding: 0px 4px;
    color: {muted}; }}
QWidget[role="dock-title"] QToolButton:hover {{ color: {text};
    border-color: {line}; }}
QWidget[role="dock-title"] QToolButton:focus {{ border-color: {accent}; }}
QWidget[role="dock-title"] QToolButton::menu-indicator {{ image: none; }}
QWidget[role="panel"] {{ background: {panel}; }}
QDialog[role="palette"] {{ background: {panel}; border: 1px solid {accent}; }}
QMenuBar {{ background: {window}; }}
QMenuBar::item {{ padding: 4px 9px; background: transparent; }}
QMenuBar::item:selected {{ background: {raised}; border-radius: 3px; }}
QMenu {{ background: {raised}; border: 1px solid {line}; padding: 4px; }}
QMenu::item {{ padding: 4px 22px; border-radius: 3px; }}
QMenu::item:selected {{ background: {accent}; color: {on_accent}; }}
QMenu::item:disabled {{ color: {muted}; }}
QMenu::separator {{ height: 1px; background: {line}; margin: 4px 6px; }}
QToolTip {{ background: {raised}; color: {text}; border: 1px solid {line};
    padding: 4px; }}
QToolBar {{ background: {window}; border: none; padding: 0; spacing: 0; }}
QStatusBar {{ background: {window}; color: {muted}; }}
QStatusBar::item {{ border: none; }}
QTabBar {{ background: {window}; qproperty-drawBase: 0; }}
QTabBar::tab {{ background: {window}; color: {muted}; padding: 5px 10px;
    min-width: 20px; border: none; border-top: 2px solid transparent; }}
QTabBar::tab:selected {{ background: {panel}; color: {text};
    border-top: 2px solid {accent}; }}
QTabBar::tab:hover:!selected {{ color: {text}; }}
QTabWidget > QTabBar, QTabWidget > QTabBar::tab {{ background: {panel}; }}
QTabWidget > QTabBar::tab {{ padding: 4px 10px; border-top: none;
    border-bottom: 2px solid transparent; }}
QTabWidget > QTabBar::tab:selected {{ border-top: none;
    border-bottom: 2px solid {accent}; }}
QPushButton, QToolButton {{ background: {raised}; color: {text};
    border: 1px solid {line}; border-radius: 4px; padding: 4px 10px; }}
QPushButton::menu-indicator, QToolButton::menu-indicator {{
    image: url({arrow}); width: 10px; height: 10px;
    subcontrol-origin: padding; subcontrol-position: right center; right: 4px; }}
QPushButton:hover, QToolButton:hover {{ border-color: {muted}; }}
QPushButton:pressed, QToolButton:pressed {{ background: {line}; }}
QPushButton:focus, QToolButton:focus {{ border-color: {accent}; }}
QPushButton:checked, QToolButton:checked {{ background: {accent};
    color: {on_accent}; border-color: {accent}; }}
QPushButton:checked:focus, QToolButton:checked:focus {{ border-color: {text}; }}
QPushButton:disabled, QToolButton:disabled {{ color: {muted};
    background: {panel}; }}
QPushButton[role="pad"] {{ padding: 3px 4px; min-width: 22px; }}
QPushButton[role="buy"] {{ background: {bid}; color: {on_side};
    border-color: {bid}; font-weight: 600; }}
QPushButton[role="sell"] {{ background: {ask}; color: {on_side};
    border-color: {ask}; font-weight: 600; }}
QPushButton[role="danger"] {{ background: {killed}; color: {on_state};
    border-color: {killed}; font-weight: 700; }}
QPushButton[role="buy"]:hover, QPushButton[role="sell"]:hover,
QPushButton[role="danger"]:hover {{ border-color: {text}; }}
QPushButton[role="buy"]:focus, QPushButton[role="sell"]:focus,
QPushButton[role="danger"]:focus {{ border-color: {text}; }}
QPushButton[role="buy"]:disabled, QPushButton[role="sell"]:disabled,
QPushButton[role="danger"]:disabled {{ background: {raised}; color: {muted};
    border-color: {line}; }}
QPushButton[role="primary"] {{ background: {accent}; color: {on_accent};
    border-color: {accent}; font-weight: 600; padding: 4px 18px; }}
QPushButton[role="primary"]:hover {{ border-color: {text}; }}
QPushButton[role="primary"]:focus {{ border-color: {text}; }}
QPushButton[role="primary"]:disabled {{ background: {raised}; color: {muted};
    border-color: {line}; }}
QPushButton[role="fold"] {{ background: transparent; border: 1px solid transparent;
    color: {muted}; font-weight: 600; text-align: left; padding: 4px 2px; }}
QPushButton[role="fold"]:hover {{ color: {text}; }}
QPushButton[role="fold"]:focus {{ border-color: {accent}; }}
QPushButton[role="fold"]:checked {{ background: transparent; color: {text};
    border-color: transparent; }}
QPushButton[role="unbuilt"] {{ color: {muted}; background: {window}; }}
QPlainTextEdit[role="field"] {{ background: {raised}; color: {text};
    border: 1px solid {line}; border-radius: 4px; padding: 3px;
    selection-background-color: {accent}; selection-color: {on_accent}; }}
QPlainTextEdit[role="field"]:focus {{ border-color: {accent}; }}
QComboBox, QLineEdit, QAbstractSpinBox {{ background: {raised};
    color: {text}; border: 1px solid {line}; border-radius: 4px;
    padding: 3px 7px; selection-background-color: {accent};
    selection-color: {on_accent}; }}
QComboBox:focus, QLineEdit:focus, QAbstractSpinBox:focus {{ border-color: {accent}; }}
/* Without buttons that have a place Qt 6.11 leaves a field of dates one pixel. */
QAbstractSpinBox::up-button, QAbstractSpinBox::down-button {{ width: 1px; height: 1px;
    border: none; subcontrol-origin: border; }}
QAbstractSpinBox {{ padding: 1px 0; }}
QAbstractSpinBox QLineEdit {{ border: none; background: transparent; padding: 0 7px; }}
QComboBox::drop-down {{ border: none; width: 20px; }}
QComboBox::down-arrow {{ image: url({arrow}); width: 12px; height: 12px; }}
QComboBox QAbstractItemView {{ background: {raised}; border: 1px solid {line};
    selection-background-color: {accent}; selection-color: {on_accent}; }}
QTableView {{ background: {panel}; alternate-background-color: {shade};
    gridline-color: {line}; border: none;
    selection-background-color: {line}; selection-color: {text}; }}
QListWidget, QTreeWidget {{ selection-background-color: {line};
    selection-color: {text}; }}
QHeaderView {{ background: {panel}; border: none;
    border-bottom: 1px solid {line}; }}
QHeaderView::section {{ background: {panel}; color: {muted}; border: none;
    padding: 4px 6px; font-size: {small}px; }}
/* Above cells that Qt draws: it leaves three pixels beside their text. */
QTreeWidget QHeaderView::section, QTableWidget QHeaderView::section,
TextTable QHeaderView::section {{ padding: 4px 3px; }}
QTableCornerButton::section {{ background: {panel}; border: none; }}
QScrollBar:vertical {{ background: {panel}; width: 10px; margin: 0; }}
QScrollBar:horizontal {{ background: {panel}; height: 10px; margin: 0; }}
QScrollBar::handle {{ background: {line}; border-radius: 4px; margin: 2px;
    min-height: 24px; min-width: 24px; }}
QScrollBar::handle:hover {{ background: {muted}; }}
QScrollBar::add-line, QScrollBar::sub-line {{ width: 0; height: 0; }}
QScrollBar::add-page, QScrollBar::sub-page {{ background: none; }}
QScrollArea, QScrollArea > QWidget, QScrollArea > QWidget > QWidget {{
    border: none; background: {panel}; }}
QLabel[role="muted"] {{ color: {muted}; }}
QLabel[role="small"] {{ color: {muted}; font-size: {small}px; }}
QLabel[role="heading"] {{ color: {text}; font-weight: 600; }}
QLabel[role="error"] {{ color: {error}; }}
QLabel[role="warning"] {{ color: {warning}; }}
QDialogButtonBox {{ dialogbuttonbox-buttons-have-icons: 0; }}
QFrame[role="card"] {{ background: {raised}; border: 1px solid {line};
    border-radius: 6px; }}
QFrame[role="rule"] {{ background: {line}; border: none; }}
QProgressBar {{ background: {window}; border: 1px solid {line};
    border-radius: 4px; text-align: center; color: {text}; }}
QProgressBar::chunk {{ background: {bid_bar}; border-radius: 3px; }}
QFileDialog QToolButton {{ padding: 2px; }}
QCheckBox {{ spacing: 6px; }}
QCheckBox::indicator, QTreeWidget::indicator, QListWidget::indicator {{
    width: 13px; height: 13px; background: {raised};
    border: 1px solid {muted}; border-radius: 3px; }}
QListWidget::indicator {{ width: 9px; height: 9px; }}
QCheckBox::indicator:focus {{ border-color: {accent}; }}
QCheckBox::indicator:checked, QTreeWidget::indicator:checked,
QListWidget::indicator:checked {{ image: url({check});
    background: {accent}; border-color: {accent}; }}
QCheckBox::indicator:disabled {{ border-color: {line}; background: {panel}; }}
"""
