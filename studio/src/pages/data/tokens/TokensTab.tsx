import { Button, Group, NumberInput, Paper, SimpleGrid, Stack, Text, Title } from "@mantine/core";
import { IconAbc, IconAlertTriangle } from "@tabler/icons-react";
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useState } from "react";
import type { Schemas } from "~/api/client";
import { Empty } from "~/components/Empty";
import { Failed } from "~/components/Failed";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { type Report, useReport } from "~/pages/data/api";
import { Figure } from "~/pages/data/Figure";
import { Findings } from "~/pages/data/report/Findings";
import { Reading } from "~/pages/data/report/Reading";
import { DropErrors } from "~/pages/data/rows/DropErrors";
import { clean } from "~/pages/data/search";
import { Histogram } from "~/pages/data/tokens/Histogram";
import { ModelChoice, useModel } from "~/pages/data/tokens/ModelChoice";
import { OverLength } from "~/pages/data/tokens/OverLength";
import { tokenWords } from "~/pages/data/tokens/words";
import { May } from "~/session";

/** How long the rows are for a model, what does not fit, and what each way of dealing with that costs. */
export function TokensTab({ report: plain }: { report: Report }) {
  const say = useWords(tokenWords);
  const model = useModel();
  const search = useSearch({ from: "/data/$fileId" });
  const navigate = useNavigate({ from: "/data/$fileId" });
  const { data: report, error, refetch } = useReport(plain.file_id, { model, max_seq_len: model ? search.max : undefined, limit: 1 });
  const setLimit = (max: number | undefined) => void navigate({ search: clean({ ...search, max }), replace: true });
  const tokens = report?.tokens;
  return (
    <Stack gap="lg">
      <Text c="dimmed" maw={720}>{say.why}</Text>
      <Group align="flex-end" gap="md">
        <ModelChoice />
        {tokens && <Limit key={tokens.max_seq_len} tokens={tokens} set={setLimit} />}
      </Group>
      {error ? <Failed error={error} retry={() => void refetch()} />
        : report?.status === "in_progress" ? <Reading report={report} title={say.counting} />
        : tokens && report ? <Figures report={report} tokens={tokens} setLimit={setLimit} />
        : report && model && plain.num_errors === 0 && report.num_errors > 0 ? <DoesNotFit report={report} model={model} />
        : plain.num_errors > 0 ? <Empty icon={IconAlertTriangle} title={say.errorsFirst} text={say.errorsFirstHint} />
        : !model && <Empty icon={IconAbc} title={say.noModel} text={say.noModelHint} />}
      {plain.rows && <RowFigures rows={plain.rows} numRows={plain.num_rows} />}
    </Stack>
  );
}

type Tokens = Schemas["TokenFiguresWire"];

function Figures({ report, tokens, setLimit }: { report: Report; tokens: Tokens; setLimit: (limit: number) => void }) {
  const say = useWords(tokenWords);
  const format = useFormat();
  const share = tokens.total_tokens > 0 ? tokens.trained_tokens / tokens.total_tokens : 0;
  return (
    <>
      <SimpleGrid cols={{ base: 2, sm: 3, lg: 5 }} spacing="sm">
        <Figure name={say.total} value={format.count(tokens.total_tokens)} />
        <Figure name={say.trained} value={`${format.count(tokens.trained_tokens)} · ${format.percent(share, 0)}`} hint={say.trainedHint} />
        <Figure name={say.median} value={format.count(tokens.lengths.median)} />
        <Figure name={say.p95} value={format.count(tokens.lengths.p95)} />
        <Figure name={say.longest} value={format.count(tokens.lengths.max)} />
      </SimpleGrid>
      <Paper withBorder p="md">
        <Title order={2} size="h5" mb="xs">{say.histogram}</Title>
        <Histogram tokens={tokens} numRows={report.num_rows} />
      </Paper>
      <OverLength tokens={tokens} numRows={report.num_rows} setLimit={setLimit} />
    </>
  );
}

/** Rows that this model's template cannot write, or of which nothing would be learned. */
function DoesNotFit({ report, model }: { report: Report; model: string }) {
  const say = useWords(tokenWords);
  return (
    <Stack gap="sm">
      <Group justify="space-between" gap="sm">
        <Text flex={1} miw={260}>{say.doesNotFit}</Text>
        <May action="file.write"><DropErrors report={report} model={model} /></May>
      </Group>
      <Findings fileId={report.file_id} filter={{ model, severity: "error" }} total={report.num_errors} />
    </Stack>
  );
}

function Limit({ tokens, set }: { tokens: Tokens; set: (limit: number | undefined) => void }) {
  const say = useWords(tokenWords);
  const format = useFormat();
  const [value, setValue] = useState<number | string>(tokens.max_seq_len);
  const isTooLarge = typeof value === "number" && value > tokens.context_length;
  const submit = (event: React.FormEvent) => {
    event.preventDefault();
    if (typeof value === "number" && value >= 2 && !isTooLarge) set(value);
  };
  return (
    <form onSubmit={submit}>
      <Group align="flex-end" gap="xs">
        <NumberInput
          size="sm" w={280} label={say.max} value={value} onChange={setValue} min={2} allowDecimal={false} allowNegative={false} thousandSeparator
          error={isTooLarge ? say.maxTooLarge(format.count(tokens.context_length)) : undefined} title={say.maxHint(format.count(tokens.context_length))}
        />
        {value !== tokens.max_seq_len && !isTooLarge && <Button type="submit" size="sm" variant="light">{say.apply}</Button>}
      </Group>
    </form>
  );
}

function RowFigures({ rows, numRows }: { rows: Schemas["RowFiguresWire"]; numRows: number }) {
  const say = useWords(tokenWords);
  const format = useFormat();
  const { min, median, max } = rows.messages_per_row;
  const withSystem = `${format.count(rows.num_with_system)} · ${format.percent(rows.num_with_system / Math.max(1, numRows), 0)}`;
  return (
    <SimpleGrid cols={{ base: 2, sm: 4 }} spacing="sm">
      <Figure name={say.messages} value={format.count(median)} hint={say.spread(format.count(min), format.count(median), format.count(max))} />
      <Figure name={say.duplicates} value={format.count(rows.num_duplicates)} />
      <Figure name={say.withSystem} value={withSystem} />
      <Figure name={say.characters} value={format.count(rows.num_characters)} />
    </SimpleGrid>
  );
}
