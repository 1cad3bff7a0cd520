/* The palette and the shortcut letters. Local entries are sifted here, so they answer at once and without a connection. */
(() => {
  const byId = (id) => document.getElementById(id);
  const called = (id) => byId(id) ?? (dispatchEvent(new Event("frames:now")), byId(id)); // mounted late, see assets/frames.js
  const plain = (text) => text.toLowerCase().normalize("NFD").replace(/\p{M}/gu, "");
  const tidy = (text) => text.trim().split(/\s+/).join(" ");
  const all = () => [...(byId("palette-list")?.querySelectorAll("[role=option]") ?? [])];
  const seen = () => all().filter((o) => !o.hidden);
  if (/Mac|iPhone|iPad/.test(navigator.platform)) document.documentElement.classList.add("on-mac");

  const mark = (option) => {
    all().forEach((o) => o.setAttribute("aria-selected", String(o === option)));
    if (option) {
      option.scrollIntoView({ block: "nearest" });
      byId("palette-q").setAttribute("aria-activedescendant", option.id);
    } else byId("palette-q").removeAttribute("aria-activedescendant");
  };

  /* hides what does not match; what the server found counts only for the text it was asked for */
  const sift = (fresh) => {
    const text = byId("palette-q").value, words = plain(text).split(/\s+/).filter(Boolean);
    const found = byId("palette-found"), current = found?.dataset.for === tidy(text);
    all().forEach((o) => { o.hidden = o.dataset.found ? !words.length || !current : !words.every((w) => plain(o.textContent).includes(w)); });
    byId("palette-list").querySelectorAll("[role=group]").forEach((g) => { g.hidden = !g.querySelector("[role=option]:not([hidden])"); });
    const list = seen(), told = byId("palette-told");
    byId("palette-none").hidden = list.length > 0 || !current;
    byId("palette-list").hidden = !list.length;
    told.textContent = words.length ? told.dataset.many.replace("{count}", list.length) : "";
    if (fresh || !list.some((o) => o.getAttribute("aria-selected") === "true")) mark(list[0]);
  };

  const open = () => {
    const d = called("palette");
    if (!d) return;
    if (!d.open) {
      document.querySelectorAll("dialog[open]").forEach((other) => other.close());
      d.showModal();
    }
    const q = byId("palette-q");
    q.focus();
    q.select();
    sift(true);
  };

  const letters = () => { try { return localStorage.getItem("keys") !== "off"; } catch { return true; } };
  const typing = (el) => el?.closest?.("input:not([type=checkbox],[type=radio]),textarea,select,[contenteditable=true],.cm-editor");
  let waits = 0;

  addEventListener("keydown", (e) => {
    if ((e.ctrlKey || e.metaKey) && !e.altKey && !e.shiftKey && e.key.toLowerCase() === "k" && called("palette")) {
      e.preventDefault();
      open();
      return;
    }
    if (byId("palette")?.open) {
      const list = seen(), at = list.findIndex((o) => o.getAttribute("aria-selected") === "true");
      const to = { ArrowDown: at + 1, ArrowUp: at - 1 + list.length, PageDown: Math.min(at + 6, list.length - 1), PageUp: Math.max(at - 6, 0) }[e.key];
      if (to !== undefined && list.length) { e.preventDefault(); mark(list[to % list.length]); }
      if (e.key === "Enter" && !e.isComposing) { e.preventDefault(); list[at]?.click(); }
      if (e.key === "Tab") e.preventDefault();
      return;
    }
    if (e.ctrlKey || e.metaKey || e.altKey || e.isComposing || typing(e.target) || document.querySelector("dialog[open]") || !letters()) return;
    if (waits && Date.now() - waits < 1500) {
      waits = 0;
      const place = all().find((o) => o.dataset.go && o.dataset.go === e.key.toLowerCase());
      if (place) { e.preventDefault(); place.click(); return; }
    }
    if (["g", "?", "/"].includes(e.key.toLowerCase())) called("palette");
    waits = e.key.toLowerCase() === "g" ? Date.now() : 0;
    if (e.key === "?" && byId("keys")) { e.preventDefault(); byId("keys").showModal(); }
    if (e.key === "/" && byId("palette")) {
      e.preventDefault();
      const box = document.querySelector("#content input[type=search]");
      if (box) box.focus(); else open();
    }
  });

  addEventListener("input", (e) => { if (e.target.id === "palette-q") sift(true); });
  addEventListener("change", (e) => {
    if (e.target.id === "keys-on") try { localStorage.setItem("keys", e.target.checked ? "on" : "off"); } catch { /* storage is switched off */ }
  });
  addEventListener("click", (e) => {
    const el = e.target.closest?.("[data-open],[data-act],[data-fill],#palette [role=option]");
    if (!el) return;
    if (el.matches("#palette [role=option]")) byId("palette").close();
    if (el.dataset.open === "palette") open();
    if (el.dataset.open) called("keys-on");
    if (el.dataset.open === "keys") byId("keys-on").checked = letters();
    if (el.dataset.act === "leave") document.querySelector("form.leaving")?.requestSubmit();
    if (el.dataset.act === "theme") document.querySelector("button[data-theme-turn]")?.click();
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (el.dataset.open === "own") document.querySelectorAll("[data-zone]").forEach((s) => { s.textContent = zone; });
    if (el.dataset.fill) {
      byId(el.dataset.fill).value = zone;
      byId(el.dataset.fill).focus();
    }
  });
  new MutationObserver((changes) => {
    if (byId("palette")?.open && changes.some((c) => c.target.closest?.("#palette-found"))) sift(false);
  }).observe(document.documentElement, { subtree: true, childList: true, attributes: true, attributeFilter: ["data-for"] });
})();
