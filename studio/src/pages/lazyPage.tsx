import { type AsyncRouteComponent } from "@tanstack/react-router";
import { type ComponentType, use } from "react";

/** The code of a page did not come: the connection is gone, or the server was renewed and no longer has it. */
export class PageAway extends Error {
  constructor(
    cause: unknown,
    /** Fetches it again; raises where it does not come this time either. */
    readonly fetchAgain: () => Promise<void>,
    /** The next one who opens the page fetches it anew. */
    readonly forget: () => void,
  ) {
    super(cause instanceof Error ? cause.message : String(cause), { cause });
    this.name = "PageAway";
  }
}

/**
 * A page whose code is fetched when it is opened, or pointed at. Unlike the router's own, it never loads the document
 * again by itself: without a connection that would leave the browser's error page in place of the Studio.
 */
export function lazyPage<Name extends string>(fetch: () => Promise<Record<Name, ComponentType>>, name: Name): AsyncRouteComponent<object> {
  let Page: ComponentType | null = null;
  let attempt: Promise<ComponentType> | null = null;
  const forget = () => {
    attempt = null;
  };
  const fetchAgain = async () => {
    forget();
    renewStyles();
    await load();
  };
  const load = () => {
    attempt ??= fetch().then(
      (module) => (Page = module[name]),
      (cause) => Promise.reject(new PageAway(cause, fetchAgain, forget)),
    );
    return attempt;
  };
  function Lazy() {
    const Shown = Page ?? use(load());
    return <Shown />;
  }
  // Whoever only points at a link hears of no failure; whoever then opens it fetches anew.
  return Object.assign(Lazy, { preload: () => load().then(() => undefined, forget) });
}

/** A style sheet that did not come stays in the head without a sheet, and would not be asked for again. */
function renewStyles(): void {
  for (const link of document.querySelectorAll<HTMLLinkElement>("link[rel=stylesheet]")) {
    if (link.sheet === null) link.replaceWith(link.cloneNode());
  }
}
