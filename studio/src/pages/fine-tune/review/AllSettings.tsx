import { Code, Table, Text } from "@mantine/core";
import { LOCAL_ONLY } from "~/api/localOnly";
import { useWords } from "~/i18n/language";
import { useSaid } from "~/i18n/said";
import classes from "~/pages/fine-tune/fine-tune.module.css";
import { sayings } from "~/pages/fine-tune/say";
import { useShown } from "~/pages/fine-tune/SettingField";
import { useSetup } from "~/pages/fine-tune/useSetup";

export function AllSettings() {
  const say = useWords(sayings);
  const said = useSaid();
  const shown = useShown();
  const resolved = Object.entries(useSetup().preview?.resolved ?? {}).filter(([name]) => !LOCAL_ONLY.includes(name));
  if (resolved.length === 0) return null;
  return (
    <details className={classes.pane}>
      <summary>{say.all}</summary>
      <Table.ScrollContainer minWidth={460} px={14} pb={10}>
        <Table verticalSpacing={4} horizontalSpacing="xs" fz="sm">
          <Table.Thead>
            <Table.Tr><Table.Th>{say.setting}</Table.Th><Table.Th>{say.value}</Table.Th><Table.Th>{say.reason}</Table.Th></Table.Tr>
          </Table.Thead>
          <Table.Tbody>
            {resolved.map(([name, { value, reason }]) => (
              <Table.Tr key={name}>
                <Table.Td><Text span ff="monospace" size="xs">{name}</Text></Table.Td>
                <Table.Td style={{ overflowWrap: "anywhere" }}><Code>{shown(value)}</Code></Table.Td>
                <Table.Td c="dimmed">{said(reason)}</Table.Td>
              </Table.Tr>
            ))}
          </Table.Tbody>
        </Table>
      </Table.ScrollContainer>
    </details>
  );
}
