// Package endpoint serves a gqlgen schema over HTTP: GraphQL over HTTP (POST and GET), graphql-transport-ws
// over WebSocket, and server-sent events, one URL for all of them.
//
// It stands in place of gqlgen's own handler because a public endpoint needs four things which that one lacks:
//
//   - A document is measured before it is validated. gqlparser's validation is quadratic in repeated fields and
//     gqlgen's complexity is exponential in fragments, so a guard (guard.go) walks the parsed document once,
//     merges what is repeated, and refuses what is too deep, too wide or full of aliases; what is left is
//     bounded. The cost (cost.go) is estimated after that, in nodes, and checked before anything runs.
//   - What is scarce is shared fairly between clients: slots (gate.go), streams (streams.go), and nodes a second (rate.go).
//   - Status codes, media types and close codes are the protocols'.
//   - Errors have a code, say what to do, and never show the inside: an unknown error or a panic is shown as an
//     id that is also in the log.
//
// The way of a request: http.go (or ws.go) finds out who asks and reads a request → prepare.go makes it an operation (trusted or
// persisted document, parse, guard, validate, cache, variables, cost) → execute.go runs it in a slot, under a deadline → answer.go
// sends the answer, or sse.go a stream of them.
//
// Event streams have no ids to resume from (Last-Event-ID): what a stream would go on from is known to its resolver, and may not be
// in what the client asked for. A subscription that can be resumed has an argument for it, such as changes(since:).
package endpoint
