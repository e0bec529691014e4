import react from '@vitejs/plugin-react';
import { defineConfig, type Plugin } from 'vite';
import { examples, exampleText } from './src/graphiql/examples.ts';
import { queryLink } from './src/graphiql/link.ts';

// Every page is an entry of its own: an .html file here, its code in src/NAME/.
const pages = ['index.html', 'graphiql.html'];

// In development the API is the Go server's; the built site is served by it.
const api = process.env.STEMMA_API ?? 'http://localhost:8080';

// questions puts the first three examples into index.html, as links that open
// GraphiQL with the query filled in. The landing page has no script to do it.
function questions(): Plugin {
  const escape = (s: string) =>
    s.replace(/[&<>"]/g, (c) => `&#${c.charCodeAt(0)};`);
  return {
    name: 'stemma-questions',
    transformIndexHtml: {
      order: 'pre',
      handler(html) {
        const links = examples
          .slice(0, 3)
          .map((e) => {
            const href = escape(queryLink(exampleText(e)));
            const title = escape(e.comment.split('\n')[0] ?? e.name);
            return `<li><a href="${href}"><span>${title}</span> <code>${escape(e.name)}</code></a></li>`;
          })
          .join('\n        ');
        return html.replace('<!-- questions -->', () => links);
      },
    },
  };
}

export default defineConfig({
  base: '/',
  appType: 'mpa',
  publicDir: false,
  plugins: [react(), questions()],
  worker: { format: 'es' },
  build: {
    target: 'es2022',
    assetsInlineLimit: 0, // no data: URLs, so that the policies can stay strict
    modulePreload: { polyfill: false },
    reportCompressedSize: false,
    chunkSizeWarningLimit: 4000, // Monaco is one large chunk
    license: { fileName: 'licenses.txt' },
    rolldownOptions: {
      input: pages,
      onLog(level, log, handler) {
        // React's compiler leaves "use no memo" in GraphiQL's files; bundling may drop it.
        if (log.code !== 'MODULE_LEVEL_DIRECTIVE') handler(level, log);
      },
    },
  },
  server: {
    proxy: {
      '/graphql': { target: api, ws: true },
      '/schema.graphqls': api,
    },
  },
});
