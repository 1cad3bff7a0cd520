"""Walks the portal as one role and judges what it sees: axe with every rule, nothing wider than the window, nothing on the console.

The addresses come from the application's own table, so a new page is walked without a word here. What is variable in an address is
taken from a link the role has met on its way, else from one the administrator met, and is "0123" where nobody met any. A page is
loaded once; sizes and modes then change in place, tabs, dialogs, menus and folded parts are opened as they are found. A page that is
closed to the role is looked at once, for how it says so.

A picture shows the whole page; of an overlay, the window. What two roles see word for word the same in the same size and mode is
judged and pictured once; how wide it is, is asked everywhere. Every rule is asked of every tree in every size; of one that was judged
in the other mode, those that are about colours.
"""

import re
import time
from collections.abc import Awaitable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeVar

from playwright.async_api import BrowserContext, ConsoleMessage, Page
from playwright.async_api import Error as PlaywrightError
from playwright.async_api import TimeoutError as Late

from tests.portal.e2e.behind_links import Leaf

T = TypeVar("T")
BUILD = Path(__file__).parents[3] / "build" / "portal"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice", "experimental"]
HEIGHT = {1440: 900, 390: 844}
Look = tuple[int, str]  # width, mode
LOOKS: tuple[Look, ...] = ((1440, "light"), (1440, "dark"), (390, "dark"), (390, "light"))
COLOURS = ["color-contrast", "link-in-text-block"]  # the rules that can judge the same tree in the same size otherwise in another mode
JUDGE = """async ([tags, within, rules, preload]) => {
  const only = rules ? { type: "rule", values: rules } : { type: "tag", values: tags };
  const found = await axe.run(within || document, { runOnly: only, iframes: false, preload, resultTypes: ["violations"] });
  const grave = found.violations.filter((v) => ["serious", "critical"].includes(v.impact));
  return grave.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.target + " " + (n.any[0]?.message || "")).join(", ")}`);
}"""
WIDE = """() => { const most = innerWidth;
  if (document.documentElement.scrollWidth <= most) return [];
  const out = [...document.querySelectorAll("body *")].filter((e) => e.getBoundingClientRect().right > most + 1 && e.checkVisibility());
  return ["wider than the window: " + out.slice(-3).map((e) => e.tagName + "." + e.className).join(", ")]; }"""
DRESSED = """async (mode) => {
  const plain = !document.getElementById("content");  // a page without the frame has no class: what the browser prefers holds at once
  await new Promise((done) => { const look = () => plain || document.documentElement.classList.contains(mode) ? done() : requestAnimationFrame(look); look(); });
  await new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)));
  const moving = document.getAnimations().filter((a) => a.effect?.getTiming().iterations !== Infinity);
  await Promise.allSettled(moving.map((a) => a.finished)); }"""
PRINT = """(within) => { const all = document.querySelector(within).outerHTML; let [a, b] = [7, 11];
  for (let i = 0; i < all.length; i++) { const c = all.charCodeAt(i); a = Math.imul(a ^ c, 2654435761); b = Math.imul(b ^ c, 1597334677); }
  return `${all.length} ${a} ${b}`; }"""
OPENERS = """() => [...new Set([...document.querySelectorAll("#content [popovertarget], #content [data-open]")]
  .filter((e) => e.checkVisibility() && !e.disabled && !e.closest("dialog, [popover]")).map((e) => e.getAttribute("popovertarget") || e.dataset.open))]"""
ASKERS = """() => [...new Set([...document.querySelectorAll("#content button:not([data-open]):not([popovertarget])")]
  .filter((e) => e.checkVisibility() && !e.disabled && !e.closest("dialog, [popover]")).map((e) => e.innerText.trim()).filter((t) => t.endsWith("…")))]"""
