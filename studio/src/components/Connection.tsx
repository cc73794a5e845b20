import { Loader, Paper, Text } from "@mantine/core";
import { IconPlugConnected } from "@tabler/icons-react";
import { useQueryClient } from "@tanstack/react-query";
import { useEffect, useRef, useState } from "react";
import { frame } from "~/components/words";
import { useWords } from "~/i18n/language";
import { useSession } from "~/session";

const BACK_IS_SHOWN_MS = 4_000;

type State = "there" | "away" | "back";

/**
 * Says that the server is away, and for a moment that it is back; whatever was asked meanwhile is asked again then.
 * Lies over the lower edge, so that nothing on the page moves.
 */
export function Connection() {
  const say = useWords(frame);
  const state = useConnection();
  return (
    <div className="connection" role="status">
      {state !== "there" && (
        <Paper shadow="md" withBorder px="md" py="xs" maw={560} display="flex" data-connection={state}>
          {state === "back" ? <IconPlugConnected size={20} color="var(--mantine-color-teal-text)" aria-hidden /> : <Loader size={18} color="orange" aria-hidden />}
          <Text size="sm" fw={500} ml="sm">{state === "back" ? say.back : say.away}</Text>
        </Paper>
      )}
    </div>
  );
}

function useConnection(): State {
  const { isAway } = useSession();
  const client = useQueryClient();
  const [state, setState] = useState<State>("there");
  const wasAway = useRef(false);
  useEffect(() => {
    if (isAway) {
      wasAway.current = true;
      setState("away");
      return;
    }
    if (!wasAway.current) return;
    wasAway.current = false;
    setState("back");
    void client.invalidateQueries();
    const timer = setTimeout(() => setState("there"), BACK_IS_SHOWN_MS);
    return () => clearTimeout(timer);
  }, [isAway, client]);
  return state;
}
