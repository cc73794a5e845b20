import { Alert, Group } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect, useRef } from "react";
import { LinkButton } from "~/components/RouteLink";
import { useWords } from "~/i18n/language";
import type { Operation } from "~/pages/data/operations/api";
import { operationWords } from "~/pages/data/operations/words";

/** What an operation made, and the way there. */
export function MadeFiles({ operation, title, children }: { operation: Operation; title: string; children?: ReactNode }) {
  const say = useWords(operationWords);
  const client = useQueryClient();
  useEffect(() => void client.invalidateQueries({ queryKey: ["files"] }), [client, operation.id]);
  // What was clicked to begin it may be gone, or far below.
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => box.current?.focus(), [operation.id]);
  const [fileId] = operation.output_file_ids;
  return (
    <Alert ref={box} tabIndex={-1} role="status" color="green" title={title}>
      <Group>
        {fileId && <LinkButton to="/data/$fileId" params={{ fileId }}>{say.open}</LinkButton>}
        {children}
      </Group>
    </Alert>
  );
}
