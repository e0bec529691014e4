// GraphiQL as a page of its own. Everything is served from here: editor, workers,
// fonts; it talks to /graphql on its own origin and to nothing else.

import 'graphiql/setup-workers/vite'; // must come first
import { DropdownMenu, ToolbarButton, useGraphiQL, useGraphiQLActions, useMonaco } from '@graphiql/react';
import { createGraphiQLFetcher } from '@graphiql/toolkit';
import { GraphiQL } from 'graphiql';
import { StrictMode, useEffect, useRef, useState } from 'react';
import { createPortal } from 'react-dom';
import { createRoot } from 'react-dom/client';

import '@graphiql/react/style.css';
import '@graphiql/plugin-doc-explorer/style.css';
import '@graphiql/plugin-history/style.css';
import 'graphiql/graphiql.css'; // not graphiql/style.css: it inlines 0.6 MB of fonts
import '../style/tokens.css';
import '../style/base.css';
import './graphiql.css';

import { examples, exampleText, type Example } from './examples.ts';
import { queryLink, readLink } from './link.ts';
import { headersPersist, storage } from './storage.ts';
import { defineThemes, editorOptions, editorTheme } from './theme.ts';

const fetcher = createGraphiQLFetcher({
  url: '/graphql',
  // Headers that the user sets go along as the connection's parameters.
  subscriptionUrl: `${location.protocol === 'https:' ? 'wss' : 'ws'}://${location.host}/graphql`,
});

// What the address fills in is shown, never run, and then taken out of the
// address, so that a reload does not bring it back over later edits.
const prefill = readLink(location.search);
if (prefill) history.replaceState(null, '', location.pathname);

// What the first visit opens with. Tabs of later visits come from the storage.
const texts = examples.map(exampleText).filter((text) => text !== prefill?.query);
const tabs = [...(prefill ? [prefill] : []), ...texts.map((query) => ({ query }))];

/** Theme keeps page and editors in step with GraphiQL's setting and the system's. */
function Theme() {
  const monaco = useMonaco((state) => state.monaco);
  const theme = useGraphiQL((state) => state.theme);
  const { setTheme } = useGraphiQLActions();
  const now = useRef(theme);

  useEffect(() => {
    now.current = theme;
    if (theme) document.documentElement.dataset.theme = theme;
    else delete document.documentElement.dataset.theme;
  }, [theme]);

  useEffect(() => {
    if (!monaco) return;
    defineThemes(monaco);
    setTheme(now.current);
    const system = matchMedia('(prefers-color-scheme: dark)');
    const follow = () => setTheme(now.current);
    system.addEventListener('change', follow);
    return () => system.removeEventListener('change', follow);
  }, [monaco, setTheme]);

  return null;
}

/** Editors gives each editor, as it comes up, the options that are ours. */
function Editors() {
  const query = useGraphiQL((state) => state.queryEditor);
  const variables = useGraphiQL((state) => state.variableEditor);
  const headers = useGraphiQL((state) => state.headerEditor);
  const response = useGraphiQL((state) => state.responseEditor);

  useEffect(() => query?.updateOptions(editorOptions), [query]);
  useEffect(() => variables?.updateOptions(editorOptions), [variables]);
  useEffect(() => headers?.updateOptions(editorOptions), [headers]);
  useEffect(() => response?.updateOptions(editorOptions), [response]);
  return null;
}

/** Examples is the menu in the title bar that opens an example in a tab. */
function Examples() {
  const queryEditor = useGraphiQL((state) => state.queryEditor);
  const tabs = useGraphiQL((state) => state.tabs);
  const { addTab, changeTab } = useGraphiQLActions();

  const open = (example: Example) => {
    const text = exampleText(example);
    const index = tabs.findIndex((tab) => tab.query === text);
    if (index >= 0) return changeTab(index);
    addTab();
    queryEditor?.setValue(text);
  };

  const slot = document.getElementById('examples');
  if (!slot) return null;
  return createPortal(
    <DropdownMenu>
      <DropdownMenu.Button className="menu" disabled={!queryEditor}>
        Examples <svg viewBox="0 0 10 6" aria-hidden="true"><path d="m1 1 4 4 4-4" /></svg>
      </DropdownMenu.Button>
      <DropdownMenu.Content className="examples" align="end" sideOffset={6}>
        {examples.map((example) => (
          <DropdownMenu.Item key={example.name} onSelect={() => open(example)}>
            <span>{example.comment.split('\n')[0]}</span>
            <code>{example.name}</code>
          </DropdownMenu.Item>
        ))}
      </DropdownMenu.Content>
    </DropdownMenu>,
    slot,
  );
}

/** CopyLink puts an address that brings back query and variables on the clipboard. */
function CopyLink() {
  const queryEditor = useGraphiQL((state) => state.queryEditor);
  const variableEditor = useGraphiQL((state) => state.variableEditor);
  const [done, setDone] = useState(false);

  useEffect(() => {
    if (!done) return;
    const timer = setTimeout(() => setDone(false), 2500);
    return () => clearTimeout(timer);
  }, [done]);

  const copy = async () => {
    const link = queryLink(queryEditor?.getValue() ?? '', variableEditor?.getValue() ?? '');
    // The clipboard is closed to pages without TLS; the address bar is not.
    history.replaceState(null, '', link);
    try {
      await navigator.clipboard.writeText(new URL(link, location.href).href);
    } catch {
      return;
    }
    setDone(true);
  };

  return (
    <>
      <ToolbarButton label={done ? 'Link copied' : 'Copy link to this query'} onClick={copy}>
        <svg className="graphiql-toolbar-icon link" viewBox="0 0 14 14" aria-hidden="true">
          {done
            ? <path d="m2.5 7.5 3 3 6-7" />
            : <path d="M5.8 8.2a2.6 2.6 0 0 0 3.7 0l2.1-2.1a2.6 2.6 0 0 0-3.7-3.7L6.8 3.5M8.2 5.8a2.6 2.6 0 0 0-3.7 0L2.4 7.9a2.6 2.6 0 0 0 3.7 3.7l1.1-1.1" />}
        </svg>
      </ToolbarButton>
      <span className="sr" role="status">{done ? 'Link copied' : ''}</span>
    </>
  );
}

function App() {
  return (
    <GraphiQL
      fetcher={fetcher}
      defaultTabs={tabs}
      initialQuery={prefill?.query}
      initialVariables={prefill?.variables}
      storage={storage}
      shouldPersistHeaders={headersPersist()}
      showPersistHeadersSettings
      editorTheme={editorTheme}
    >
      <GraphiQL.Logo>{null}</GraphiQL.Logo>
      <GraphiQL.Toolbar>
        {({ prettify, merge, copy }) => <>{prettify}{merge}{copy}<CopyLink /></>}
      </GraphiQL.Toolbar>
      <Theme />
      <Editors />
      <Examples />
    </GraphiQL>
  );
}

const root = document.getElementById('root');
if (!root) throw new Error('graphiql.html has no #root');
createRoot(root).render(<StrictMode><App /></StrictMode>);
