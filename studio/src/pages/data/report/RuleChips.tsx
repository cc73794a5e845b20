import { Chip, Group, Text } from "@mantine/core";
import { IconAlertTriangle, IconCircleX } from "@tabler/icons-react";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import type { Report } from "~/pages/data/api";
import { ruleWords } from "~/pages/data/report/ruleWords";
import { reportWords } from "~/pages/data/report/words";
import classes from "~/pages/data/data.module.css";

type Props = { report: Report; rule: string | undefined; choose: (rule: string | undefined) => void };

/** The rules that were broken, worst first, as a choice of what the list shows. */
export function RuleChips({ report, rule, choose }: Props) {
  const say = useWords(reportWords);
  const rules = useWords(ruleWords);
  const format = useFormat();
  if (report.rules.length < 2 && rule === undefined) return null;
  const all = report.num_errors + report.num_warnings;
  return (
    <Chip.Group value={rule ?? ""} onChange={(value) => choose(value || undefined)}>
      <Group gap={6} role="radiogroup" aria-label={say.filter}>
        <Chip value="" variant="light" size="sm">{say.all} · {format.count(all)}</Chip>
        {report.rules.map(({ rule: each, severity, count }) => {
          const Icon = severity === "error" ? IconCircleX : IconAlertTriangle;
          return (
            <Chip key={each} value={each} variant="light" size="sm" color={severity === "error" ? "red" : "yellow"} title={rules[each]?.why}>
              <Group gap={4} wrap="nowrap" component="span">
                <Icon size={14} aria-hidden className={severity === "error" ? classes.error : classes.warning} />
                <Text component="span" inherit>{rules[each]?.name ?? each} · {format.count(count)}</Text>
              </Group>
            </Chip>
          );
        })}
      </Group>
    </Chip.Group>
  );
}