UNFOLD = "() => { const all = [...document.querySelectorAll('#content details:not([open])')]; for (const e of all) e.open = true; return all.length; }"
READY = """() => { const here = document.getElementById("content");
  return here && !here.hasAttribute("aria-busy") && ![...here.querySelectorAll(".late, .skel")].some((e) => e.checkVisibility()); }"""
PLAIN = str.maketrans({"/": "-", "[": None, "]": None})  # a route as the name of a picture
OPENS = 30_000  # milliseconds a dialog may take
SHELL = ("palette", "keys", "own", "drawer")


@dataclass
class Findings:
    """Of one house. `faults`: where -> what is wrong. `seen` and `closed`: role -> routes. `links`: role -> addresses it has met."""

    faults: dict[str, list[str]] = field(default_factory=dict)
    seen: dict[str, list[str]] = field(default_factory=dict)
    closed: dict[str, list[str]] = field(default_factory=dict)
    links: dict[str, dict[str, None]] = field(default_factory=dict)
    judged: set[tuple[str, ...]] = field(default_factory=set)
    looks: int = 0
    pictures: int = 0
    spent: dict[str, float] = field(default_factory=dict)  # on what -> seconds, over all tabs


class Walk:
    """One role's tab in one house. `deep`: what a page opens and unfolds too."""

    def __init__(self, context: BrowserContext, house: str, role: str, found: Findings, looks: Sequence[Look] = LOOKS, *, deep: bool = True) -> None:
        self._context, self.role, self._found, self._looks, self._deep = context, role, found, looks, deep
        self._base = ""
        self._page: Page
        self._at = "the first page"
        self._ground = "#content"
        for told in (found.seen, found.closed):
            told.setdefault(role, [])
        found.links.setdefault(role, {})
        self._shots = BUILD / house / role
        self._shots.mkdir(parents=True, exist_ok=True)

    async def open(self, axe: str, base: str) -> None:
        """The tab itself."""
        await self._context.add_init_script(axe)
        self._context.set_default_timeout(60_000)
        self._page, self._base = await self._context.new_page(), base
        self._page.on("pageerror", lambda error: self._note("script", [str(error)[:300]]))
        self._page.on("console", self._heard)
        self._page.on("request", lambda asked: None if asked.url.startswith((base, "data:", "blob:")) else self._note("foreign", [asked.url]))

    async def visit(self, route: str, path: str = "", name: str = "") -> None:
        """Load a route and judge it in every look, with its tabs, folded parts, dialogs and menus. `path`, `name`: of one page of this route."""
        self._at = route
        try:
            await self._visit(route, path or await self._address(route), name or route.strip("/").translate(PLAIN) or "start")
        except PlaywrightError as broken:  # one page that cannot be walked keeps nobody from the others
            self._note("walking", [broken.message[:300]])

    async def leaf(self, leaf: Leaf) -> None:
        """A page without the frame, before and after each of its buttons that are pressed."""
        self._at, self._ground = leaf.name, "body"
        try:
            answer = await self._spend("loading", self._page.goto(leaf.path))
            if answer is None or answer.status != leaf.status:
                self._note("answer", [f"{answer and answer.status} instead of {leaf.status}"])
            await self._judge(leaf.name)
            for n, press in enumerate(leaf.presses, 1):
                await self._page.locator(press).first.click()
                await self._page.wait_for_load_state()
                await self._judge(f"{leaf.name}-{n}")
        except PlaywrightError as broken:
            self._note("walking", [broken.message[:300]])
        self._found.seen[self.role].append(leaf.kind)
        self._ground = "#content"

    async def _visit(self, route: str, path: str, name: str) -> None:
        self._at = path
        await self._load(path)
        if await self._page.locator("#content > .empty .lucide-lock").count():
            self._found.closed[self.role].append(route)
            if len(self._found.closed[self.role]) == 1:
                await self._judge("closed")
                if self._deep:
                    await self._drawer("closed")  # whose own pages have another frame meets this one's drawer here alone
            return
        self._found.seen[self.role].append(route)
        hrefs = await self._meet()
        await self._judge(name)
        if not self._deep:
            return
        await self._overlays(name)
        await self._tabs(name)
        for href in dict.fromkeys(href for href in hrefs if href.startswith(f"{path}?tab=")):
            await self._load(href)
            await self._judge(f"{name}-{href.partition('=')[2]}")
            await self._overlays(f"{name}-{href.partition('=')[2]}")

    async def shell(self, home: str) -> None:
        """The frame's own: palette, keys, language and zone, account menu; on a phone the drawer. A person's frame has the first three."""
        await self._load(home)
        full = await self._page.locator(".shell").count() > 0
        for width in dict.fromkeys(width for width, _ in self._looks):
            await self._dress(width, "light")
            for name in SHELL:
                if (name == "drawer") == (width < 760) if full else name != "drawer":
                    await self._page.locator(f"#{name}").wait_for(state="attached")  # they come after the page
                    if name == "palette":  # sorts its entries when it is opened
                        await self._page.keyboard.press("Control+k")
                    else:
                        await self._page.evaluate("(id) => document.getElementById(id).showModal()", name)
                    await self._opened(f"shell-{name}", f"#{name}", width)
            if full and width > 760:
                await self._page.locator(".shell > .side .me").click()
                await self._opened("shell-me", "#me", width)

    async def _drawer(self, name: str) -> None:
        """The frame's menu on a phone, opened as people open it."""
        for width in sorted({width for width, _ in self._looks if width < 760}):
            await self._dress(width, "light")
            await self._page.locator("#drawer").wait_for(state="attached")
            await self._page.locator("[data-open=drawer]").click()
            await self._opened(f"{name}-drawer", "#drawer", width)

    async def _meet(self) -> list[str]:
        """The links of the page, to be remembered."""
        hrefs = await self._page.locator("#content a[href^='/']").evaluate_all("(all) => all.map((a) => a.getAttribute('href'))")
        self._found.links[self.role].update(dict.fromkeys(hrefs))
        return [*hrefs]

    async def _address(self, route: str) -> str:
        if "[" not in route:
            return route
        if (met := self._met(route)) is None:  # a walk of some pages alone has not seen the list
            await self._load(route.partition("/[")[0])
            await self._meet()
            met = self._met(route)
        return met or re.sub(r"\[+[^\]]*\]+", "0123", route)

    def _met(self, route: str) -> str | None:
        shape = re.compile(re.sub(r"\\\[+[^\]]*\]+", "([^/?#]+)", re.escape(route)) + r"(?=$|\?)")
        for role in (self.role, "admin"):
            for href in self._found.links.get(role, ()):
                if met := shape.match(href):
                    return met.group()
        return None

    async def _spend(self, kind: str, act: Awaitable[T]) -> T:
        """Do it, and remember how long it took."""
        began = time.monotonic()
        try:
            return await act
        finally:
            self._found.spent[kind] = self._found.spent.get(kind, 0.0) + time.monotonic() - began

    async def _load(self, path: str) -> None:
        await self._spend("loading", self._page.goto(path))
        await self._settle()

    async def _settle(self) -> None:
        try:
            await self._spend("coming to rest", self._page.wait_for_function(READY))
        except Late:
            self._note(self._at, ["never came to rest"])

    async def _dress(self, width: int, mode: str) -> None:
        await self._spend("size", self._page.set_viewport_size({"width": width, "height": HEIGHT[width]}))
        await self._spend("mode", self._page.emulate_media(color_scheme=mode, reduced_motion="reduce"))
        await self._spend("standing still", self._page.evaluate(DRESSED, mode))

    async def _judge(self, name: str) -> None:
        for width, mode in self._looks:
            await self._dress(width, mode)
            await self._look(name, width, mode)

    async def _look(self, name: str, width: int, mode: str, within: str = "") -> None:
        """`within`: an overlay; the page beneath has been judged before. The first look of a role at a page is always at the whole."""
        self._found.looks += 1
        where, wrong = f"{self.role} {name} {width} {mode}", await self._spend("width", self._page.evaluate(WIDE))
        same = (await self._page.evaluate(PRINT, within or self._ground), str(width))
        first = not within and (width, mode) == self._looks[0]
        if (*same, mode) not in self._found.judged or first:
            rules = COLOURS if same in self._found.judged and not first else None
            self._found.judged |= {same, (*same, mode)}
            wrong += await self._spend("axe", self._page.evaluate(JUDGE, [TAGS, within, rules, first]))
            picture = self._shots / f"{name}-{width}-{mode}.jpg"
            await self._spend("pictures", self._page.screenshot(path=picture, type="jpeg", quality=60, full_page=not within))
            self._found.pictures += 1
        if wrong:
            self._note(where, wrong)

    async def _tabs(self, name: str) -> None:
        """Tabs that change a part of the page, and what is folded."""
        tabs = self._page.locator("#content [role=tab]")
        await self._dress(*self._looks[0])
        for n in range(1, await tabs.count()):
            if not await tabs.nth(n).is_visible():
                continue
            await tabs.nth(n).click()
            await self._page.locator(f"#content [role=tab] >> nth={n} >> xpath=self::*[@aria-selected='true']").wait_for()
            await self._settle()
            await self._judge(f"{name}-tab{n}")
        if await self._page.evaluate(UNFOLD):
            await self._judge(f"{name}-unfolded")

    async def _overlays(self, name: str) -> None:
        """Each dialog and menu a button of the page opens: by its id, or with an ellipsis, which promises a dialog."""
        for width in dict.fromkeys(width for width, _ in self._looks):
            await self._dress(width, "light")
            for target in await self._page.evaluate(OPENERS):
                await self._page.locator(f'#content [popovertarget="{target}"]:visible, #content [data-open="{target}"]:visible').first.click()
                await self._opened(f"{name}-{target}", f"#{target}", width)
            if await (folded := self._page.locator("#content .unfold[aria-expanded=false]:visible")).count():
                await folded.click()
                for mode in self._modes(width):
                    await self._dress(width, mode)
                    await self._look(f"{name}-filters", width, mode, ".listtools")
            for n, words in enumerate(await self._page.evaluate(ASKERS)):
                await self._page.locator("#content").get_by_role("button", name=words, exact=True).first.click()
                await self._opened(f"{name}-asks{n}", "dialog[open]", width)

    def _modes(self, width: int) -> list[str]:
        """The modes this width is looked at in."""
        return list(dict.fromkeys(mode for wide, mode in self._looks if wide == width))

    async def _opened(self, name: str, overlay: str, width: int) -> None:
        try:
            await self._page.locator(overlay).wait_for(timeout=OPENS)
        except Late:
            self._note(name, [f"{overlay} does not open"])
            return
        for mode in self._modes(width):
            await self._dress(width, mode)
            await self._look(name, width, mode, overlay)
        await self._page.keyboard.press("Escape")
        if await self._page.locator(overlay).is_visible():
            self._note(name, ["Escape does not close it"])
            await self._page.evaluate("(is) => { const e = document.querySelector(is); e.close?.(); e.hidePopover?.(); }", overlay)

    def _heard(self, said: ConsoleMessage) -> None:
        if said.type == "error" and said.location["url"] != self._page.url:  # of the page's own status: that is asked where it is loaded
            self._note("console", [said.text[:300]])

    def _note(self, where: str, what: list[str]) -> None:
        place = where if where.startswith(self.role) else f"{self.role} {self._at}: {where}"
        self._found.faults.setdefault(place, []).extend(what)
        with (BUILD / "faults.txt").open("a") as told:  # at once: a walk that is broken off has told what it found
            told.write(f"{place}: {'; '.join(what)}\n")
