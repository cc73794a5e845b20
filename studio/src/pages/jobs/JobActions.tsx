import { Button, Group, Tooltip } from "@mantine/core";
import { useDisclosure } from "@mantine/hooks";
import { notifications } from "@mantine/notifications";
import { IconCopyPlus, IconDownload, IconMessages, IconPlayerPause, IconPlayerPlay, IconX } from "@tabler/icons-react";
import { useMutation, useQueryClient } from "@tanstack/react-query";
import type { ReactNode } from "react";
import { api, body } from "~/api/client";
import { asFailure } from "~/api/failure";
import { Confirm } from "~/components/Confirm";
import { frame } from "~/components/words";
import { useFormat } from "~/i18n/format";
import { useWords } from "~/i18n/language";
import { useSaid } from "~/i18n/said";
import { May, useSession } from "~/session";
import { downloadFile } from "./download";
import { besideBase, elsewhere, ElsewhereButton } from "./Elsewhere";
import { nameOf } from "./filters";
import { jobWords } from "./jobWords";
import { isFinal, type Job, jobKey, jobQuery } from "./queries";
import { baseOf, useTunedModel } from "./useTunedModel";

/** What one can do with the job now; what the key may not do is not there. */
export function JobActions({ job }: { job: Job }) {
  const say = useWords(jobWords);
  const session = useSession();
  const tuned = useTunedModel(job);
  return (
    <Group gap="xs" className="no-print">
      {tuned && tuned.state !== "deleted" && (
        <May action="chat">
          <ElsewhereButton where={elsewhere.tryOut(besideBase(tuned.name, baseOf(job, tuned)))} leftSection={<IconMessages size={16} aria-hidden />}>{say.tryModel}</ElsewhereButton>
        </May>
      )}
      <May action="job.control">{!isFinal(job) && <Control job={job} />}</May>
      {session.may("file.read") && <Csv job={job} />}
      <May action="job.create">
        <Explained means={say.cloneMeans}>
          <ElsewhereButton where={elsewhere.clone(job.id)} variant="default" leftSection={<IconCopyPlus size={16} aria-hidden />}>{say.clone}</ElsewhereButton>
        </Explained>
      </May>
    </Group>
  );
}

function Control({ job }: { job: Job }) {
  const say = useWords(jobWords);
  const format = useFormat();
  const client = useQueryClient();
  const [isAsked, asked] = useDisclosure(false);
  const took = (after: Job) => {
    client.setQueryData(jobQuery(job.id).queryKey, after);
    void client.invalidateQueries({ queryKey: [...jobKey(job.id), "events"] });
  };
  const fine = { params: { path: { job_id: job.id } } };
  const pause = useMove(() => body(api.POST("/v1/fine_tuning/jobs/{job_id}/pause", fine)), took);
  const resume = useMove(() => body(api.POST("/v1/fine_tuning/jobs/{job_id}/resume", fine)), took);
  return (
    <>
      {job.status === "running" && (
        <Explained means={job.step > 0 ? say.pauseMeans : say.pauseTooEarly}>
          <Button
            variant="default" leftSection={<IconPlayerPause size={16} aria-hidden />} loading={pause.isPending}
            onClick={() => job.step > 0 && pause.mutate()} data-disabled={job.step === 0 || undefined} aria-disabled={job.step === 0}
          >
            {say.pause}
          </Button>
        </Explained>
      )}
      {job.status === "paused" && (
        <Explained means={say.resumeMeans}>
          <Button leftSection={<IconPlayerPlay size={16} aria-hidden />} loading={resume.isPending} onClick={() => resume.mutate()}>{say.resume}</Button>
        </Explained>
      )}
      <Explained means={say.cancelMeans}>
        <Button variant="light" color="red" leftSection={<IconX size={16} aria-hidden />} onClick={asked.open}>{say.cancel}</Button>
      </Explained>
      <Confirm
        isOpen={isAsked} close={asked.close} title={say.cancelTitle} action={say.cancelAction} keep={say.cancelKeep}
        consequences={[say.cancelLoses(format.count(job.step)), say.cancelNoModel, say.cancelKeeps]}
        run={async () => took(await body(api.POST("/v1/fine_tuning/jobs/{job_id}/cancel", fine)))}
      />
    </>
  );
}

function Csv({ job }: { job: Job }) {
  const say = useWords(jobWords);
  const [fileId] = job.result_files;
  const fetching = useMove(() => downloadFile(fileId ?? "", `${nameOf(job)}.csv`), () => {});
  if (!fileId) return null;
  return (
    <Explained means={say.csvMeans}>
      <Button variant="default" leftSection={<IconDownload size={16} aria-hidden />} loading={fetching.isPending} onClick={() => fetching.mutate()}>
        {say.csv}
      </Button>
    </Explained>
  );
}

/** A call whose refusal is said in a corner, because the button that asked for it may be gone by then. */
function useMove<T>(run: () => Promise<T>, done: (answer: T) => void) {
  const say = useWords(frame);
  const said = useSaid();
  return useMutation({
    mutationFn: run,
    onSuccess: done,
    onError: (error) => notifications.show({ color: "red", title: say.failed, message: said(asFailure(error).message) }),
  });
}

function Explained({ means, children }: { means: string; children: ReactNode }) {
  return <Tooltip label={means} multiline maw={280} events={{ hover: true, focus: true, touch: false }} openDelay={250}>{children}</Tooltip>;
}
