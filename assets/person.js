/* A person's own pages: tells the server the browser's time zone, and moves through the inbox by keyboard. */
(() => {
  const tell = () => {
    try {
      const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
      if (/^[\w+\-/]{1,64}$/.test(zone)) document.cookie = `carillon_zone=${zone}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
    } catch { /* without it the page asks for the zone */ }
  };
  /* to ask the machine for its zone takes a while: at once only for the page that wants it, else when the page stands */
  if (location.pathname.startsWith("/preferences") && !document.cookie.includes("carillon_zone=")) tell();
  else addEventListener("load", () => setTimeout(tell, 2000));

  /* keys of the inbox: j and k move, e archives or moves back, u marks read or unread, x selects */
  let place = -1;
  const rows = () => [...document.querySelectorAll(".msgs[data-keys] .msg")];
  const go = (all, n) => all[Math.max(0, Math.min(all.length - 1, n))]?.querySelector(".fold")?.focus();
  addEventListener("keydown", (e) => {
    if (e.ctrlKey || e.metaKey || e.altKey || e.defaultPrevented) return;
    if (e.target.closest?.("input:not([type=checkbox]),textarea,select,dialog,.menu,[contenteditable]")) return;
    const all = rows(), key = e.key.toLowerCase();
    if (!all.length || !["j", "k", "e", "u", "x"].includes(key)) return;
    const at = all.findIndex((row) => row.contains(document.activeElement));
    if (key === "j") go(all, at + 1);
    else if (key === "k") go(all, at < 0 ? 0 : at - 1);
    else if (at >= 0) { place = at; all[at].querySelector(key === "x" ? ".check" : `[data-key=${key}]`)?.click(); }
    else return;
    e.preventDefault();
  });
  /* what was in focus has left the list: the one that took its place is next */
  new MutationObserver(() => {
    if (place < 0 || document.activeElement !== document.body) return;
    const all = rows();
    if (all.length) { go(all, place); place = -1; }
  }).observe(document.documentElement, { subtree: true, childList: true });

  /* notifications in this browser: the module is fetched only where the page offers them; what it says goes to the server with the hidden form */
  const looked = new WeakSet();
  const push = async (form, act) => {
    const { allow, called, look, withdraw } = await import("/notify-push.js");
    const name = called(), { key, register, label } = form.dataset;
    const keep = { register, label: name.system ? label.replace("{browser}", name.browser).replace("{system}", name.system) : name.browser };
    const said = act === "look" ? await look({ key }) : act === "off" ? await withdraw() : await allow({ key, renew: act === "renew", keep });
    const here = document.getElementById("push-form") ?? form; /* the page may have been drawn anew meanwhile */
    here.elements.said.value = JSON.stringify({ act, ...name, ...said, subscription: said.subscription ? JSON.stringify(said.subscription) : "" });
    here.requestSubmit();
  };
  const offered = () => {
    const form = document.getElementById("push-form");
    if (!form || looked.has(form)) return;
    looked.add(form);
    push(form, "look");
  };
  new MutationObserver(offered).observe(document.documentElement, { subtree: true, childList: true });
  addEventListener("click", (e) => {
    const button = e.target.closest?.("[data-push]"), form = document.getElementById("push-form");
    if (!button || !form || button.disabled) return;
    button.disabled = true;
    push(form, button.dataset.push).finally(() => { button.disabled = false; });
  });
})();
