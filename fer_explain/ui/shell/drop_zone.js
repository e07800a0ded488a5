// Upstream defect, no issue found: Gradio names a drop zone in English whatever is written in it.
// Test: test_drop_zone_has_an_english_name_whatever_is_written_in_it. Without that name it is called what is written.
new MutationObserver(() => document.querySelectorAll('.upload-container[aria-label]').forEach((zone) => {
  zone.removeAttribute('aria-label');
})).observe(document.documentElement, { childList: true, subtree: true });
