import { Table, Text } from "@mantine/core";
import { IconCheck, IconMinus } from "@tabler/icons-react";
import { Fragment } from "react";
import { useWords } from "~/i18n/language";
import { ROLES } from "~/pages/settings/RoleChoice";
import { GROUPS, mayAs } from "~/pages/settings/roles";
import { roles } from "~/pages/settings/roles-words";
import { Section } from "~/pages/settings/Section";
import { settings } from "~/pages/settings/words";
import { useSession } from "~/session";

/** The published table, with the column of one's own role marked. */
export function RolesTab() {
  const say = useWords(roles);
  const all = useWords(settings);
  const { me } = useSession();
  return (
    <Section title={say.title} text={say.text}>
      <Table className="roles" aria-label={say.title} verticalSpacing={8}>
        <Table.Thead>
          <Table.Tr>
            <Table.Th scope="col">{say.what}</Table.Th>
            {ROLES.map((role) => (
              <Table.Th key={role} scope="col" ta="center" data-own={me?.role === role || undefined}>
                {all.role[role]}
                {me?.role === role && <Text size="xs" fw={400}>{say.yours}</Text>}
              </Table.Th>
            ))}
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {GROUPS.map(({ about, actions }) => (
            <Fragment key={about}>
              <Table.Tr className="about"><Table.Th colSpan={4} scope="colgroup">{say.about[about]}</Table.Th></Table.Tr>
              {actions.map((action) => (
                <Table.Tr key={action}>
                  <Table.Td>{say.action[action]}</Table.Td>
                  {ROLES.map((role) => (
                    <Table.Td key={role} ta="center" data-own={me?.role === role || undefined}><Answer isYes={mayAs(role, action)} /></Table.Td>
                  ))}
                </Table.Tr>
              ))}
            </Fragment>
          ))}
          <Table.Tr className="about"><Table.Th colSpan={4} scope="colgroup">{say.about.server}</Table.Th></Table.Tr>
          <Table.Tr>
            <Table.Td>{say.administer}</Table.Td>
            <Table.Td colSpan={3} ta="center" c="dimmed">{say.administerWho}</Table.Td>
          </Table.Tr>
        </Table.Tbody>
      </Table>
    </Section>
  );
}

function Answer({ isYes }: { isYes: boolean }) {
  const say = useWords(roles);
  return isYes
    ? <IconCheck size={18} color="var(--mantine-color-teal-text)" role="img" aria-label={say.yes} />
    : <IconMinus size={18} color="var(--mantine-color-dimmed)" role="img" aria-label={say.no} />;
}
