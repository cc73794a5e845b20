import { Text } from "@mantine/core";
import { LinkAnchor } from "~/components/RouteLink";
import { readName, shortName } from "~/pages/models/names";
import { useWords } from "~/i18n/language";
import { modelWords } from "~/pages/models/words";
import { useFormat } from "~/i18n/format";

/** A model's name as people call it, with the whole name below where that is longer; leads to its page. */
export function ModelLink({ name }: { name: string }) {
  const say = useWords(modelWords);
  const format = useFormat();
  const tuned = readName(name);
  const step = tuned?.step ?? null;
  return (
    <div style={{ minWidth: 0 }}>
      <LinkAnchor to="/models/$" params={{ _splat: name }} fw={600} size="sm" style={{ overflowWrap: "anywhere" }}>
        <bdi>{shortName(name)}</bdi>{step !== null && ` · ${say.step(format.count(step))}`}
      </LinkAnchor>
      {tuned && <Text size="xs" c="dimmed" style={{ overflowWrap: "anywhere" }}><bdi>{name}</bdi></Text>}
    </div>
  );
}
