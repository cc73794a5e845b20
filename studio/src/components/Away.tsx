import { Button, Text } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { IconPlugConnectedX } from "@tabler/icons-react";
import { useCallback, useEffect } from "react";
import { Empty } from "~/components/Empty";
import { frame } from "~/components/words";
import { useWords } from "~/i18n/language";
import type { PageAway } from "~/pages/lazyPage";

/** Stands in place of a page whose code did not come, until it does. */
export function Away({ error, reset }: { error: PageAway; reset: () => void }) {
  const say = useWords(frame);
  const again = useMutation({
    // Without a connection too: that is what it is there to find out.
    networkMode: "always",
    mutationFn: () => error.fetchAgain().catch(() => loadAnew(true)),
    onSuccess: reset,
  });
  const { mutate, isPending, isError } = again;
  const retry = useCallback(() => mutate(), [mutate]);
  useEffect(() => {
    window.addEventListener("online", retry);
    return () => window.removeEventListener("online", retry);
  }, [retry]);
  useEffect(() => {
    void loadAnew(false).catch(() => undefined);
    return error.forget;
  }, [error]);
  return (
    <Empty icon={IconPlugConnectedX} title={say.pageAway} text={say.pageAwayHint} order={1}>
      <Button onClick={retry} loading={isPending}>{say.retry}</Button>
      {isError && !isPending && <Text size="sm" c="dimmed" role="alert">{say.stillAway}</Text>}
    </Empty>
  );
}

const LOADED = "tunesmith.loaded-anew";
const PAUSE_MS = 60_000;

/**
 * A server that answers but no longer has this page's code was renewed: the document is loaded again, never where it
 * would not come. Unasked at most once a minute. Raises where the server does not answer.
 */
async function loadAnew(isAsked: boolean): Promise<void> {
  const answer = await fetch(window.location.href, { cache: "no-store", headers: { accept: "text/html" } });
  if (!answer.ok) throw new Error(`HTTP ${answer.status}`);
  if (!isAsked && Date.now() - Number(sessionStorage.getItem(LOADED)) < PAUSE_MS) return;
  sessionStorage.setItem(LOADED, String(Date.now()));
  window.location.reload();
  // The page goes on to stand as it is until it is gone.
  await new Promise(() => undefined);
}
