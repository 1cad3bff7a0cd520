/* Carillon's service worker: shows what a browser is told, and opens what is clicked. For a page of your own, a file beside it that says
   importScripts("https://your-carillon.example/notify-sw.js") is enough (docs/web-push.md). */
(() => {
  const KEPT = "carillon-push", PLACE = new URL("carillon-push", registration.scope).href;

  /* where a click may lead: to pages of ours, or to any other by https; to nothing else, whatever a message says */
  const safe = (link) => {
    if (typeof link !== "string" || !link) return null;
    try {
      const url = new URL(link, registration.scope);
      return url.origin === location.origin || url.protocol === "https:" ? url.href : null;
    } catch { return null; }
  };
  const text = (value, longest) => (typeof value === "string" ? value.slice(0, longest) : "");
  const windows = () => clients.matchAll({ type: "window", includeUncontrolled: true });
  const tell = async (what, id) => (await windows()).forEach((page) => page.postMessage({ carillon: what, id }));

  const read = (event) => {
    try {
      const said = event.data?.json();
      return said && typeof said === "object" && !Array.isArray(said) ? said : {};
    } catch { return { body: text(event.data?.text(), 500) }; }
  };

  const show = async (said) => {
    const title = text(said.title, 500) || location.hostname, tag = text(said.tag, 100);
    const actions = (Array.isArray(said.actions) ? said.actions : []).filter((one) => one && text(one.action, 100) && text(one.title, 200)).slice(0, 2);
    const there = tag ? await registration.getNotifications({ tag }) : [];
    const repeated = there.some((one) => one.data?.id === said.id); /* the same once more: not heard twice */
    const options = {
      body: text(said.body, 2000), tag, silent: said.silent === true, renotify: Boolean(tag) && said.renotify === true && !repeated,
      actions: actions.map((one) => ({ action: one.action, title: one.title })),
      data: { id: text(said.id, 100), link: text(said.link, 2000), links: Object.fromEntries(actions.map((one) => [one.action, text(one.link, 2000)])) },
    };
    const icon = safe(said.icon), image = safe(said.image);
    if (icon) options.icon = icon;
    if (image) options.image = image;
    await registration.showNotification(title, options);
    await badge(said.badge);
    await tell("push", options.data.id);
  };
  const badge = async (count) => {
    if (!Number.isInteger(count) || count < 0) return;
    try {
      if (count) await navigator.setAppBadge?.(count); else await navigator.clearAppBadge?.();
    } catch { /* only pages that were installed have an icon */ }
  };

  const open = async (event) => {
    const { data, title } = event.notification, { id, link, links } = data ?? {};
    await tell("click", id);
    const wanted = event.action ? links?.[event.action] : link;
    if (event.action && !wanted) return; /* a button that only puts it away */
    const target = safe(wanted) ?? registration.scope;
    const pages = await windows();
    const page = pages.find((one) => one.url === target) ?? (wanted ? null : pages.find((one) => one.url.startsWith(registration.scope)));
    try {
      await (page ? page.focus() : clients.openWindow(target));
    } catch (error) { console.warn(`Carillon could not open what “${title}” leads to.`, error); }
  };

  /* the browser made itself a new address: whoever keeps the old one is told, and the page says it again when it is opened next */
  const renew = async (event) => {
    const kept = await (await caches.open(KEPT)).match(PLACE);
    const { register, label, key } = kept ? await kept.json() : {};
    if (!register) return;
    const fresh = event.newSubscription ?? await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: key });
    const body = JSON.stringify({ channel: "push", platform: "webpush", address: JSON.stringify(fresh), label: text(label, 200) });
    await fetch(register, { method: "PUT", body, headers: { "content-type": "application/json" }, credentials: "include" });
  };

  addEventListener("install", () => skipWaiting());
  addEventListener("activate", (event) => event.waitUntil(clients.claim()));
  addEventListener("push", (event) => event.waitUntil(show(read(event))));
  addEventListener("notificationclick", (event) => {
    event.notification.close();
    event.waitUntil(open(event));
  });
  addEventListener("notificationclose", (event) => event.waitUntil(tell("close", event.notification.data?.id)));
  addEventListener("pushsubscriptionchange", (event) => event.waitUntil(renew(event)));
})();
