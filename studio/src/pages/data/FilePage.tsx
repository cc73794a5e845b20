import { ActionIcon, Alert, Anchor, Badge, Box, Button, Group, SimpleGrid, Stack, Tabs, Text } from "@mantine/core";
import { IconAdjustments, IconAlertTriangle, IconArrowLeft, IconDownload, IconFileImport, IconTrash } from "@tabler/icons-react";
import { useMutation, useQuery } from "@tanstack/react-query";
import { Link, useNavigate, useParams, useSearch } from "@tanstack/react-router";
import { type ReactNode, useState } from "react";
import { asFailure } from "~/api/failure";
import { call } from "~/api/client";
import { CopyText } from "~/components/Copyable";
import { Failed } from "~/components/Failed";
import { LinkButton } from "~/components/RouteLink";
import { Loading } from "~/components/Loading";
import { NotFound } from "~/components/NotFound";
import { Page } from "~/components/Page";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { type FileObject, fileQuery, type Report, useReport } from "~/pages/data/api";
import classes from "~/pages/data/data.module.css";
import { Figure } from "~/pages/data/Figure";
import { DeleteFile } from "~/pages/data/files/DeleteFile";
import { DuplicatesTab } from "~/pages/data/duplicates/DuplicatesTab";
import { GenerateTab } from "~/pages/data/generate/GenerateTab";
import { HistoryTab } from "~/pages/data/history/HistoryTab";
import { PersonalTab } from "~/pages/data/personal/PersonalTab";
import { ImportPanel } from "~/pages/data/import/ImportPanel";
import { ProblemsTab } from "~/pages/data/report/ProblemsTab";
import { Reading } from "~/pages/data/report/Reading";
import { formatWords, reportWords } from "~/pages/data/report/words";
import { ChangeBar } from "~/pages/data/rows/ChangeBar";
import { RowsTab } from "~/pages/data/rows/RowsTab";
import { saveAs, shownName } from "~/pages/data/save";
import { clean, type FileSearch } from "~/pages/data/search";
import { TokensTab } from "~/pages/data/tokens/TokensTab";
import { pageWords } from "~/pages/data/words";
import { May, useSession } from "~/session";

/** One file: what is wrong with it, its rows, its tokens. */
export function FilePage() {
  const { fileId } = useParams({ from: "/data/$fileId" });
  const { data: file, error, refetch } = useQuery(fileQuery(fileId));
  if (error) return asFailure(error).status === 404 ? <NotFound /> : <Failed error={error} retry={() => void refetch()} />;
  return file ? <OneFile key={file.id} file={file} /> : <Loading />;
}

function OneFile({ file }: { file: FileObject }) {
  const say = useWords(reportWords);
  const format = useFormat();
  const session = useSession();
  const isTraining = file.purpose === "fine-tune";
  const { data: report, error, refetch } = useReport(file.id, { limit: 1 }, isTraining);
  const facts = (
    <Group gap="xs">
      <Text size="sm">{format.bytes(file.bytes)} · {say.uploaded(format.instant(file.created_at))}</Text>
      <Text size="sm" ff="monospace">{file.id}</Text><CopyText text={file.id} />
    </Group>
  );
  return (
    <Box maw={1280} mx="auto">
      <Anchor component={Link} to="/data" size="sm" display="inline-block" mb={6}><Group gap={4} component="span"><IconArrowLeft size={14} aria-hidden />{say.back}</Group></Anchor>
      <Page title={shownName(file.filename)} text={facts} actions={<Actions file={file} report={report} />}>
        {!isTraining ? <OtherPurpose file={file} />
          : error ? <Failed error={error} retry={() => void refetch()} />
          : !report ? <Loading />
          : report.status === "in_progress" ? <Reading report={report} />
          : report.status === "failed" ? <Alert color="red" title={say.noReport} icon={<IconAlertTriangle size={18} aria-hidden />}>{report.error}</Alert>
          : (
            <Stack gap="xl">
              {report.file_format === null && session.may("file.write") ? (
                <>
                  <ImportPanel file={file} />
                  <AsItStands><Made report={report} /></AsItStands>
                </>
              ) : <Made report={report}><May action="file.write"><ReadDifferently file={file} report={report} /></May></Made>}
            </Stack>
          )}
        <May action="file.write"><ChangeBar file={file} /></May>
      </Page>
    </Box>
  );
}

