"""What Gradio's part of the page does wrong, shown with Gradio alone. A test fails once Gradio has mended it."""

import json
import time
from collections.abc import Iterator

import gradio as gr
import pytest
from playwright.sync_api import Browser, Page, expect

BUTTON = "let n = 0; element.addEventListener('click', () => trigger('drag', { n: ++n }))"


def bare_page() -> tuple[gr.Blocks, gr.I18n]:
    """A page with one example of each defect."""
    i18n = gr.I18n(en={"hello": "Hello"}, fr={"hello": "Bonjour"}, vi={"hello": "Xin chào"})
    heard: list[int] = []

    def hear(event: gr.EventData) -> str:
        time.sleep(0.4)
        heard.append(event.n)
        return json.dumps(heard)

    with gr.Blocks(analytics_enabled=False) as blocks:
        gr.HTML(i18n("hello"), html_template="<p>${value}</p>", elem_id="hello")
        drop = gr.Image(type="filepath", placeholder="Your photo", elem_id="drop")
        choice, chosen = gr.Dropdown(["a", "b"], value="a", elem_id="choice"), gr.HTML(elem_id="chosen")
        button, told = gr.HTML("<button>drag</button>", js_on_load=BUTTON, elem_id="button"), gr.HTML(elem_id="told")
        drop.upload(lambda _: "there", drop, chosen, show_progress="hidden")
        choice.input(lambda value: f"input {value}", choice, chosen, show_progress="hidden")
        button.drag(hear, None, told, trigger_mode="always_last", show_progress="hidden")
    return blocks, i18n


@pytest.fixture(scope="module")
def bare() -> Iterator[str]:
    """Its address."""
    blocks, i18n = bare_page()
    _, address, _ = blocks.launch(prevent_thread_lock=True, quiet=True, ssr_mode=False, i18n=i18n)
    yield address
    blocks.close(verbose=False)


@pytest.fixture(scope="module")
def page(browser: Browser, bare: str) -> Iterator[Page]:
    """The page, opened once for all tests."""
    context = browser.new_context(locale="en-US")
    page = context.new_page()
    page.goto(bare)
    expect(page.locator("#button button")).to_be_visible()
    yield page
    context.close()


def test_drop_zone_has_an_english_name_whatever_is_written_in_it(page: Page) -> None:
    zone = page.locator("#drop button:has(input[type=file])")
    expect(zone).to_contain_text("Your photo")
    assert "Your photo" not in (zone.get_attribute("aria-label") or "Your photo"), (
        "A drop zone is called what is written in it: fer_explain/ui/shell/drop_zone.js can go."
    )


def test_dropdown_tells_of_input_when_it_is_merely_left(page: Page) -> None:
    page.locator("#choice input").click()
    page.locator("#hello").click()
    expect(page.locator("#chosen")).to_have_text("input a", timeout=5000)
    # Once this fails, as nothing comes: .input can stand where the layouts have .select for that reason.


def test_always_last_repeats_what_the_first_event_carried(page: Page) -> None:
    for _ in range(3):
        page.locator("#button button").click()
    expect(page.locator("#told")).to_have_text(json.dumps([1, 1]), timeout=5000)
    # Once this fails with [1, 3]: "always_last" can stand where the layouts have "multiple" for that reason.


def test_picture_without_a_type_is_refused(page: Page) -> None:
    page.locator("#drop input[type=file]").evaluate(
        """(input) => {
            const files = new DataTransfer();
            files.items.add(new File([new Uint8Array([1])], 'photo.heic', { type: '' }));
            input.files = files.files;
            input.dispatchEvent(new Event('change', { bubbles: true }));
        }"""
    )
    expect(page.locator(".toast-body")).to_contain_text("Invalid file type", timeout=5000)
    # Once this fails: typed() in fer_explain/ui/analyse/photo/photo.js can go.


def test_page_does_not_start_in_a_language_of_ours_alone(browser: Browser, bare: str) -> None:
    context = browser.new_context(locale="vi-VN")
    page = context.new_page()
    page.goto(bare)
    expect(page.locator("#hello p")).not_to_be_empty()
    said = page.locator("#hello p").inner_text()
    context.close()
    assert said == "Hello", "Gradio starts in languages of an app's own: fer_explain/ui/shell/language.js can go."
