import { useEffect, useState } from "react";

/** The present in Unix seconds, anew every `seconds`; stands still while nobody needs it. */
export function useNow(seconds: number, isNeeded = true): number {
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    if (!isNeeded) return;
    setNow(Date.now() / 1000);
    const timer = setInterval(() => setNow(Date.now() / 1000), seconds * 1000);
    return () => clearInterval(timer);
  }, [seconds, isNeeded]);
  return now;
}
