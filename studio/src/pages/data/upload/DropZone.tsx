import { Button, Paper, Stack, Text } from "@mantine/core";
import { IconUpload } from "@tabler/icons-react";
import { type ReactNode, useEffect, useRef, useState } from "react";
import { useWords } from "~/i18n/language";
import { pageWords } from "~/pages/data/words";

type Choose = (files: File[]) => void;

/** A place to drop files on, or to choose them by; while a file is dragged over the window, all of it is that place. */
export function DropZone({ choose, isLarge }: { choose: Choose; isLarge: boolean }) {
  const say = useWords(pageWords);
  const isOver = useWindowDrop(choose);
  return (
    <Paper
      withBorder p={isLarge ? "xl" : "md"}
      style={{ borderStyle: "dashed", borderWidth: 2, background: isOver ? "var(--mantine-primary-color-light)" : undefined, borderColor: isOver ? "var(--mantine-primary-color-filled)" : undefined }}
    >
      <Stack align="center" gap={6} ta="center">
        <ChooseFiles choose={choose}>{isOver ? say.dropHere : say.drop}</ChooseFiles>
        <Text size="sm" c="dimmed" maw={560}>{say.dropHint}</Text>
      </Stack>
    </Paper>
  );
}

export function ChooseFiles({ choose, children, isPlain = false }: { choose: Choose; children: ReactNode; isPlain?: boolean }) {
  const input = useRef<HTMLInputElement>(null);
  return (
    <>
      <input
        ref={input} type="file" multiple hidden
        onChange={(event) => {
          choose([...(event.currentTarget.files ?? [])]);
          // The same file may be chosen again, which the browser would not tell otherwise.
          event.currentTarget.value = "";
        }}
      />
      <Button
        variant={isPlain ? "default" : "light"} size={isPlain ? "compact-sm" : "sm"} onClick={() => input.current?.click()}
        leftSection={<IconUpload size={16} aria-hidden />}
      >
        {children}
      </Button>
    </>
  );
}

/** Files that are dropped anywhere in the window. True while some are held over it. */
function useWindowDrop(choose: Choose): boolean {
  const [isOver, setOver] = useState(false);
  const latest = useRef(choose);
  latest.current = choose;
  useEffect(() => {
    const stop = new AbortController();
    const on = (name: "dragover" | "dragleave" | "drop", hear: (event: DragEvent) => void) =>
      window.addEventListener(name, hear, { signal: stop.signal });
    on("dragover", (event) => {
      if (!event.dataTransfer?.types.includes("Files")) return;
      event.preventDefault();
      setOver(true);
    });
    on("dragleave", (event) => {
      if (event.relatedTarget === null) setOver(false);
    });
    on("drop", (event) => {
      setOver(false);
      if (!event.dataTransfer?.files.length) return;
      event.preventDefault();
      latest.current([...event.dataTransfer.files]);
    });
    return () => stop.abort();
  }, []);
  return isOver;
}
