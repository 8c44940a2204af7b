"""What a model says is shown, and runs nothing: the renderer by itself, and a hostile model in a battle."""

import pytest
from playwright.sync_api import JSHandle, expect

from tests.browser.site import RunningSite
from tests.browser.visitor import Visitor, answer, ask, ended
from tests.stubs.behaviour import Behaviour
from tests.stubs.openai_server import StubServer

ATTACKS = [
    '<img src=x onerror="window.hacked=1">',
    "<script>window.hacked=1</script>",
    "<script src=https://example.com/x.js></script>",
    "<style>body{display:none}</style>",
    '<iframe src="https://example.com"></iframe>',
    '<iframe srcdoc="<script>parent.hacked=1</script>"></iframe>',
    "<svg onload=window.hacked=1><script>window.hacked=1</script></svg>",
    "<math><mtext><table><mglyph><style><img src=x onerror=window.hacked=1>",
    '<a href="javascript:window.hacked=1" onclick="window.hacked=1">sakatu</a>',
    "[sakatu](javascript:window.hacked=1)",
    "[sakatu](JaVaScRiPt:window.hacked=1)",
    "[sakatu](java\nscript:window.hacked=1)",
    "[sakatu](&#106;avascript:window.hacked=1)",
    "[sakatu](vbscript:msgbox)",
    "[sakatu](data:text/html;base64,PHNjcmlwdD53aW5kb3cuaGFja2VkPTE8L3NjcmlwdD4=)",
    "[sakatu](blob:https://example.com/x)",
    "[sakatu](/admin/)",
    "<javascript:window.hacked=1>",
    "![irudia](https://example.com/spy.png)",
    '![x](x "onerror=window.hacked=1")',
    '![x"onerror="window.hacked=1](x)',
    '<form action="https://example.com"><input name=q><button>Bidali</button></form>',
    '<input autofocus onfocus="window.hacked=1">',
    '<div style="position:fixed;inset:0" onmouseover="window.hacked=1">x</div>',
    '<b onmouseover="window.hacked=1">x</b>',
    '<base href="https://example.com/"><meta http-equiv="refresh" content="0;url=https://example.com">',
    '<video src="https://example.com/v.mp4" autoplay></video><object data="x"></object><embed src="x">',
    '```html"onmouseover="window.hacked=1\n<img src=x onerror=window.hacked=1>\n```',
    "| <img src=x onerror=window.hacked=1> | b |\n|---|---|\n| <script>window.hacked=1</script> | d |",
    '<details open ontoggle="window.hacked=1">x</details>',
    '[x]: javascript:window.hacked=1\n\n[sakatu][x]',
    "- [x] <img src=x onerror=window.hacked=1>",
    '<p id="battle-data" name="forms">clobber</p><a id="prompt" name="body">x</a>',
]  # fmt: skip

#: Everything in an answer that the page did not mean to have there.
INTRUDERS = """(root) => [...root.querySelectorAll("*")].flatMap((element) => {
  const tags = ["script", "style", "iframe", "img", "svg", "math", "form", "input", "button", "object", "embed",
    "video", "audio", "base", "meta", "link", "template", "details"];
  const found = tags.includes(element.localName) ? [element.outerHTML] : [];
  for (const { name, value } of element.attributes) {
    const ours = ["role", "aria-label", "tabindex", "data-arena-scroll", "target", "rel", "align", "start"];
    const isSafeLink = name === "href" && /^(https?:\\/\\/|mailto:)/.test(value);
    if (!ours.includes(name) && !isSafeLink) found.push(`${element.localName}[${name}=${value}]`);
  }
  return found;
})"""


@pytest.fixture
def view(visitor: Visitor, site: RunningSite) -> JSHandle:
    """The page's own renderer, on an element of a page of the site."""
    visitor.page.goto("/about/")
    return visitor.page.evaluate_handle(
        """async (address) => {
          const { MarkdownView } = await import(address);
          const element = document.createElement("div");
          document.querySelector("main").append(element);
          return new MarkdownView(element, { table: "Taula", code: "Kodea" });
        }""",
        site.static_url("js/battle/markdown.mjs"),
    )


