import { Badge, Card, Group, Stack, Text } from "@mantine/core";
import { IconAdjustments, IconMessages } from "@tabler/icons-react";
import type { Schemas } from "~/api/client";
import { LinkAnchor, LinkButton } from "~/components/RouteLink";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { BaseFacts } from "~/pages/models/BaseFacts";
import { modelWords } from "~/pages/models/words";
import { modelsSearch } from "~/pages/playground/search";
import { May } from "~/session";

const MOST_ALIASES = 3;

/** A base model at a glance. */
export function BaseModelCard({ model }: { model: Schemas["BaseModelWire"] }) {
  const say = useWords(modelWords);
  const format = useFormat();
  const hidden = model.aliases.length - MOST_ALIASES;
  return (
    <Card withBorder padding="md" component="article" aria-label={model.id}>
      <Stack gap="sm" h="100%">
        <Group justify="space-between" align="flex-start" gap="xs">
          <LinkAnchor to="/models/$" params={{ _splat: model.id }} fw={700} size="lg" style={{ overflowWrap: "anywhere" }}>
            <bdi>{model.id}</bdi>
          </LinkAnchor>
          <BaseBadges model={model} />
        </Group>
        <BaseFacts model={model} />
        {!model.is_available && <Text size="sm" c="red" style={{ overflowWrap: "anywhere" }}>{say.notAvailable}: {model.why_not}</Text>}
        {model.aliases.length > 0 && (
          <div>
            <Text size="xs" c="dimmed">{say.aliases(model.id)}</Text>
            <Text size="xs" style={{ overflowWrap: "anywhere" }}>
              <bdi>{model.aliases.slice(0, MOST_ALIASES).join(", ")}</bdi>
              {hidden > 0 && <> <LinkAnchor to="/models/$" params={{ _splat: model.id }} size="xs">{say.aliasesMore(format.count(hidden))}</LinkAnchor></>}
            </Text>
          </div>
        )}
        {model.is_available && (
          <Group gap="xs" mt="auto">
            <May action="chat">
              <LinkButton
                to="/playground" search={{ models: modelsSearch([model.id]) }} size="compact-sm" variant="default"
                leftSection={<IconMessages size={14} />} aria-label={say.tryOf(model.id)}
              >
                {say.try}
              </LinkButton>
            </May>
            <May action="job.create">
              <LinkButton to="/fine-tune" search={{ model: model.id }} size="compact-sm" variant="light" leftSection={<IconAdjustments size={14} />}>
                {say.fineTune}
              </LinkButton>
            </May>
          </Group>
        )}
      </Stack>
    </Card>
  );
}

export function BaseBadges({ model }: { model: Schemas["BaseModelWire"] }) {
  const say = useWords(modelWords);
  return (
    <Group gap={4}>
      {model.is_default && <Badge variant="light" tt="none" title={say.isDefaultHint}>{say.isDefault}</Badge>}
      <Badge variant="light" color={model.kind === "instruct" ? "blue" : "gray"} tt="none" title={say.kindHint[model.kind]}>
        {say.kindOfBase[model.kind]}
      </Badge>
      {!model.is_available && <Badge variant="light" color="red" tt="none">{say.notAvailable}</Badge>}
    </Group>
  );
}
