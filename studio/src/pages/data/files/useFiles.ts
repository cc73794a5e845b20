import { useInfiniteQuery } from "@tanstack/react-query";
import { useEffect, useMemo } from "react";
import { api, body } from "~/api/client";
import { chosen, needed, needsAll, pageOf } from "~/pages/data/files/list";
import type { ListSearch } from "~/pages/data/search";

const FILES_PER_CALL = 500;

/** The files of one page; fetched by cursor, as many as the page needs, or all where it searches or sorts. */
export function useFiles(search: ListSearch) {
  const { purpose } = search;
  const query = useInfiniteQuery({
    queryKey: ["files", "list", purpose ?? null],
    queryFn: ({ pageParam, signal }) =>
      body(api.GET("/v1/files", { params: { query: { limit: FILES_PER_CALL, after: pageParam, purpose } }, signal })),
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (last) => (last.has_more ? (last.last_id ?? undefined) : undefined),
    staleTime: 10_000,
  });
  const { data, hasNextPage, isFetching, isError, fetchNextPage } = query;
  const all = useMemo(() => (data?.pages ?? []).flatMap((page) => page.data), [data]);
  const found = useMemo(() => chosen(all, search), [all, search]);
  const wantsMore = hasNextPage && (needsAll(search) || search.up === true || found.length < needed(search));
  useEffect(() => {
    if (wantsMore && !isFetching && !isError) void fetchNextPage();
  }, [wantsMore, isFetching, isError, fetchNextPage]);

  const page = search.page ?? 1;
  return {
    files: pageOf(found, page),
    numFound: found.length,
    numSeen: all.length,
    isWhole: !hasNextPage,
    isSearching: wantsMore,
    isLoading: query.isLoading,
    error: query.error,
    retry: () => void query.refetch(),
  };
}
