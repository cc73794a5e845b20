import { QueryClient, QueryClientProvider } from "@tanstack/react-query";
import { act, renderHook, waitFor } from "@testing-library/react";
import type { ReactNode } from "react";
import { afterEach, beforeEach, expect, test, vi } from "vitest";
import { useOperation } from "~/pages/data/operations/api";

/** A server whose operations never end by themselves; what was asked of it. */
const asked: string[] = [];
const cancelled = new Set<string>();
let delay: Promise<void> | null = null;
let count = 0;

beforeEach(() => {
  [asked.length, count, delay] = [0, 0, null];
  cancelled.clear();
  vi.stubGlobal("fetch", async (request: Request) => {
    const path = new URL(request.url).pathname.replace("/v1/data/operations", "");
    asked.push(`${request.method} ${path}`);
    if (path.endsWith("/cancel")) cancelled.add(path.split("/")[1] ?? "");
    const isNew = request.method === "POST" && path === "";
    const id = isNew ? `op-${(count += 1)}` : (path.split("/")[1] ?? "");
    if (isNew && delay) await delay;
    return Response.json({ id, status: cancelled.has(id) ? "cancelled" : "running", progress: 0 });
  });
});

afterEach(() => vi.unstubAllGlobals());

function rendered() {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const wrapper = ({ children }: { children: ReactNode }) => <QueryClientProvider client={client}>{children}</QueryClientProvider>;
  return renderHook(() => useOperation("preview_import", ["file-1"]), { wrapper }).result;
}

test("what is begun takes the place of what is under way, which is cancelled", async () => {
  const operating = rendered();
  act(() => operating.current.begin({}));
  await waitFor(() => expect(operating.current.operation?.id).toBe("op-1"));
  act(() => operating.current.begin({ format: "mail" }));
  await waitFor(() => expect(operating.current.operation?.id).toBe("op-2"));
  await waitFor(() => expect([...cancelled]).toEqual(["op-1"]));
});

test("what is overtaken before it is there is cancelled once it is", async () => {
  const operating = rendered();
  let go = () => {};
  delay = new Promise((resolve) => (go = resolve));
  act(() => operating.current.begin({}));
  await waitFor(() => expect(count).toBe(1));
  delay = null;
  act(() => operating.current.begin({ format: "mail" }));
  await waitFor(() => expect(operating.current.operation?.id).toBe("op-2"));
  go();
  await waitFor(() => expect([...cancelled]).toEqual(["op-1"]));
  expect(operating.current.operation?.id).toBe("op-2");
});
