// A real Firefox on our preferences page: turns notifications on, shows what comes, opens what is clicked, turns them off. Speaks in JSON lines; goes on at each line it is given.
// usage: node firefox_push.mjs FIREFOX PAGE SESSION PUSH_SOCKET
import readline from "node:readline";
import puppeteer from "puppeteer-core";

const [firefox, page_url, session, socket] = process.argv.slice(2);
const say = (said) => process.stdout.write(`${JSON.stringify(said)}\n`);
const lines = readline.createInterface({ input: process.stdin })[Symbol.asyncIterator]();
const go = async () => (await lines.next()).value;
const prefs = {
  "dom.push.serverURL": socket,
  "dom.push.testing.allowInsecureServerURL": true,
  "dom.push.connection.enabled": true,
  "dom.push.enabled": true,
  "dom.push.userAgentID": "",
  "dom.push.retryBaseInterval": 200, // milliseconds until it comes back
  "dom.push.testing.ignorePermission": true,
  "permissions.default.desktop-notification": 1,
  "dom.webnotifications.requireuserinteraction": false,
  "dom.serviceWorkers.testing.enabled": true,
  "alerts.useSystemBackend": false, // a machine without a desktop has none, and what cannot be shown is an error
};
const browser = await puppeteer.launch({ browser: "firefox", executablePath: firefox, headless: true, extraPrefsFirefox: prefs, args: ["--remote-allow-system-access"] });
try {
  const page = await browser.newPage();
  await browser.setCookie({ name: "carillon_session", value: session, domain: new URL(page_url).hostname, path: "/" });
  await page.goto(`${page_url}/preferences`);
  await page.waitForSelector("[data-push=on]", { timeout: 30000 });
  const asked = await page.evaluate(() => Notification.permission);
  await page.locator("[data-push=on]").click();
  await page.waitForSelector("[data-push=off]", { timeout: 30000 });
  const words = await page.evaluate(() => document.querySelector("#content").innerText);
  say({ on: true, asked, words });
  await go();
  const shown = await page.evaluate(async () => {
    const registration = await navigator.serviceWorker.getRegistration("/");
    for (let n = 0; n < 400; n += 1) {
      const all = await registration.getNotifications();
      if (all.length) return all.map(({ title, body, tag, icon, data }) => ({ title, body, tag, icon, data }));
      await new Promise((done) => setTimeout(done, 50));
    }
    return [];
  });
  say({ shown });
  await go();
  // the window that the browser itself shows a notification in, clicked as a person would
  const chrome = { "moz:scope": "chrome" };
  const { result } = await browser.connection.send("browsingContext.getTree", chrome);
  const alert = result.contexts.find((one) => one.url.endsWith("/alert.xhtml"));
  await browser.connection.send("script.evaluate", { expression: `document.getElementById("alertBox").click()`, target: { context: alert.context }, awaitPromise: false });
  let opened = [];
  for (let n = 0; n < 200 && !opened.length; n += 1) {
    await new Promise((done) => setTimeout(done, 50));
    opened = (await browser.pages()).map((one) => one.url()).filter((url) => !url.startsWith("about:") && !url.endsWith("/preferences"));
  }
  const left = await page.evaluate(async () => (await (await navigator.serviceWorker.getRegistration("/")).getNotifications()).length);
  say({ opened, left });
  await go();
  await page.bringToFront();
  await page.reload();
  await page.locator("[data-push=off]").click();
  await page.waitForSelector("[data-push=on]", { timeout: 30000 });
  const still = await page.evaluate(async () => Boolean(await (await navigator.serviceWorker.getRegistration("/")).pushManager.getSubscription()));
  say({ off: true, still });
  await go();
} finally {
  await browser.close();
  process.stdin.destroy();
}
