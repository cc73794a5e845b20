import { Code, Group, List, Stack, Table, Text, Title } from "@mantine/core";
import { IconAdjustments, IconMessages } from "@tabler/icons-react";
import type { ReactNode } from "react";
import type { Schemas } from "~/api/client";
import { LinkAnchor, LinkButton } from "~/components/RouteLink";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { BaseBadges } from "~/pages/models/BaseModelCard";
import { BaseFacts } from "~/pages/models/BaseFacts";
import { Facts } from "~/pages/models/Facts";
import { LineageChain } from "~/pages/models/LineageChain";
import { ModelLink } from "~/pages/models/ModelLink";
import { withoutStep } from "~/pages/models/names";
import { jobPlace } from "~/pages/models/places";
import { useBaseModels, useModels } from "~/pages/models/queries";
import { modelWords } from "~/pages/models/words";
import { modelsSearch } from "~/pages/playground/search";
import { May } from "~/session";

type Lineage = Schemas["LineageWire"];

const MOST_SHOWN = 20;

/** Where a model comes from, what it is, and what was made of it. */
export function ModelDetails({ model, lineage }: { model: Schemas["ModelWire"]; lineage: Lineage }) {
  const say = useWords(modelWords);
  const format = useFormat();
  const known = useModels().data ?? [];
  // The tuned model of a checkpoint's job, where there is one: the job may have failed, the model be deleted.
  const whole = known.find((each) => each.id === withoutStep(lineage.model))?.id;
  return (
    <>
      {lineage.kind === "base" ? (
        <Base name={lineage.model} />
      ) : (
        <Part title={say.lineage} text={say.lineageText}>
          <LineageChain lineage={lineage} />
          <Facts
            facts={[
              [say.created, format.instant(model.created)],
              [say.onDisk, format.bytes(lineage.num_bytes)],
              ...(whole ? [[say.finished, <ModelLink key="whole" name={whole} />] as const] : []),
            ]}
          />
        </Part>
      )}
      {lineage.jobs_under_way.length > 0 && (
        <Part title={say.underWay}>
          <List size="sm">
            {lineage.jobs_under_way.map((id) => (
              <List.Item key={id}><LinkAnchor {...jobPlace(id)} size="sm">{id}</LinkAnchor></List.Item>
            ))}
          </List>
        </Part>
      )}
      {lineage.kind === "tuned" && (
        <Part title={say.checkpoints} text={say.checkpointsText}>
          {lineage.checkpoints.length === 0 ? <Text size="sm" c="dimmed">{say.noCheckpoints}</Text> : <Names names={lineage.checkpoints} beside={lineage.model} />}
        </Part>
      )}
      <Part title={say.children} text={say.childrenText}>
        {lineage.children.length === 0 ? <Text size="sm" c="dimmed">{say.noChildren}</Text> : <Names names={lineage.children} beside={lineage.model} />}
      </Part>
    </>
  );
}

function Base({ name }: { name: string }) {
  const say = useWords(modelWords);
  const base = useBaseModels().data?.find((each) => each.id === name);
  if (!base) return null;
  return (
    <Part title={say.about}>
      <BaseBadges model={base} />
      {!base.is_available && <Text size="sm" c="red">{say.notAvailable}: {base.why_not}</Text>}
      <BaseFacts model={base} isWhole />
      {base.aliases.length > 0 && (
        <div>
          <Text size="sm" c="dimmed" mb={4}>{say.aliases(name)}</Text>
          <Group gap={6}>{base.aliases.map((alias) => <Code key={alias}>{alias}</Code>)}</Group>
        </div>
      )}
      {base.remarks.length > 0 && (
        <div>
          <Text size="sm" c="dimmed" mb={4}>{say.remarks}</Text>
          <List size="sm">{base.remarks.map((remark) => <List.Item key={remark} style={{ overflowWrap: "anywhere" }}>{remark}</List.Item>)}</List>
        </div>
      )}
    </Part>
  );
}

/** Models or checkpoints by name, each to be tried beside the model of this page, or trained further. */
function Names({ names, beside }: { names: readonly string[]; beside: string }) {
  const say = useWords(modelWords);
  const format = useFormat();
  const shown = names.slice(0, MOST_SHOWN);
  return (
    <>
      <Table verticalSpacing="xs">
        <Table.Tbody>
          {shown.map((name) => (
            <Table.Tr key={name}>
              <Table.Td><ModelLink name={name} /></Table.Td>
              <Table.Td>
                <Group gap={6} justify="flex-end">
                  <May action="chat">
                    <LinkButton
                      to="/playground" search={{ models: modelsSearch([beside, name]) }} size="compact-sm" variant="default"
                      leftSection={<IconMessages size={14} />} aria-label={say.tryOf(name)}
                    >
                      {say.try}
                    </LinkButton>
                  </May>
                  <May action="job.create">
                    <LinkButton to="/fine-tune" search={{ model: name }} size="compact-sm" variant="default" leftSection={<IconAdjustments size={14} />}>
                      {say.continueFrom}
                    </LinkButton>
                  </May>
                </Group>
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
      {names.length > shown.length && (
        <Text size="sm" c="dimmed">
          {say.aliasesMore(format.count(names.length - shown.length))} · <LinkAnchor to="/models" size="sm">{say.toModels}</LinkAnchor>
        </Text>
      )}
    </>
  );
}

function Part({ title, text, children }: { title: string; text?: string; children: ReactNode }) {
  return (
    <Stack component="section" gap="sm" aria-label={title}>
      <div>
        <Title order={2} size="h3">{title}</Title>
        {text && <Text c="dimmed" size="sm">{text}</Text>}
      </div>
      {children}
    </Stack>
  );
}
