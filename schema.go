// Package stemma holds what the whole program shares: the contract.
package stemma

import _ "embed"

// Schema is the GraphQL schema, as people read it.
//
//go:embed schema.graphqls
var Schema string
