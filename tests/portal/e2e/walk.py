"""Walks the portal as one role and judges what it sees: axe with every rule, and nothing wider than the window.

The addresses come from the application's own table, so a new page is walked without a word here. What is variable in an address is
taken from the first link of its list, and is "0123" where there is none.
"""

import re
from collections.abc import Callable
from pathlib import Path

from playwright.sync_api import BrowserContext, Page
from playwright.sync_api import TimeoutError as Late

BUILD = Path(__file__).parents[3] / "build" / "portal"
TAGS = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice", "experimental"]
HEIGHT = {1440: 900, 390: 844}
EVERY = ((1440, "light"), (1440, "dark"), (390, "light"), (390, "dark"))
JUDGE = """async (tags) => {
  const found = await axe.run(document, { runOnly: { type: "tag", values: tags }, iframes: false, resultTypes: ["violations"] });
  const grave = found.violations.filter((v) => ["serious", "critical"].includes(v.impact));
  const wide = document.documentElement.scrollWidth > innerWidth;
  const told = grave.map((v) => `${v.id}: ${v.nodes.slice(0, 3).map((n) => n.target).join(", ")}`);
  return wide ? [...told, "wider than the window"] : told;
}"""
OPENERS = """() => [...new Set([...document.querySelectorAll("#content [popovertarget], #content [data-open]")]
  .filter((e) => e.checkVisibility() && !e.disabled).map((e) => e.getAttribute("popovertarget") || e.dataset.open))]"""
SHELL = ("palette", "keys", "own", "drawer")


class Walk:
    """One role in one house. `faults`: where -> what is wrong; `seen`: the routes that were open, `closed`: those that were not."""

    def __init__(self, context: BrowserContext, axe: str, house: str, role: str, sights: tuple[tuple[int, str], ...] = EVERY) -> None:
        self.page: Page = context.new_page()
        context.add_init_script(axe)
        context.set_default_timeout(30_000)
        self.page.on("pageerror", lambda error: self._note("script", [str(error)[:200]]))
        self.name, self.sights = f"{house}-{role}", sights
        self.faults: dict[str, list[str]] = {}
        self.seen: list[str] = []
        self.closed: list[str] = []
        self.looks = 0
        self._shots = BUILD / house / role
        self._shots.mkdir(parents=True, exist_ok=True)

    def visit(self, route: str, named: dict[str, str]) -> None:
        """Open a route and judge it; dialogs and menus of the page too. `named`: what stands for what is variable, filled on the way."""
        path = self._address(route, named)
        self.page.goto(path)
        self._settle()
        if self.page.locator("#content > .empty .lucide-lock").count():
            self.closed.append(route)
            if len(self.closed) == 1:
                self._judge("closed", self.sights)
            return
        self.seen.append(route)
        name = route.strip("/").replace("/", "-") or "start"
        self._judge(name, self.sights)
        self._overlays(name)

    def shell(self) -> None:
        """The frame's own: palette, keys, language and zone, account menu; on a phone the drawer."""
        for width, scheme in self.sights:
            self._dress(width, scheme)
            for name in SHELL:
                if (name == "drawer") == (width < 760):
                    self._open(name, lambda name=name: self.page.evaluate("(id) => document.getElementById(id).showModal()", name), width, scheme)
            if width > 760:
                self._open("me", lambda: self.page.locator(".shell > .side .me").click(), width, scheme)

    def done(self) -> None:
        """Close the tab."""
        self.page.close()

    def _address(self, route: str, named: dict[str, str]) -> str:
        base, *variable = re.split(r"/\[+[^\]]*\]+", route)
        if not variable:
            return route
        if route not in named:
            self.page.goto(base)
            self._settle()
            inner = variable[0]
            links = self.page.locator(f'#content a[href^="{base}/"]').evaluate_all("(all) => all.map((a) => a.getAttribute('href'))")
            parts = [href[len(base) + 1 :].split("/")[0].split("?")[0] for href in links if href.endswith(inner) or not inner]
            named[route] = f"{base}/{parts[0] if parts else '0123'}{inner}"
        return named[route]

    def _settle(self) -> None:
        self.page.locator("#content:not([aria-busy])").wait_for()
        for waits in (".late", ".skel"):
            try:
                self.page.locator(f"#content {waits}:visible").first.wait_for(state="detached", timeout=20_000)
            except Late:
                self._note(self.page.url, [f"{waits} never went"])

    def _dress(self, width: int, scheme: str) -> None:
        self.page.set_viewport_size({"width": width, "height": HEIGHT[width]})
        self.page.emulate_media(color_scheme=scheme, reduced_motion="reduce")
        self.page.locator(f"html.{scheme}").wait_for()
        self.page.evaluate("() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))")

    def _judge(self, name: str, sights: tuple[tuple[int, str], ...]) -> None:
        for width, scheme in sights:
            self._dress(width, scheme)
            self._look(name, width, scheme)

    def _look(self, name: str, width: int, scheme: str) -> None:
        self.looks += 1
        found = self.page.evaluate(JUDGE, TAGS)
        self.page.screenshot(path=self._shots / f"{name}-{width}-{scheme}.jpg", type="jpeg", quality=70)
        if found:
            self._note(f"{name} {width} {scheme}", found)

    def _overlays(self, name: str) -> None:
        """Each dialog and menu a button of the page opens, once wide and once narrow."""
        for width, scheme in self.sights[:: 3 if len(self.sights) == 4 else 1]:
            self._dress(width, scheme)
            for target in self.page.evaluate(OPENERS):
                opener = self.page.locator(f'#content [popovertarget="{target}"]:visible, #content [data-open="{target}"]:visible').first
                self._open(f"{name}-{target}", opener.click, width, scheme, target)

    def _open(self, name: str, opening: Callable[[], object], width: int, scheme: str, target: str = "") -> None:
        overlay = self.page.locator(f"#{target or name}")
        opening()
        overlay.wait_for()
        self._look(name, width, scheme)
        self.page.keyboard.press("Escape")
        if overlay.is_visible():
            self._note(name, ["Escape does not close it"])
            self.page.evaluate("(id) => { const e = document.getElementById(id); e.close?.(); }", target or name)

    def _note(self, where: str, what: list[str]) -> None:
        self.faults.setdefault(where, []).extend(what)
