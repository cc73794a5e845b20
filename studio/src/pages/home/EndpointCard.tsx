import { Grid, Select, Skeleton, Stack, Switch, Tabs, Text } from "@mantine/core";
import { useState } from "react";
import type { Schemas } from "~/api/client";
import { Copyable } from "~/components/Copyable";
import { LinkAnchor } from "~/components/RouteLink";
import { useWords } from "~/i18n/language";
import { Card } from "~/pages/home/Card";
import { choosable } from "~/pages/home/models";
import { DIALECTS, type Dialect, snippet } from "~/pages/home/snippets";
import { home } from "~/pages/home/words";
import { May, useSession } from "~/session";

/** How code reaches a model of this server: address, name, key, and the lines to copy. */
export function EndpointCard({ models }: { models: readonly Schemas["ModelWire"][] | undefined }) {
  const say = useWords(home);
  const { may } = useSession();
  const [chosen, choose] = useState<string | null>(null);
  const [showsKey, setShowsKey] = useState(false);
  const { tuned, base } = choosable(models ?? []);
  const model = chosen ?? tuned[0] ?? base[0] ?? "";
  const baseUrl = `${window.location.origin}/v1`;
  const options = [
    { group: say.tuned, items: tuned },
    { group: say.base, items: base },
  ].filter(({ items }) => items.length > 0);
  return (
    <Card id="endpoint" title={say.endpoint}>
      <Text c="dimmed">{say.endpointText}</Text>
      {!may("chat") && <Text c="var(--mantine-color-orange-text)">{say.viewer}</Text>}
      <Grid gap="lg">
        <Grid.Col span={{ base: 12, md: 5 }}>
          <Stack gap="md">
            <div>
              <Text size="sm" fw={600} mb={4}>{say.baseUrl}</Text>
              <Copyable text={baseUrl} label={say.baseUrl} />
            </div>
            <Select
              label={say.model} description={say.modelHint} data={options} value={model} onChange={(next) => next && choose(next)} searchable allowDeselect={false}
              disabled={models === undefined} nothingFoundMessage="—"
            />
            <div>
              <Switch label={say.showKey} checked={showsKey} onChange={(event) => setShowsKey(event.currentTarget.checked)} />
              <Text size="sm" c="dimmed" mt={6}>
                {say.showKeyHint} <May action="administer"><LinkAnchor to="/settings/keys" inherit underline="always">{say.ownKey}</LinkAnchor></May>
              </Text>
            </div>
          </Stack>
        </Grid.Col>
        <Grid.Col span={{ base: 12, md: 7 }} miw={0}>
          {models === undefined ? <Skeleton h={280} /> : <Code baseUrl={baseUrl} model={model} showsKey={showsKey} />}
        </Grid.Col>
      </Grid>
    </Card>
  );
}

function Code({ baseUrl, model, showsKey }: { baseUrl: string; model: string; showsKey: boolean }) {
  const say = useWords(home);
  const { key } = useSession();
  const [dialect, setDialect] = useState<Dialect>("python");
  const shown = (showsKey && key) || say.placeholder;
  return (
    <Tabs value={dialect} onChange={(next) => setDialect(next as Dialect)} keepMounted={false}>
      <Tabs.List>
        {DIALECTS.map((each) => <Tabs.Tab key={each} value={each} px={{ base: 10, sm: "md" }}>{say.dialect[each]}</Tabs.Tab>)}
      </Tabs.List>
      {DIALECTS.map((each) => (
        <Tabs.Panel key={each} value={each} pt="sm">
          <Stack gap="sm">
            <Copyable text={snippet(each, { baseUrl, model, key: shown })} label={say.code(say.dialect[each])} />
            {each === "azure" && <Text size="sm" c="dimmed">{say.azureNote}</Text>}
          </Stack>
        </Tabs.Panel>
      ))}
    </Tabs>
  );
}
