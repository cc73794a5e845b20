import { useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, type ReactNode, useCallback, useContext, useEffect, useMemo, useState } from "react";
import { api, body, onAnswer, type Schemas, useKeyForCalls } from "~/api/client";
import type { Failure } from "~/api/failure";

const KEPT_AS = "tunesmith.key";

type Session = {
  key: string | null;
  me: Schemas["MeWire"] | null;
  /** Why there is no `me` although there is a key. */
  failure: Failure | null;
  /** The server does not answer at the moment. */
  isAway: boolean;
  signIn: (key: string) => void;
  signOut: () => void;
  /** Whether the key may do this, such as `job.create`. */
  may: (action: string) => boolean;
};

const SessionContext = createContext<Session | null>(null);

/** The key stays in this browser; `#key=…` in the address, as `tunesmith up` prints it, signs in and is taken away. */
export function SessionProvider({ children }: { children: ReactNode }) {
  const [key, setKey] = useState<string | null>(firstKey);
  const [isAway, setAway] = useState(false);
  const client = useQueryClient();
  useKeyForCalls(key);

  const me = useQuery({
    queryKey: ["me", key],
    queryFn: () => body(api.GET("/v1/me")),
    enabled: key !== null,
    staleTime: 60_000,
  });
  const signIn = useCallback((next: string) => {
    localStorage.setItem(KEPT_AS, next);
    // Another key may be of another project: nothing that was read with the old one is shown with it.
    client.clear();
    setKey(next);
  }, [client]);
  const signOut = useCallback(() => {
    localStorage.removeItem(KEPT_AS);
    setKey(null);
    client.clear();
  }, [client]);

  useEffect(() => {
    return onAnswer((failure) => {
      setAway(failure?.isAway ?? false);
      // Without a second question where one is under way: its own refusal is heard here too.
      if (failure?.isSignedOut) void client.invalidateQueries({ queryKey: ["me"] }, { cancelRefetch: false });
    });
  }, [client]);
  useEffect(() => {
    if (!isAway || key === null) return;
    const timer = setInterval(() => void client.invalidateQueries({ queryKey: ["me"] }), 2_000);
    return () => clearInterval(timer);
  }, [isAway, key, client]);

  const session = useMemo<Session>(() => {
    const actions = new Set(me.data?.may ?? []);
    return {
      key,
      me: me.data ?? null,
      failure: (me.error as Failure | null) ?? null,
      isAway,
      signIn,
      signOut,
      may: (action) => actions.has(action),
    };
  }, [key, me.data, me.error, isAway, signIn, signOut]);
  return <SessionContext.Provider value={session}>{children}</SessionContext.Provider>;
}

export function useSession(): Session {
  const session = useContext(SessionContext);
  if (!session) throw new Error("there is no session here");
  return session;
}

/** What only those see who may do it. */
export function May({ action, children }: { action: string; children: ReactNode }) {
  return useSession().may(action) ? children : null;
}

function firstKey(): string | null {
  const given = new URLSearchParams(window.location.hash.slice(1)).get("key");
  if (given) {
    localStorage.setItem(KEPT_AS, given);
    window.history.replaceState(null, "", window.location.pathname + window.location.search);
  }
  return localStorage.getItem(KEPT_AS);
}
