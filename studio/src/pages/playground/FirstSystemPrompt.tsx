import { Button, Text } from "@mantine/core";
import { useQuery } from "@tanstack/react-query";
import { api, body } from "~/api/client";
import { useWords } from "~/i18n/language";
import { useLineage } from "~/pages/models/queries";
import { readName } from "~/pages/models/names";
import { firstSystemPrompt } from "~/pages/playground/parameters";
import { playgroundWords } from "~/pages/playground/words";
import { useSession } from "~/session";

type Props = { models: readonly string[]; known: readonly { id: string }[]; system: string; take: (system: string) => void };

/** Offers the system prompt that a tuned column's training data begins with: without it, the model is asked what it never learned. */
export function FirstSystemPrompt({ models, known, system, take }: Props) {
  const say = useWords(playgroundWords);
  const { may } = useSession();
  const tuned = models.find((model) => readName(model) !== null && known.some(({ id }) => id === model)) ?? "";
  const fileId = useLineage(tuned, may("file.read")).data?.training_file ?? "";
  const row = useQuery({
    queryKey: ["first-row", fileId],
    queryFn: async () => (await body(api.GET("/v1/files/{file_id}/rows", { params: { path: { file_id: fileId }, query: { first: 1, limit: 1 } } }))).data[0] ?? null,
    enabled: tuned !== "" && fileId !== "",
    staleTime: Infinity,
    retry: false,
  }).data;
  const found = firstSystemPrompt(row?.value);
  if (tuned === "" || found === null || found === system) return null;
  return (
    <div>
      <Button size="compact-sm" variant="light" onClick={() => take(found)}>{say.takeSystem}</Button>
      <Text size="xs" c="dimmed" mt={4} lineClamp={3} title={found}><bdi>{found}</bdi></Text>
    </div>
  );
}
