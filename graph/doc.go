// Package graph serves the graph as GraphQL: the contract of schema.graphqls over a storage.Store.
//
// One question's way: endpoint (transport, limits, parsing) → operation.go (one snapshot for the whole response) → the generated
// executor → a resolver of one line in root.go, thing.go, study.go or statement.go → connection.go, which reads a page →
// the store. plan.go makes filters into tests and chooses where to read from; filter.go has the filters themselves. write.go and
// put.go have the mutations, changes.go the subscription.
package graph
