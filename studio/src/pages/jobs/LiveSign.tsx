import { Badge } from "@mantine/core";
import type { LiveState } from "~/api/live";
import { frame } from "~/components/words";
import { useWords } from "~/i18n/language";

/** Whether what is shown is of this moment. */
export function LiveSign({ state }: { state: LiveState }) {
  const say = useWords(frame);
  if (state === "connecting") return null;
  return (
    <Badge variant="dot" color={state === "open" ? "green" : "orange"} tt="none" role="status">
      {state === "open" ? say.updated : say.reconnecting}
    </Badge>
  );
}
