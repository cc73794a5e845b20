import { Text } from "@mantine/core";
import { IconAdjustments, IconChartLine, IconCube, IconDatabase, IconSparkles, type TablerIcon } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { api, body, type Schemas } from "~/api/client";
import { asFailure } from "~/api/failure";
import { LinkAnchor } from "~/components/RouteLink";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { chainOf, type Link as ChainLink } from "~/pages/models/lineage";
import styles from "~/pages/models/models.module.css";
import { ModelLink } from "~/pages/models/ModelLink";
import { readName, shortName } from "~/pages/models/names";
import { filePlace, jobPlace } from "~/pages/models/places";
import { modelWords } from "~/pages/models/words";

const ICONS: Record<ChainLink["kind"], TablerIcon> = {
  base: IconCube, parent: IconSparkles, file: IconDatabase, validation: IconDatabase, job: IconChartLine, here: IconAdjustments,
};

/** What the model was made from, drawn as a chain: side by side where there is room, else one below the other. */
export function LineageChain({ lineage }: { lineage: Schemas["LineageWire"] }) {
  const say = useWords(modelWords);
  return (
    <ol className={styles.chain} aria-label={say.lineageText}>
      {chainOf(lineage).map((link) => {
        const Icon = ICONS[link.kind];
        const word = link.kind === "here" && lineage.kind === "checkpoint" ? say.steps.checkpoint : say.steps[link.kind];
        return (
          <li key={link.kind} className={link.kind === "here" ? `${styles.link} ${styles.here}` : styles.link} aria-current={link.kind === "here" || undefined}>
            <Icon size={20} stroke={1.5} aria-hidden className={styles.icon} />
            <div style={{ minWidth: 0 }}>
              <Text size="xs" c="dimmed">{word}</Text>
              <Target link={link} />
            </div>
          </li>
        );
      })}
    </ol>
  );
}

function Target({ link }: { link: ChainLink }) {
  switch (link.kind) {
    case "here":
      return <Here name={link.id} />;
    case "base":
    case "parent":
      return <ModelLink name={link.id} />;
    case "job":
      return <LinkAnchor {...jobPlace(link.id)} size="sm" style={{ overflowWrap: "anywhere" }}>{link.id}</LinkAnchor>;
    case "file":
    case "validation":
      return <FileTarget id={link.id} />;
  }
}

function Here({ name }: { name: string }) {
  const say = useWords(modelWords);
  const format = useFormat();
  const step = readName(name)?.step ?? null;
  return (
    <Text size="sm" fw={700} style={{ overflowWrap: "anywhere" }}>
      <bdi>{shortName(name)}</bdi>{step !== null && ` · ${say.step(format.count(step))}`}
    </Text>
  );
}

/** A file by its name; one that was deleted is no link. */
function FileTarget({ id }: { id: string }) {
  const say = useWords(modelWords);
  const file = useQuery({
    queryKey: ["file", id],
    queryFn: () => body(api.GET("/v1/files/{file_id}", { params: { path: { file_id: id } } })),
    staleTime: 60_000,
  });
  if (file.error && asFailure(file.error).status === 404) {
    return <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}>{id} ({say.deletedFile})</Text>;
  }
  return (
    <LinkAnchor {...filePlace(id)} size="sm" style={{ overflowWrap: "anywhere" }}>
      <bdi>{file.data?.filename ?? id}</bdi>
    </LinkAnchor>
  );
}
