// node protocol.mjs URL SUBSCRIPTION INIT_TIMEOUT_MS: speaks graphql-transport-ws by hand and checks what the
// protocol says of each mistake. SUBSCRIPTION is one that stays open.
import WebSocket from 'ws';
import { assert, check, run } from './checks.mjs';

const [url, subscription, initTimeout] = process.argv.slice(2);
const wsURL = url.replace(/^http/, 'ws');

// open connects; next() is the next message, closed the close code.
function open(protocols = 'graphql-transport-ws', options = {}) {
  const socket = new WebSocket(wsURL, protocols, options);
  const messages = [];
  const waiting = [];
  socket.on('message', (data) => {
    const message = JSON.parse(data);
    const waiter = waiting.shift();
    if (waiter) waiter(message);
    else messages.push(message);
  });
  const closed = new Promise((resolve) => socket.on('close', (code, reason) => resolve({ code, reason: String(reason) })));
  const ready = new Promise((resolve, reject) => {
    socket.on('open', resolve);
    socket.on('error', reject);
  });
  return {
    socket,
    closed,
    ready,
    send: (message) => socket.send(typeof message === 'string' ? message : JSON.stringify(message)),
    next: () => (messages.length ? Promise.resolve(messages.shift()) : new Promise((resolve) => waiting.push(resolve))),
  };
}

async function opened(...args) {
  const c = open(...args);
  await c.ready;
  return c;
}

async function acknowledged(payload) {
  const c = await opened();
  c.send({ type: 'connection_init', payload });
  assert.equal((await c.next()).type, 'connection_ack');
  return c;
}

const expectClose = async (c, code) => assert.equal((await c.closed).code, code);
const subscribe = (id, query) => ({ id, type: 'subscribe', payload: { query } });

check('the subprotocol is chosen', async () => {
  const c = await opened(['graphql-ws', 'graphql-transport-ws']);
  assert.equal(c.socket.protocol, 'graphql-transport-ws');
  c.socket.close();
  await c.closed;
});
check('4406 without the subprotocol', async () => {
  await expectClose(await opened([]), 4406);
});
check('4408 without connection_init', async () => {
  if (!initTimeout) return;
  await expectClose(await opened(), 4408);
});
check('4429 for a second connection_init', async () => {
  const c = await acknowledged();
  c.send({ type: 'connection_init' });
  await expectClose(c, 4429);
});
check('4401 for subscribe before the acknowledgement', async () => {
  const c = await opened();
  c.send(subscribe('1', '{__typename}'));
  await expectClose(c, 4401);
});
for (const [name, message] of [
  ['not JSON', 'hello'],
  ['a number', '1'],
  ['no type', {}],
  ['an unknown type', { type: 'start' }],
  ['subscribe without id', { type: 'subscribe', payload: { query: '{__typename}' } }],
  ['subscribe with an empty id', { id: '', type: 'subscribe', payload: { query: '{__typename}' } }],
  ['subscribe with a number as id', { id: 1, type: 'subscribe', payload: { query: '{__typename}' } }],
  ['subscribe without payload', { id: '1', type: 'subscribe' }],
  ['subscribe with a number as query', { id: '1', type: 'subscribe', payload: { query: 1 } }],
  ['complete without id', { type: 'complete' }],
  ['ping with a string', { type: 'ping', payload: 'x' }],
]) {
  check(`4400 for ${name}`, async () => {
    const c = await acknowledged();
    c.send(message);
    await expectClose(c, 4400);
  });
}
check('4400 for a binary message', async () => {
  const c = await acknowledged();
  c.socket.send(Buffer.from('{"type":"ping"}'), { binary: true });
  await expectClose(c, 4400);
});
check('4409 for an id in use, however long', async () => {
  const c = await acknowledged();
  const id = 'é'.repeat(200);
  c.send(subscribe(id, subscription));
  c.send(subscribe(id, subscription));
  await expectClose(c, 4409);
});
check('an id is free after complete from the server', async () => {
  const c = await acknowledged();
  for (let i = 0; i < 20; i++) {
    c.send(subscribe('same', '{__typename}'));
    const next = await c.next();
    assert.equal(next.type, 'next');
    assert.equal(next.id, 'same');
    assert.ok(next.payload.data.__typename);
    assert.deepEqual(await c.next(), { type: 'complete', id: 'same' });
  }
  c.socket.close();
  await c.closed;
});
check('an id is free after complete from the client', async () => {
  const c = await acknowledged();
  for (let i = 0; i < 20; i++) {
    c.send(subscribe('same', subscription));
    c.send({ id: 'same', type: 'complete' });
  }
  c.send({ id: 'never', type: 'complete' });
  c.send({ type: 'ping', payload: { still: 'here' } });
  for (;;) {
    const m = await c.next();
    if (m.type === 'pong') break;
    assert.equal(m.type, 'next');
  }
  c.socket.close();
  await c.closed;
});
check('ping and pong, before and after the acknowledgement', async () => {
  const c = await opened();
  c.send({ type: 'ping', payload: { a: 1 } });
  assert.deepEqual(await c.next(), { type: 'pong', payload: { a: 1 } });
  c.send({ type: 'pong' });
  c.send({ type: 'connection_init' });
  assert.equal((await c.next()).type, 'connection_ack');
  c.send({ type: 'ping' });
  assert.deepEqual(await c.next(), { type: 'pong' });
  c.socket.close();
  await c.closed;
});
check('a document that is wrong gets error, and the connection lives', async () => {
  const c = await acknowledged();
  c.send(subscribe('bad', '{ nope '));
  const m = await c.next();
  assert.equal(m.type, 'error');
  assert.equal(m.id, 'bad');
  assert.equal(m.payload[0].extensions.code, 'GRAPHQL_PARSE_FAILED');
  c.send(subscribe('bad', '{ nope }'));
  assert.equal((await c.next()).payload[0].extensions.code, 'GRAPHQL_VALIDATION_FAILED');
  c.send(subscribe('good', '{ __typename }'));
  assert.equal((await c.next()).type, 'next');
  c.socket.close();
  await c.closed;
});
check('1009 for a message that is too large', async () => {
  const c = await acknowledged();
  c.send(subscribe('1', `{ __typename } #${'x'.repeat(2 << 20)}`));
  await expectClose(c, 1009);
});
check('a page of another origin is refused', async () => {
  const c = open('graphql-transport-ws', { origin: 'https://evil.example' });
  await assert.rejects(c.ready, /403/);
});

await run();