/** What is wrong with rows of another format is of use only to who wants to mend them by hand. */
function AsItStands({ children }: { children: ReactNode }) {
  const say = useWords(reportWords);
  const search = useSearch({ from: "/data/$fileId" });
  const [isOpen, setOpen] = useState(search.tab !== undefined || search.line !== undefined);
  return (
    <Stack gap="md">
      <Group><Button size="compact-sm" variant="default" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>{isOpen ? say.hideAsItStands : say.asItStands}</Button></Group>
      {isOpen && children}
    </Stack>
  );
}

/** What looks like training data may be something else: an assistant's history has prompts and completions too. */
function ReadDifferently({ file, report }: { file: FileObject; report: Report }) {
  const say = useWords(reportWords);
  const [isOpen, setOpen] = useState(false);
  const hasOthers = report.rules.some((each) => each.rule === "unrecognized_key");
  const button = <Button size="compact-sm" variant="default" leftSection={<IconFileImport size={16} aria-hidden />} aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>{isOpen ? say.readAsIs : say.readDifferently}</Button>;
  return (
    <Stack gap="md">
      {hasOthers ? (
        <Alert color="blue" py="xs">
          <Group justify="space-between" gap="xs"><Text size="sm" flex="1 1 300px">{say.othersUnused}</Text>{button}</Group>
        </Alert>
      ) : <Group>{button}</Group>}
      {isOpen && <ImportPanel file={file} />}
    </Stack>
  );
}

/** What is no training data may become some. */
function OtherPurpose({ file }: { file: FileObject }) {
  const say = useWords(reportWords);
  const { may } = useSession();
  if (file.purpose === "user_data" && may("file.write")) return isDocument(file.filename) ? <Document file={file} /> : <ImportPanel file={file} />;
  return <Alert color="blue" py="xs">{say.otherPurpose(file.purpose)}</Alert>;
}

/** A text may be asked about, or be rows as it stands. */
function Document({ file }: { file: FileObject }) {
  const say = useWords(reportWords);
  return (
    <Tabs defaultValue="ask" keepMounted={false}>
      <Tabs.List mb="md" aria-label={say.tabs}>
        <Tabs.Tab value="ask">{say.ask}</Tabs.Tab>
        <Tabs.Tab value="import">{say.importAsIs}</Tabs.Tab>
      </Tabs.List>
      <Tabs.Panel value="ask"><GenerateTab fileId={file.id} isDocument /></Tabs.Panel>
      <Tabs.Panel value="import"><ImportPanel file={file} /></Tabs.Panel>
    </Tabs>
  );
}

/** What the server reads as documents. */
function isDocument(name: string): boolean {
  return /\.(txt|md|markdown|html?)$/i.test(name);
}

function Actions({ file, report }: { file: FileObject; report: Report | undefined }) {
  const say = useWords(reportWords);
  const page = useWords(pageWords);
  const navigate = useNavigate();
  const [isDeleting, setDeleting] = useState(false);
  const download = useMutation({
    mutationFn: async () => saveAs(await (await call(`/v1/files/${encodeURIComponent(file.id)}/content`)).blob(), file.filename),
  });
  const isUsable = file.purpose === "fine-tune" && report?.status === "completed" && report.num_errors === 0;
  return (
    <>
      <May action="job.create">
        {isUsable && (
          <LinkButton to="/fine-tune" search={{ training_file: file.id }} leftSection={<IconAdjustments size={16} aria-hidden />}>{say.fineTune}</LinkButton>
        )}
      </May>
      <ActionIcon variant="default" size="lg" aria-label={say.download} title={say.download} loading={download.isPending} onClick={() => download.mutate()}><IconDownload size={18} /></ActionIcon>
      <May action="file.delete">
        <ActionIcon variant="default" size="lg" aria-label={page.delete} title={page.delete} onClick={() => setDeleting(true)}><IconTrash size={18} /></ActionIcon>
      </May>
      {isDeleting && <DeleteFile file={file} close={() => setDeleting(false)} done={() => void navigate({ to: "/data" })} />}
    </>
  );
}

