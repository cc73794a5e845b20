import { Alert, Button, Group, Stack, Text } from "@mantine/core";
import { IconCircleCheck, IconFilterOff } from "@tabler/icons-react";
import { useQuery } from "@tanstack/react-query";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { Empty } from "~/components/Empty";
import { Loading } from "~/components/Loading";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { type Report, reportQuery } from "~/pages/data/api";
import { Findings } from "~/pages/data/report/Findings";
import { FINDINGS_PER_CALL } from "~/pages/data/report/findingPages";
import { RuleChips } from "~/pages/data/report/RuleChips";
import { ruleWords } from "~/pages/data/report/ruleWords";
import { reportWords } from "~/pages/data/report/words";
import { DropErrors } from "~/pages/data/rows/DropErrors";
import { clean } from "~/pages/data/search";
import { May } from "~/session";

/** What is wrong with the file: rules to choose from, and every finding with the way to its row. */
export function ProblemsTab({ report }: { report: Report }) {
  const say = useWords(reportWords);
  const rules = useWords(ruleWords);
  const format = useFormat();
  const search = useSearch({ from: "/data/$fileId" });
  const navigate = useNavigate({ from: "/data/$fileId" });
  const { rule, severity } = search;
  const filter = clean({ rule, severity });
  const first = useQuery(reportQuery(report.file_id, { ...filter, offset: 0, limit: FINDINGS_PER_CALL })).data;
  const choose = (next: string | undefined) => void navigate({ search: clean({ ...search, rule: next, severity: undefined }), replace: true });

  if (report.num_errors + report.num_warnings === 0) return <Empty icon={IconCircleCheck} title={say.noProblems} text={say.noProblemsHint} />;
  const counted = report.rules.find((each) => each.rule === rule);
  const total = first?.total ?? 0;
  return (
    <Stack gap="sm">
      <Group justify="space-between" gap="sm">
        <Text flex={1} miw={260}>{report.num_errors > 0 ? say.hasErrors : say.onlyWarnings}</Text>
        {report.num_errors > 0 && <May action="file.write"><DropErrors report={report} /></May>}
      </Group>
      <RuleChips report={report} rule={rule} choose={choose} />
      {rule && rules[rule] && <Alert color={counted?.severity === "warning" ? "yellow" : "red"} variant="light" py="xs">{rules[rule].why}</Alert>}
      {!first ? <Loading /> : total === 0 ? (
        <Empty icon={IconFilterOff} title={say.noneOfRule} text={say.noneOfRuleHint}>
          <Button variant="light" onClick={() => choose(undefined)}>{say.all}</Button>
        </Empty>
      ) : (
        <>
          {counted && counted.num_kept < counted.count && (
            <Text size="sm" c="dimmed">{say.notAllKept(format.count(counted.num_kept), format.count(counted.count))}</Text>
          )}
          <Findings key={`${rule ?? ""} ${severity ?? ""}`} fileId={report.file_id} filter={filter} total={total} />
        </>
      )}
    </Stack>
  );
}
