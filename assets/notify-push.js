/* Notifications in this browser: looks how it stands, asks, lets go again. For Carillon's own page and for yours (docs/web-push.md).
   Nothing here asks for permission by itself: call `allow` from a click. */
const KEPT = "carillon-push";
const bytes = (text) => Uint8Array.from(atob(text.replaceAll("-", "+").replaceAll("_", "/")), (char) => char.charCodeAt(0));
const equal = (one, other) => one?.byteLength === other.length && new Uint8Array(one).every((byte, n) => byte === other[n]);
const wants = { worker: "/notify-sw.js", scope: undefined };

/* "", or why this browser cannot: insecure (no https), home (of an iPhone: the page must be on the home screen), impossible */
export const hindrance = () => {
  if (!isSecureContext) return "insecure";
  if ("serviceWorker" in navigator && "PushManager" in window && "Notification" in window) return "";
  return "standalone" in navigator && !navigator.standalone ? "home" : "impossible";
};

const registered = async ({ worker, scope }) => {
  const found = await navigator.serviceWorker.getRegistration(scope ?? worker.slice(0, worker.lastIndexOf("/") + 1));
  return found?.active || found?.waiting || found?.installing ? found : null;
};
const ready = (registration) => new Promise((done, failed) => {
  if (registration.active) { done(registration); return; }
  const worker = registration.installing ?? registration.waiting;
  worker.addEventListener("statechange", () => {
    if (worker.state === "activated") done(registration);
    if (worker.state === "redundant") failed(new Error("The service worker could not be installed."));
  });
});

/* {state, subscription}: off, on (with what the browser is subscribed by), blocked, or a hindrance. `key` is our public one */
export async function look(given) {
  const { key, ...how } = { ...wants, ...given }, why = hindrance();
  if (why) return { state: why };
  if (Notification.permission === "denied") return { state: "blocked" };
  const subscription = await (await registered(how))?.pushManager.getSubscription();
  const current = subscription && (!key || equal(subscription.options?.applicationServerKey, bytes(key)));
  return current && Notification.permission === "granted" ? { state: "on", subscription: subscription.toJSON() } : { state: "off" };
}

/* Asks, and subscribes. `renew`: anew, whatever there is. `keep`: {register, label}: where the worker says it when the browser changes its address */
export async function allow(given) {
  const { key, renew, keep, worker, scope } = { ...wants, ...given }, why = hindrance();
  if (why) return { state: why };
  try {
    const answer = await Notification.requestPermission();
    if (answer !== "granted") return { state: answer === "denied" ? "blocked" : "off" };
    const registration = await ready(await navigator.serviceWorker.register(worker, scope ? { scope } : {}));
    const old = await registration.pushManager.getSubscription();
    if (old && (renew || !equal(old.options?.applicationServerKey, bytes(key)))) await old.unsubscribe();
    const subscription = await registration.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(key) });
    if (keep) await (await caches.open(KEPT)).put(new URL("carillon-push", registration.scope), new Response(JSON.stringify({ ...keep, key })));
    return { state: "on", subscription: subscription.toJSON() };
  } catch (error) {
    return { state: "failed", why: `${error.name}: ${error.message}`.slice(0, 200) };
  }
}

/* Lets go; what it was subscribed by, so that it can be taken from the person's addresses */
export async function withdraw(given) {
  const registration = hindrance() ? null : await registered({ ...wants, ...given });
  const subscription = await registration?.pushManager.getSubscription();
  const was = subscription?.toJSON();
  await subscription?.unsubscribe();
  if (registration) await caches.delete(KEPT);
  return { state: "off", subscription: was };
}

/* What people call this browser: {browser: "Firefox", system: "Linux"}, as far as it says */
export const called = () => {
  const agent = navigator.userAgent, brands = navigator.userAgentData?.brands?.map((one) => one.brand) ?? [];
  const known = [["Edg", "Microsoft Edge"], ["OPR", "Opera"], ["SamsungBrowser", "Samsung Internet"], ["Firefox", "Firefox"], ["FxiOS", "Firefox"], ["CriOS", "Chrome"]];
  const named = known.find(([mark]) => agent.includes(mark))?.[1] ?? ["Google Chrome", "Chromium"].find((one) => brands.includes(one));
  const browser = named ?? (agent.includes("Chrome/") ? "Chrome" : agent.includes("Safari/") ? "Safari" : "");
  const systems = [["Android", "Android"], ["iPhone", "iPhone"], ["iPad", "iPad"], ["Windows", "Windows"], ["Mac OS X", "macOS"], ["CrOS", "ChromeOS"], ["Linux", "Linux"]];
  return { browser, system: systems.find(([mark]) => agent.includes(mark))?.[1] ?? "" };
};
