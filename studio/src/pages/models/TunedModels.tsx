import { Button, Group, Stack, Table, Text, TextInput, Title } from "@mantine/core";
import { IconMessages, IconSearch, IconSparkles } from "@tabler/icons-react";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useMemo, useState } from "react";
import type { Schemas } from "~/api/client";
import { Empty } from "~/components/Empty";
import { Failed } from "~/components/Failed";
import { Loading } from "~/components/Loading";
import { LinkButton } from "~/components/RouteLink";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { ModelLink } from "~/pages/models/ModelLink";
import { search } from "~/pages/models/names";
import { useModels } from "~/pages/models/queries";
import { readSearch } from "~/pages/models/search";
import { modelWords } from "~/pages/models/words";
import { modelsSearch } from "~/pages/playground/search";
import { May } from "~/session";

const AT_A_TIME = 50;

/** The project's own models, newest first; thousands are searched, not scrolled. */
export function TunedModels() {
  const say = useWords(modelWords);
  const format = useFormat();
  const models = useModels();
  const { q } = readSearch(useSearch({ strict: false }));
  const navigate = useNavigate();
  const [most, setMost] = useState(AT_A_TIME);
  const tuned = useMemo(() => (models.data ?? []).filter((model) => model.base_model).reverse(), [models.data]);
  const found = useMemo(() => search(tuned, q ?? ""), [tuned, q]);
  const type = (text: string) => {
    setMost(AT_A_TIME);
    void navigate({ to: "/models", search: text === "" ? {} : { q: text }, replace: true });
  };
  return (
    <Stack component="section" gap="sm" aria-labelledby="tuned-models">
      <Group justify="space-between" align="flex-end">
        <div>
          <Title order={2} size="h3" id="tuned-models">{say.tunedModels}</Title>
          {tuned.length > 0 && <Text c="dimmed" size="sm">{say.tunedCount(format.count(tuned.length))}</Text>}
        </div>
        {tuned.length > 0 && (
          <TextInput
            type="search" aria-label={say.search} placeholder={say.searchPlaceholder} leftSection={<IconSearch size={16} />} w={360} maw="100%"
            value={q ?? ""} onChange={(event) => type(event.currentTarget.value)}
          />
        )}
      </Group>
      {models.isPending && <Loading />}
      {models.error && <Failed error={models.error} retry={() => void models.refetch()} />}
      {models.data && tuned.length === 0 && <NoneYet />}
      {tuned.length > 0 && found.length === 0 && <Text c="dimmed" py="md">{say.nothingFound(q ?? "")}</Text>}
      {found.length > 0 && <List models={found.slice(0, most)} />}
      {found.length > most && (
        <Button variant="default" style={{ alignSelf: "center" }} onClick={() => setMost(most + AT_A_TIME)}>
          {say.showMore(format.count(Math.min(AT_A_TIME, found.length - most)))}
        </Button>
      )}
    </Stack>
  );
}

function List({ models }: { models: readonly Schemas["ModelWire"][] }) {
  const say = useWords(modelWords);
  const format = useFormat();
  return (
    <Table verticalSpacing="sm" horizontalSpacing="sm" highlightOnHover>
      <Table.Thead>
        <Table.Tr>
          <Table.Th>{say.name}</Table.Th>
          <Table.Th visibleFrom="sm">{say.base}</Table.Th>
          <Table.Th visibleFrom="sm">{say.made}</Table.Th>
          <Table.Th ta="right">{say.actions}</Table.Th>
        </Table.Tr>
      </Table.Thead>
      <Table.Tbody>
        {models.map((model) => (
          <Table.Tr key={model.id}>
            <Table.Td>
              <ModelLink name={model.id} />
              <Text size="xs" c="dimmed" hiddenFrom="sm">{format.instant(model.created)}</Text>
            </Table.Td>
            <Table.Td visibleFrom="sm" style={{ overflowWrap: "anywhere" }}><bdi>{model.base_model}</bdi></Table.Td>
            <Table.Td visibleFrom="sm" style={{ whiteSpace: "nowrap" }}>{format.instant(model.created)}</Table.Td>
            <Table.Td ta="right">
              <May action="chat">
                <LinkButton
                  to="/playground" search={{ models: modelsSearch([model.base_model ?? "", model.id].filter(Boolean)) }} size="compact-sm"
                  variant="default" leftSection={<IconMessages size={14} />} aria-label={say.tryOf(model.id)}
                >
                  {say.try}
                </LinkButton>
              </May>
            </Table.Td>
          </Table.Tr>
        ))}
      </Table.Tbody>
    </Table>
  );
}

function NoneYet() {
  const say = useWords(modelWords);
  return (
    <Empty icon={IconSparkles} title={say.noTunedTitle} text={say.noTunedText}>
      <May action="job.create"><LinkButton to="/fine-tune">{say.toFineTune}</LinkButton></May>
      <May action="file.write"><LinkButton to="/data" variant="default">{say.toData}</LinkButton></May>
    </Empty>
  );
}
