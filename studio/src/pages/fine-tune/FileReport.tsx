import { Alert, Badge, Group, List, Paper, Progress, Stack, Text, Title } from "@mantine/core";
import { IconAlertTriangle, IconCircleCheck } from "@tabler/icons-react";
import { Failed } from "~/components/Failed";
import { Loading } from "~/components/Loading";
import { LinkAnchor } from "~/components/RouteLink";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { useSaid } from "~/i18n/said";
import { ruleWords } from "~/pages/data/report/ruleWords";
import classes from "~/pages/fine-tune/fine-tune.module.css";
import { type Report, useReport } from "~/pages/fine-tune/queries";
import { sayings } from "~/pages/fine-tune/say";
import { parsed, settingOf } from "~/pages/fine-tune/settings";
import { useSetup } from "~/pages/fine-tune/useSetup";

/** What the check of a file says for the model that was chosen; made by the server, with its progress. */
export function FileReport({ fileId }: { fileId: string }) {
  const say = useWords(sayings);
  const { draft, baseModel } = useSetup();
  const setting = settingOf("max_seq_len");
  const longest = setting ? parsed(setting.kind, draft.settings.max_seq_len ?? "") : null;
  const report = useReport(fileId, baseModel, typeof longest === "number" ? longest : null);
  return (
    <Paper withBorder p="md" component="section" aria-label={say.report}>
      <Stack gap="sm">
        <Group justify="space-between">
          <Title order={2} size="h5">{say.report}</Title>
          <LinkAnchor to="/data/$fileId" params={{ fileId }} size="sm">{say.openData}</LinkAnchor>
        </Group>
        {report.isPending && <Loading />}
        {report.error && <Failed error={report.error} retry={() => void report.refetch()} />}
        {report.data?.status === "in_progress" && (
          <Stack gap={4} role="status">
            <Text size="sm">{say.checking}</Text>
            <Progress value={100 * report.data.progress} aria-label={say.checking} animated />
          </Stack>
        )}
        {report.data?.status === "failed" && <Alert color="red" title={say.reportFailed}>{report.data.error}</Alert>}
        {report.data?.status === "completed" && <Verdict report={report.data} />}
      </Stack>
    </Paper>
  );
}

function Verdict({ report }: { report: Report }) {
  const say = useWords(sayings);
  const format = useFormat();
  const { num_errors, num_rows_with_errors, num_warnings, tokens } = report;
  return (
    <>
      <dl className={classes.facts}>
        <Fact name={say.rows}>{format.count(report.num_rows)}</Fact>
        <Fact name={say.errors}><Badge color={num_errors ? "red" : "gray"} variant="light">{format.count(num_errors)}</Badge></Fact>
        {num_errors > 0 && <Fact name={say.badRows}>{format.count(num_rows_with_errors)}</Fact>}
        <Fact name={say.warnings}><Badge color={num_warnings ? "orange" : "gray"} variant="light">{format.count(num_warnings)}</Badge></Fact>
        {report.file_format && <Fact name={say.format}>{report.file_format}</Fact>}
        {tokens && (
          <>
            <Fact name={say.allTokens}>{format.count(tokens.total_tokens)}</Fact>
            <Fact name={say.trainedTokens}>{format.count(tokens.trained_tokens)}</Fact>
            <Fact name={say.median}>{say.tokens(format.count(tokens.lengths.median))}</Fact>
            <Fact name={say.longest}>{say.tokens(format.count(tokens.lengths.max))}</Fact>
            <Fact name={say.tooLong}>
              <Badge color={tokens.num_over_length ? "orange" : "gray"} variant="light">{format.count(tokens.num_over_length)}</Badge>
            </Fact>
          </>
        )}
      </dl>
      {num_errors > 0 && <Findings report={report} colour="red" text={say.errorsStop} />}
      {num_errors === 0 && num_warnings > 0 && <Findings report={report} colour="orange" text={say.warningsOnly} />}
      {num_errors === 0 && num_warnings === 0 && (
        <Group gap={6}><IconCircleCheck size={18} color="var(--mantine-color-green-7)" aria-hidden /><Text size="sm">{say.allGood}</Text></Group>
      )}
    </>
  );
}

function Findings({ report, colour, text }: { report: Report; colour: string; text: string }) {
  const say = useWords(sayings);
  const format = useFormat();
  const rules = useWords(ruleWords);
  const said = useSaid();
  const more = report.num_errors + report.num_warnings - report.data.length;
  return (
    <Alert color={colour} icon={<IconAlertTriangle size={18} aria-hidden />} title={text}>
      <List size="sm" spacing={4}>
        {report.data.map((problem, index) => (
          <List.Item key={index} style={{ overflowWrap: "anywhere" }}>
            {problem.line !== null && <b>{say.inLine(format.count(problem.line))}: </b>}
            {rules[problem.rule] && `${rules[problem.rule]?.name} — `}{said(problem.message)}{problem.hint && ` — ${said(problem.hint)}`}
          </List.Item>
        ))}
        {more > 0 && <List.Item>{say.more(format.count(more))}</List.Item>}
      </List>
      <LinkAnchor
        to="/data/$fileId" params={{ fileId: report.file_id }} search={{ tab: "problems" }} size="sm" c="inherit" td="underline" mt="xs" display="inline-block"
      >
        {say.mend}
      </LinkAnchor>
    </Alert>
  );
}

export function Fact({ name, children }: { name: string; children: React.ReactNode }) {
  return <div><dt>{name}</dt><dd>{children}</dd></div>;
}
