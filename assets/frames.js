/* The frame that stays: mounted once around the router's outlet, so that going to another page mounts that page and nothing else.
   `Frames` gets the frames and the voice first and the page last; `Slot` stands in a frame where the page goes, and `Trail` of a page
   is shown where the frame has its `TrailPlace`. */
import { createContext, createElement, Fragment, useContext, useEffect, useLayoutEffect, useState } from "react";
import { createPortal, flushSync } from "react-dom";
import { useLocation } from "react-router";

const Page = createContext(null);
const Place = createContext([null, () => {}]);

/* the address as the pages' patterns have it: a folder's page comes with and without a slash at its end */
export const plain = (path) => path.replace(/(.)\/+$/, "$1");
export const whole = ({ pathname, search }) => plain(pathname) + search;
const fits = (path) => (pattern) => {
  const asked = path.split("/"), wanted = pattern.split("/");
  return asked.length === wanted.length && wanted.every((part, n) => (part.startsWith("[") ? asked[n] !== "" : part === asked[n]));
};

/* What the server drew must be drawn first: it knows the frame of every page but those with something variable in their address. */
const drawn = typeof document === "undefined" || !!document.querySelector(".shell,.ownpage");
const useCommit = typeof document === "undefined" ? useEffect : useLayoutEffect;

export function Frames({ staff, own, theirs, children }) {
  const path = plain(useLocation().pathname);
  const [[forStaff, forOwn, voice]] = useState(children); // of the first time: what moves in them listens to the state itself
  const place = useState(null);
  const page = children[children.length - 1];
  const kind = own.some(fits(path)) ? forOwn : staff.some(fits(path)) ? (theirs ? forOwn : forStaff) : null;
  const [framed, frame] = useState(drawn);
  useCommit(() => frame(true), []);
  if (!kind || !framed) return page;
  return createElement(Page.Provider, { value: page }, createElement(Place.Provider, { value: place }, createElement(Fragment, null, kind, voice)));
}

/* What nobody sees until they ask for it is mounted when the first page stands and the browser has nothing else to do, or when
   assets/carillon.js asks for it by the event "frames:now". */
export function Later({ when, children }) {
  const [now, come] = useState(false);
  useEffect(() => {
    if (now) return undefined;
    const ask = () => flushSync(() => come(true));
    addEventListener("frames:now", ask);
    const timer = setTimeout(() => come(true), when ? 300 : 5000);
    return () => { removeEventListener("frames:now", ask); clearTimeout(timer); };
  }, [now, when]);
  return now ? children : null;
}

export const Slot = () => useContext(Page);

export const TrailPlace = ({ children, ...rest }) => {
  const [, found] = useContext(Place);
  return createElement("nav", { ...rest, ref: found });
};

export function Trail({ children }) {
  const [place] = useContext(Place);
  return place ? createPortal(children, place) : null;
}
