import { Alert, Group } from "@mantine/core";
import { useQueryClient } from "@tanstack/react-query";
import { type ReactNode, useEffect } from "react";
import { LinkButton } from "~/components/RouteLink";
import { useWords } from "~/i18n/language";
import type { Operation } from "~/pages/data/operations/api";
import { operationWords } from "~/pages/data/operations/words";

/** What an operation made, and the way there. */
export function MadeFiles({ operation, title, children }: { operation: Operation; title: string; children?: ReactNode }) {
  const say = useWords(operationWords);
  const client = useQueryClient();
  useEffect(() => void client.invalidateQueries({ queryKey: ["files"] }), [client, operation.id]);
  const [fileId] = operation.output_file_ids;
  return (
    <Alert color="green" title={title}>
      <Group>
        {fileId && <LinkButton to="/data/$fileId" params={{ fileId }}>{say.open}</LinkButton>}
        {children}
      </Group>
    </Alert>
  );
}
