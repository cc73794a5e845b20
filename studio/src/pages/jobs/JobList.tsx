import "./jobs.css";
import { Text, VisuallyHidden } from "@mantine/core";
import { useMediaQuery } from "@mantine/hooks";
import { useWindowVirtualizer } from "@tanstack/react-virtual";
import { useEffect, useLayoutEffect, useRef, useState } from "react";
import { useWords } from "~/i18n/language";
import { MOST_COMPARED } from "./filters";
import { JobRow } from "./JobRow";
import type { Job } from "./queries";
import { listWords } from "./words";

type Props = {
  jobs: readonly Job[];
  chosen: readonly string[];
  choose: (jobId: string, isChosen: boolean) => void;
  /** Called when the end comes into sight. */
  more: (() => void) | null;
};

const ROW = { wide: 64, narrow: 112 };

/** As many rows as the window shows, of however many there are. */
export function JobList({ jobs, chosen, choose, more }: Props) {
  const say = useWords(listWords);
  const isNarrow = useMediaQuery("(max-width: 62em)", false, { getInitialValueInEffect: false });
  const place = useRef<HTMLDivElement>(null);
  const [top, setTop] = useState(0);
  useLayoutEffect(() => setTop(place.current ? place.current.getBoundingClientRect().top + window.scrollY : 0), [isNarrow, jobs.length > 0]);
  const rows = useWindowVirtualizer({
    count: jobs.length, estimateSize: () => (isNarrow ? ROW.narrow : ROW.wide), overscan: 6, scrollMargin: top,
    getItemKey: (index) => jobs[index]?.id ?? index,
  });
  useEffect(() => rows.measure(), [isNarrow, rows]);
  const items = rows.getVirtualItems();
  const last = items.at(-1)?.index ?? 0;
  useEffect(() => {
    if (more && last >= jobs.length - 12) more();
  }, [more, last, jobs.length]);
  return (
    <div role="table" aria-label={say.title} aria-rowcount={more ? -1 : jobs.length + 1} className="jobs-table">
      <div role="row" className="jobs-head" aria-rowindex={1}>
        <div role="columnheader"><VisuallyHidden>{say.compare(chosen.length)}</VisuallyHidden></div>
        {[say.job, say.status, say.progress, say.curve, say.ends].map((word) => (
          <Text role="columnheader" key={word} size="xs" fw={600} c="dimmed">{word}</Text>
        ))}
      </div>
      <div ref={place} role="rowgroup" style={{ position: "relative", height: rows.getTotalSize() }}>
        <div role="presentation" style={{ transform: `translateY(${(items[0]?.start ?? top) - top}px)` }}>
          {items.map(({ index, key }) => {
            const job = jobs[index];
            return job && (
              <JobRow
                key={key} job={job} index={index} isChosen={chosen.includes(job.id)} mayChoose={chosen.length < MOST_COMPARED} choose={choose}
              />
            );
          })}
        </div>
      </div>
    </div>
  );
}
