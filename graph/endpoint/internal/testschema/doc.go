// Package testschema is a small schema with resolvers that count, wait, fail and panic on request, for the
// tests of the endpoint: what gqlgen generates for it behaves as it does for the real schema.
package testschema

//go:generate go tool gqlgen generate
