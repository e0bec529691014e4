// Where GraphiQL keeps tabs and history: localStorage, but for request headers,
// which may hold a token. GraphiQL leaves them out of the tabs unless the user
// has switched "Persist headers" on, yet writes them into the history all the
// same; here they are left out of that as well.

import type { Storage } from '@graphiql/toolkit';

const switchKey = 'graphiql:shouldPersistHeaders';
const historyKeys = ['graphiql:queries', 'graphiql:favorites'];

/** headersPersist reports whether the user has said that headers may be stored. */
export function headersPersist(): boolean {
  return storage.getItem(switchKey) === 'true';
}

function withoutHeaders(history: string): string {
  return JSON.stringify(JSON.parse(history), (key, value) => (key === 'headers' ? undefined : value));
}

export const storage: Storage = {
  getItem(key) {
    try {
      return localStorage.getItem(key);
    } catch {
      return null; // the browser may forbid storage
    }
  },
  setItem(key, value) {
    if (historyKeys.includes(key) && !headersPersist()) value = withoutHeaders(value);
    localStorage.setItem(key, value); // GraphiQL handles what this throws
    if (key === switchKey && !headersPersist()) {
      for (const key of historyKeys) {
        const history = localStorage.getItem(key);
        if (history) localStorage.setItem(key, withoutHeaders(history));
      }
    }
  },
  removeItem(key) {
    try {
      localStorage.removeItem(key);
    } catch {
      // nothing was stored, then
    }
  },
  get length() {
    return ourKeys().length;
  },
  clear() {
    for (const key of ourKeys()) localStorage.removeItem(key);
  },
};

function ourKeys(): string[] {
  try {
    return Object.keys(localStorage).filter((key) => key.startsWith('graphiql:'));
  } catch {
    return [];
  }
}