def shown(view: JSHandle, text: str) -> str:
    return str(view.evaluate("(view, text) => { view.show(text); return view.element.innerHTML; }", text))


@pytest.mark.parametrize("attack", ATTACKS)
def test_nothing_of_an_attack_gets_through(visitor: Visitor, view: JSHandle, attack: str) -> None:
    # Letter by letter, as it streams: half of a tag must not be more dangerous than the whole.
    for end in range(1, len(attack) + 1):
        view.evaluate("(view, text) => view.show(text)", attack[:end])
        assert view.evaluate(f"(view) => ({INTRUDERS})(view.element)") == []
    for element in visitor.page.locator("main a[target]").all():
        element.hover()
    visitor.page.wait_for_timeout(20)
    assert visitor.page.evaluate("window.hacked") is None


def test_html_is_shown_as_text(visitor: Visitor, view: JSHandle) -> None:
    shown(view, "Erabili `<b>` eta <div class=x> etiketak.\n\n<table><tr><td>bat</td></tr></table>")
    text = view.evaluate("(view) => view.element.innerText")
    assert "<div class=x>" in text and "<table><tr><td>bat</td></tr></table>" in text


@pytest.mark.parametrize(
    ("markdown", "selector", "text"),
    [
        ("**lodia**", "strong", "lodia"),
        ("# Izenburua", "h4", "Izenburua"),
        ("###### Txikia", "h6", "Txikia"),
        ("~~ez~~", "del", "ez"),
        ("bat\nbi", "p br", ""),
        ("> aipua", "blockquote p", "aipua"),
        ("3. hiru\n4. lau", "ol[start='3'] li:nth-child(2)", "lau"),
        ("```py\nx = 1\n```", "pre[tabindex='0'][aria-label='Kodea'] code", "x = 1\n"),
        ("| a | b |\n|---|--:|\n| 1 | 2 |", "div[tabindex='0'][aria-label='Taula'] table td[align=right]", "2"),
        ("[gunea](https://eu.wikipedia.org)", "a[target=_blank][rel='noopener noreferrer nofollow']", "gunea"),
        ("H<sub>2</sub>O", "sub", "2"),
        ("- [x] eginda", "li", "☑ eginda"),
    ],
)
def test_markdown_is_readable(view: JSHandle, markdown: str, selector: str, text: str) -> None:
    shown(view, markdown)
    found = view.evaluate("(view, selector) => view.element.querySelector(selector)?.textContent ?? null", selector)
    assert found == text


def test_only_the_last_block_is_rendered_again(view: JSHandle) -> None:
    shown(view, "Lehena.\n\nBigarrena ari da")
    view.evaluate("(view) => { view.first = view.element.firstElementChild; }")
    shown(view, "Lehena.\n\nBigarrena ari da idazten")
    assert view.evaluate("(view) => view.first === view.element.firstElementChild")
    assert "idazten" in view.evaluate("(view) => view.element.innerText")


def test_a_new_run_replaces_the_text(view: JSHandle) -> None:
    shown(view, "Lehena.\n\nBigarrena.\n\nHirugarrena.")
    shown(view, "")
    assert shown(view, "Berria.") == "<div><p>Berria.</p>\n</div>"


def test_a_hostile_model_does_nothing(visitor: Visitor, openai_server: StubServer) -> None:
    for model in ("stub-a", "stub-b"):
        openai_server.behave(model, Behaviour.HOSTILE)
    page = visitor.start_battle()
    ask(page, "Kaixo")
    ended(page)
    for side in "ab":
        box = answer(page, side).locator("[data-arena-answer-text]")
        expect(box).to_contain_text("sakatu hemen")
        assert box.evaluate(INTRUDERS) == []
        box.get_by_text("sakatu hemen").click()
    assert page.evaluate("window.hacked") is None
    expect(page.locator("body")).to_be_visible()
