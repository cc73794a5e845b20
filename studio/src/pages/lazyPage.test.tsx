import { act, Component, type ReactNode, Suspense } from "react";
import { createRoot } from "react-dom/client";
import { beforeAll, expect, test } from "vitest";
import { lazyPage, PageAway } from "~/pages/lazyPage";

beforeAll(() => void Object.assign(globalThis, { IS_REACT_ACT_ENVIRONMENT: true }));

/** Shows what was raised, as the router does, and keeps it for the test. */
class Boundary extends Component<{ children: ReactNode }, { error: unknown }> {
  static last: Boundary | null = null;
  override state = { error: null as unknown };
  static getDerivedStateFromError = (error: unknown) => ({ error });
  override componentDidMount() {
    Boundary.last = this;
  }
  override render() {
    return this.state.error ? "away" : this.props.children;
  }
}

function connection() {
  const line = { isUp: false, calls: 0 };
  const Page = lazyPage(async () => {
    line.calls += 1;
    if (!line.isUp) throw new TypeError("Failed to fetch dynamically imported module: /a.js");
    return { Page: () => <p>the page</p> };
  }, "Page");
  return { line, Page };
}

async function shown(page: ReactNode): Promise<HTMLElement> {
  const place = document.createElement("div");
  await act(async () => createRoot(place, { onCaughtError: () => undefined }).render(<Boundary><Suspense>{page}</Suspense></Boundary>));
  return place;
}

test("a page whose code did not come is fetched again where it stands", async () => {
  const { line, Page } = connection();
  const place = await shown(<Page />);
  const error = Boundary.last?.state.error as PageAway;
  expect(place.textContent).toBe("away");
  expect(error).toBeInstanceOf(PageAway);

  await expect(error.fetchAgain()).rejects.toBeInstanceOf(PageAway);
  line.isUp = true;
  await error.fetchAgain();
  await act(async () => Boundary.last?.setState({ error: null }));
  expect(place.textContent).toBe("the page");
  expect(line.calls).toBe(3);
});

test("a failure while somebody only pointed at a link is forgotten", async () => {
  const { line, Page } = connection();
  await Page.preload?.();
  line.isUp = true;
  const place = await shown(<Page />);
  expect(place.textContent).toBe("the page");
});
