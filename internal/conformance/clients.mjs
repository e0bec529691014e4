// node clients.mjs URL: the clients graphql-ws and graphql-sse against the endpoint's test schema.
import { createClient as createSSE } from 'graphql-sse';
import { createClient as createWS } from 'graphql-ws';
import WebSocket from 'ws';
import { assert, check, run } from './checks.mjs';

const [url] = process.argv.slice(2);

const clients = {
  'graphql-ws': () => createWS({ url: url.replace(/^http/, 'ws'), webSocketImpl: WebSocket, retryAttempts: 0, lazyCloseTimeout: 0 }),
  'graphql-sse': () => createSSE({ url, retryAttempts: 0 }),
};

for (const [name, create] of Object.entries(clients)) {
  const collect = async (query, variables) => {
    const client = create();
    const results = [];
    for await (const r of client.iterate({ query, variables })) results.push(r);
    client.dispose();
    return results;
  };
  check(`${name}: a subscription to its end`, async () => {
    const results = await collect('subscription($to: Int!) { count(to: $to) }', { to: 5 });
    assert.deepEqual(results.map((r) => r.data.count), [1, 2, 3, 4, 5]);
  });
  check(`${name}: a query`, async () => {
    const results = await collect('{ hello(name: "you") }');
    assert.equal(results.length, 1);
    assert.equal(results[0].data.hello, 'hello, you');
    assert.equal(results[0].extensions.cost.limit, 200000);
  });
  check(`${name}: a mutation`, async () => {
    assert.equal((await collect('mutation { add(n: 41) }'))[0].data.add, 42);
  });
  check(`${name}: a document that is wrong`, async () => {
    // One client hands the errors over as a result, the other throws them: so their protocols say.
    const errors = await collect('subscription { nope }').then((r) => r[0].errors, (e) => e);
    assert.equal(errors[0].extensions.code, 'GRAPHQL_VALIDATION_FAILED');
  });
  check(`${name}: a subscription whose resolver fails`, async () => {
    const errors = await collect('subscription { fail }').then((r) => r[0].errors, (e) => e);
    assert.equal(errors[0].extensions.code, 'INTERNAL');
    assert.doesNotMatch(JSON.stringify(errors), /secret/);
  });
  check(`${name}: the client ends a subscription`, async () => {
    const client = create();
    const seen = [];
    for await (const r of client.iterate({ query: 'subscription { count(to: 1000000) }' })) {
      seen.push(r.data.count);
      if (seen.length === 3) break;
    }
    assert.deepEqual(seen, [1, 2, 3]);
    client.dispose();
  });
  check(`${name}: many at once`, async () => {
    const client = create();
    await Promise.all(
      Array.from({ length: 20 }, async (_, i) => {
        const seen = [];
        for await (const r of client.iterate({ query: `subscription { count(to: ${i + 1}) }` })) seen.push(r.data.count);
        assert.equal(seen.length, i + 1);
      }),
    );
    client.dispose();
  });
}

check('server-sent events as they are on the wire', async () => {
  const query = encodeURIComponent('subscription { count(to: 2) }');
  const res = await fetch(`${url}?query=${query}`, { headers: { accept: 'text/event-stream' } });
  assert.equal(res.status, 200);
  assert.match(res.headers.get('content-type'), /^text\/event-stream/);
  assert.equal(res.headers.get('x-accel-buffering'), 'no');
  const events = (await res.text()).split('\n\n').filter((e) => e && !e.startsWith(':'));
  assert.deepEqual(events, ['event: next\ndata: {"data":{"count":1}}', 'event: next\ndata: {"data":{"count":2}}', 'event: complete\ndata:']);
});

await run();