function Made({ report, children }: { report: Report; children?: ReactNode }) {
  const say = useWords(reportWords);
  const formats = useWords(formatWords);
  const format = useFormat();
  const search = useSearch({ from: "/data/$fileId" });
  const navigate = useNavigate({ from: "/data/$fileId" });
  const tab = search.tab ?? (search.line === undefined ? "problems" : "rows");
  const known = report.file_format === null ? null : formats[report.file_format];
  const bad = report.num_rows_with_errors;
  const inRows = bad === 0 ? undefined : bad === 1 ? say.inOneRow : say.inRows(format.count(bad));
  const num = report.num_errors + report.num_warnings;
  return (
    <Stack gap="md">
      <SimpleGrid cols={{ base: 2, md: 4 }} spacing="sm">
        <Figure name={say.format} value={known?.name ?? report.file_format ?? say.unknownFormat} />
        <Figure name={say.numRows} value={format.count(report.num_rows)} />
        <Figure name={say.numErrors} value={format.count(report.num_errors)} colour={report.num_errors > 0 ? classes.error : undefined} hint={inRows} />
        <Figure name={say.numWarnings} value={format.count(report.num_warnings)} colour={report.num_warnings > 0 ? classes.warning : undefined} />
      </SimpleGrid>
      {known && <Text size="sm" c="dimmed">{known.why}</Text>}
      {children}
      <Tabs value={tab} onChange={(next) => void navigate({ search: clean({ ...search, tab: (next ?? undefined) as FileSearch["tab"] }) })} keepMounted={false}>
        <Tabs.List mb="md" aria-label={say.tabs}>
          <Tabs.Tab value="problems" rightSection={num > 0 && <Badge size="sm" variant="light" color={report.num_errors > 0 ? "red" : "yellow"}>{format.count(num)}</Badge>}>{say.problems}</Tabs.Tab>
          <Tabs.Tab value="rows">{say.rows}</Tabs.Tab>
          <Tabs.Tab value="tokens">{say.tokens}</Tabs.Tab>
          <May action="file.write">
            <Tabs.Tab value="personal">{say.personal}</Tabs.Tab>
            <Tabs.Tab value="duplicates">{say.duplicates}</Tabs.Tab>
            <Tabs.Tab value="generate">{say.generate}</Tabs.Tab>
          </May>
          <Tabs.Tab value="history">{say.history}</Tabs.Tab>
        </Tabs.List>
        <Tabs.Panel value="problems"><ProblemsTab report={report} /></Tabs.Panel>
        <Tabs.Panel value="rows"><RowsTab report={report} /></Tabs.Panel>
        <Tabs.Panel value="tokens"><TokensTab report={report} /></Tabs.Panel>
        <May action="file.write">
          <Tabs.Panel value="personal"><PersonalTab fileId={report.file_id} /></Tabs.Panel>
          <Tabs.Panel value="duplicates"><DuplicatesTab fileId={report.file_id} /></Tabs.Panel>
          <Tabs.Panel value="generate"><GenerateTab fileId={report.file_id} /></Tabs.Panel>
        </May>
        <Tabs.Panel value="history"><HistoryTab fileId={report.file_id} /></Tabs.Panel>
      </Tabs>
    </Stack>
  );
}
