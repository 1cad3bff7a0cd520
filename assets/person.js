/* A person's own pages: tells the server the browser's time zone, and moves through the inbox by keyboard. */
(() => {
  try {
    const zone = Intl.DateTimeFormat().resolvedOptions().timeZone;
    if (/^[\w+\-/]{1,64}$/.test(zone)) document.cookie = `carillon_zone=${zone}; path=/; max-age=31536000; samesite=lax${location.protocol === "https:" ? "; secure" : ""}`;
  } catch { /* without it the page asks for the zone */ }
})();
