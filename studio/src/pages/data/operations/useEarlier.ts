import { useQuery } from "@tanstack/react-query";
import { useEffect, useState } from "react";
import { api, body } from "~/api/client";

const LOOKED_THROUGH = 50;

/** Whoever comes back finds what was begun on this file, at work or done; true once that is looked for. */
export function useEarlier(kind: string, fileId: string, follow: (operationId: string) => void): boolean {
  const [isKnown, setKnown] = useState(false);
  const { data, isError } = useQuery({
    queryKey: ["data-operations", kind, fileId],
    queryFn: () => body(api.GET("/v1/data/operations", { params: { query: { kind, limit: LOOKED_THROUGH } } })),
    gcTime: 0,
    staleTime: Number.POSITIVE_INFINITY,
  });
  useEffect(() => {
    if (isKnown || (!data && !isError)) return;
    const found = data?.data.find((each) => each.input_file_ids[0] === fileId && ["queued", "running", "succeeded"].includes(each.status));
    if (found) follow(found.id);
    setKnown(true);
  }, [data, isError, isKnown, fileId, follow]);
  return isKnown;
}
