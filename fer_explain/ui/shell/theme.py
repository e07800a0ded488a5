"""The page's theme. The interface is ink on paper; colour belongs to the data."""

from __future__ import annotations

from typing import Final

import gradio as gr
from gradio.themes.utils import fonts, sizes

from fer_explain.emotions import COLORS

# Ink and paper, from the page's light background to its dark one.
INK: Final = gr.themes.Color(
    name="ink",
    c50="#f6f7f9",
    c100="#eef0f3",
    c200="#dfe3e8",
    c300="#c4cad3",
    c400="#8d96a3",
    c500="#667080",
    c600="#4c5563",
    c700="#353c47",
    c800="#20252d",
    c900="#171b21",
    c950="#0e1115",
)
FOCUS: Final = "#2f62e8"
FOCUS_DARK: Final = "#8db0ff"

# The page and what lies on it.
_PAGE: Final = {
    "body_background_fill": "*neutral_50",
    "body_background_fill_dark": "*neutral_950",
    "body_text_color": "*neutral_900",
    "body_text_color_dark": "#e8ebf0",
    "body_text_color_subdued": "*neutral_500",
    "body_text_color_subdued_dark": "#9ca5b3",
    "background_fill_primary": "white",
    "background_fill_primary_dark": "*neutral_900",
    "background_fill_secondary": "*neutral_50",
    "background_fill_secondary_dark": "*neutral_800",
    "border_color_primary": "*neutral_200",
    "border_color_primary_dark": "#2b313b",
    "border_color_accent": "*neutral_900",
    "border_color_accent_dark": "#e8ebf0",
    "color_accent": "*neutral_900",
    "color_accent_soft": "*neutral_100",
    "color_accent_soft_dark": "*neutral_800",
    "layout_gap": "*spacing_xl",
    "link_text_color": FOCUS,
    "link_text_color_dark": FOCUS_DARK,
}
# No boxes around components: the cards are ours.
_BLOCKS: Final = {
    "block_background_fill": "transparent",
    "block_background_fill_dark": "transparent",
    "block_border_width": "0px",
    "block_shadow": "none",
    "block_shadow_dark": "none",
    "block_padding": "0px",
    "block_label_background_fill": "transparent",
    "block_label_background_fill_dark": "transparent",
    "block_label_border_width": "0px",
    "block_title_text_size": "*text_sm",
    "block_title_text_weight": "600",
    "block_title_text_color": "*body_text_color",
    "block_title_text_color_dark": "*body_text_color",
    "block_info_text_size": "*text_sm",
}
# What one can set.
_INPUTS: Final = {
    "input_background_fill": "white",
    "input_background_fill_dark": "*neutral_800",
    "input_border_color": "*neutral_300",
    "input_border_color_dark": "#3a414d",
    "input_border_width": "1px",
    "input_shadow": "none",
    "input_shadow_focus": "none",
    "input_border_color_focus": FOCUS,
    "input_border_color_focus_dark": FOCUS_DARK,
    "slider_color": "*neutral_900",
    "slider_color_dark": "#e8ebf0",
    "checkbox_background_color_selected": "*neutral_900",
    "checkbox_background_color_selected_dark": "*neutral_500",
    "checkbox_border_color_selected": "*neutral_900",
    "checkbox_border_color_selected_dark": "*neutral_400",
    "checkbox_label_background_fill": "transparent",
    "checkbox_label_background_fill_dark": "transparent",
    "checkbox_label_background_fill_selected": "*neutral_900",
    "checkbox_label_background_fill_selected_dark": "#e8ebf0",
    "checkbox_label_text_color_selected": "white",
    "checkbox_label_text_color_selected_dark": "*neutral_950",
    "checkbox_label_border_width": "1px",
    "checkbox_label_padding": "5px 11px",
}
# What one can press.
_BUTTONS: Final = {
    "button_primary_background_fill": "*neutral_900",
    "button_primary_background_fill_dark": "#e8ebf0",
    "button_primary_background_fill_hover": "*neutral_700",
    "button_primary_background_fill_hover_dark": "white",
    "button_primary_text_color": "white",
    "button_primary_text_color_dark": "*neutral_950",
    "button_secondary_background_fill": "white",
    "button_secondary_background_fill_dark": "*neutral_800",
    "button_secondary_background_fill_hover": "*neutral_100",
    "button_secondary_background_fill_hover_dark": "*neutral_700",
    "button_secondary_border_color": "*neutral_300",
    "button_secondary_border_color_dark": "#3a414d",
    "button_border_width": "1px",
}


def colors() -> str:
    """The emotions' colours as CSS variables, ``--happy`` and so on."""
    return ":root{" + "".join(f"--{label}:{color};" for label, color in COLORS.items()) + "}"


def theme() -> gr.themes.Base:
    """The theme: fonts that come with Gradio (in the weights it has in full), thin lines, no shadows."""
    base = gr.themes.Base(
        primary_hue=INK,
        secondary_hue=INK,
        neutral_hue=INK,
        radius_size=sizes.radius_md,
        font=(fonts.LocalFont("IBM Plex Sans", weights=(400, 700)), "system-ui", "Segoe UI", "Roboto", "sans-serif"),
        font_mono=(fonts.LocalFont("IBM Plex Mono", weights=(400, 700)), "ui-monospace", "Consolas", "monospace"),
    )
    themed: gr.themes.Base = base.set(**_PAGE, **_BLOCKS, **_INPUTS, **_BUTTONS)
    return themed
