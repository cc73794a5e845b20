import { Badge, Button, Code, Group, List, Paper, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { IconCheck, IconMinus } from "@tabler/icons-react";
import { useWords } from "~/i18n/language";
import { GROUPS } from "~/pages/settings/roles";
import { roles } from "~/pages/settings/roles-words";
import { Section } from "~/pages/settings/Section";
import { settings } from "~/pages/settings/words";
import { useSession } from "~/session";

/** Who one is here, and what the key opens, in words. */
export function KeyTab() {
  const say = useWords(roles);
  const all = useWords(settings);
  const { me, may, signOut } = useSession();
  if (!me) return null;
  const actions = GROUPS.flatMap((group) => [...group.actions]);
  const allowed = actions.filter(may).map((action) => say.action[action]);
  const refused = actions.filter((action) => !may(action)).map((action) => say.action[action]);
  if (me.is_admin) allowed.push(say.administer);
  else refused.push(say.administer);
  return (
    <Section title={say.keyTitle} text={say.keyText}>
      <Paper withBorder p={{ base: "md", sm: "lg" }}>
        <dl className="facts">
          <dt>{say.actsFor}</dt>
          <dd><bdi>{me.member_name}</bdi>{me.email && <> · <bdi>{me.email}</bdi></>}</dd>
          <dt>{say.inProject}</dt>
          <dd><bdi>{me.project_name}</bdi></dd>
          <dt>{say.role}</dt>
          <dd>
            <Group gap="xs">
              <Badge variant="light" tt="none">{all.role[me.role]}</Badge>
              {me.is_admin && <Badge variant="light" color="orange" tt="none">{all.administrator}</Badge>}
            </Group>
            {me.is_admin && <Text size="sm" c="dimmed" mt={4}>{say.isAdministrator}</Text>}
          </dd>
          <dt>{say.keyId}</dt>
          <dd><Code>{me.key_id}</Code></dd>
        </dl>
      </Paper>
      <SimpleGrid cols={{ base: 1, sm: refused.length > 0 ? 2 : 1 }} spacing="lg">
        <Stack gap="xs">
          <Title order={3} size="h5">{say.mayDo}</Title>
          <List
            size="sm" spacing={6} style={refused.length === 0 ? { columnWidth: 320 } : undefined}
            icon={<IconCheck size={16} color="var(--mantine-color-teal-text)" aria-hidden />}
          >
            {allowed.map((each) => <List.Item key={each}>{each}</List.Item>)}
          </List>
        </Stack>
        {refused.length > 0 && (
          <Stack gap="xs">
            <Title order={3} size="h5">{say.mayNot}</Title>
            <List size="sm" spacing={6} c="dimmed" icon={<IconMinus size={16} aria-hidden />}>
              {refused.map((each) => <List.Item key={each}>{each}</List.Item>)}
            </List>
            <Text size="sm" c="dimmed">{say.mayNotHint}</Text>
          </Stack>
        )}
      </SimpleGrid>
      <Group gap="sm">
        <Button variant="default" onClick={signOut}>{say.signOut}</Button>
        <Text size="sm" c="dimmed" flex="1 1 240px">{say.signOutHint}</Text>
      </Group>
    </Section>
  );
}
