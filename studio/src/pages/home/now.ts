import { useEffect, useState } from "react";

/** Unix seconds, told anew each second while somebody looks. */
export function useNow(): number {
  const [now, setNow] = useState(() => Date.now() / 1000);
  useEffect(() => {
    const timer = setInterval(() => {
      if (!document.hidden) setNow(Date.now() / 1000);
    }, 1_000);
    return () => clearInterval(timer);
  }, []);
  return now;
}
