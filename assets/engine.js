// A page that looks again and again stops while its tab is not seen, and looks at once when it is seen again.
document.addEventListener("visibilitychange", () => {
  document.getElementById(document.hidden ? "tab-hidden" : "tab-seen")?.click();
});
