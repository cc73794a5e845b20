import { Alert, Badge, Button, CopyButton, Group, Stack, Text } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { IconAdjustments, IconCopy, IconCubeOff, IconMessages, IconTrash } from "@tabler/icons-react";
import { useParams } from "@tanstack/react-router";
import type { Schemas } from "~/api/client";
import { asFailure } from "~/api/failure";
import { Empty } from "~/components/Empty";
import { Failed } from "~/components/Failed";
import { Loading } from "~/components/Loading";
import { Page } from "~/components/Page";
import { LinkButton } from "~/components/RouteLink";
import { useWords } from "~/i18n/language";
import { DeleteModel } from "~/pages/models/DeleteModel";
import { Endpoint } from "~/pages/models/Endpoint";
import { ModelDetails } from "~/pages/models/ModelDetails";
import { readName, shortName } from "~/pages/models/names";
import { useLineage, useModel } from "~/pages/models/queries";
import { modelWords } from "~/pages/models/words";
import { modelsSearch } from "~/pages/playground/search";
import { May } from "~/session";

/** One model by its name: a base model, a tuned one, a checkpoint, or an alias of one of these. */
export function ModelPage() {
  const say = useWords(modelWords);
  const { _splat: name = "" } = useParams({ from: "/models/$" });
  const model = useModel(name);
  if (model.isPending) return <Page title={name}><Loading /></Page>;
  if (model.error) {
    return (
      <Page title={name}>
        {asFailure(model.error).status === 404 ? (
          <Empty icon={IconCubeOff} title={say.noModel} text={say.noModelText(name)}>
            <LinkButton to="/models" variant="default">{say.toModels}</LinkButton>
          </Empty>
        ) : (
          <Failed error={model.error} retry={() => void model.refetch()} />
        )}
      </Page>
    );
  }
  return <Found model={model.data} />;
}

function Found({ model }: { model: Schemas["ModelWire"] }) {
  const say = useWords(modelWords);
  const { id: name, alias_of: aliasOf } = model;
  const [isDeleting, deleting] = useDisclosure(false);
  const lineage = useLineage(aliasOf ?? name);
  const kind = aliasOf ? "alias" : !model.base_model ? "base" : readName(name)?.step != null ? "checkpoint" : "tuned";
  const isOwn = kind === "tuned" || kind === "checkpoint";
  const title = kind === "checkpoint" ? `${shortName(name)} · ${readName(name)?.step ?? ""}` : shortName(name);
  const text = (
    <Group gap="xs" mt={6}>
      <Badge variant="light" tt="none">{say.kind[kind]}</Badge>
      {title !== name && <Text size="sm" c="dimmed" style={{ overflowWrap: "anywhere" }}><bdi>{name}</bdi></Text>}
    </Group>
  );
  return (
    <Page title={title} text={text} actions={<Actions model={model} remove={isOwn && lineage.data ? deleting.open : null} />}>
      {aliasOf && (
        <Alert title={say.aliasOf(name, aliasOf)}>
          <Text size="sm">{say.aliasText}</Text>
          <LinkButton mt="sm" size="compact-sm" variant="default" to="/models/$" params={{ _splat: aliasOf }}>{say.toBase(aliasOf)}</LinkButton>
        </Alert>
      )}
      {lineage.error && <Failed error={lineage.error} retry={() => void lineage.refetch()} />}
      {lineage.isPending && <Loading />}
      <Stack gap={40}>
        {lineage.data && <ModelDetails model={model} lineage={lineage.data} />}
        <Endpoint name={name} />
      </Stack>
      {lineage.data && isOwn && <DeleteModel lineage={lineage.data} isOpen={isDeleting} close={deleting.close} />}
    </Page>
  );
}

function Actions({ model, remove }: { model: Schemas["ModelWire"]; remove: (() => void) | null }) {
  const say = useWords(modelWords);
  const { id: name, base_model: base } = model;
  return (
    <>
      <May action="chat">
        <LinkButton to="/playground" search={{ models: modelsSearch(base ? [base, name] : [name]) }} leftSection={<IconMessages size={16} />}>
          {say.tryInPlayground}
        </LinkButton>
      </May>
      <May action="job.create">
        <LinkButton to="/fine-tune" search={{ model: model.alias_of ?? name }} variant="light" leftSection={<IconAdjustments size={16} />}>
          {base ? say.continue : say.fineTune}
        </LinkButton>
      </May>
      <CopyButton value={name}>
        {({ copied, copy }) => (
          <Button variant="default" leftSection={<IconCopy size={16} />} onClick={copy}>{copied ? say.copiedName : say.copyName}</Button>
        )}
      </CopyButton>
      {remove && (
        <May action="model.delete">
          <Button variant="default" c="red" leftSection={<IconTrash size={16} />} onClick={remove}>{say.delete}</Button>
        </May>
      )}
    </>
  );
}
