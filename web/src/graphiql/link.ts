// What a GraphiQL address may carry: ?query=…&variables=…. Never headers, since
// they may hold a token.

export interface Prefill {
  query: string;
  variables: string;
}

/** queryLink returns the address, without origin, of GraphiQL with a query filled in. */
export function queryLink(query: string, variables = ''): string {
  const params = new URLSearchParams({ query });
  if (variables.trim()) params.set('variables', variables);
  return `/graphiql?${params}`;
}

/** readLink returns what the address fills in, or undefined if it fills in nothing. */
export function readLink(search: string): Prefill | undefined {
  const params = new URLSearchParams(search);
  const query = params.get('query');
  if (!query?.trim()) return undefined;
  return { query, variables: params.get('variables') ?? '' };
}
