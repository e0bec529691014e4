// Package kg is the domain of Stemma: what a fact about cell therapy is, and what it takes to be one.
//
// A graph has nodes (a [Disease], a [Trial], an [Outcome] …) and edges between them. Two rules hold everywhere:
//
//   - Nothing is known without a source: every node and every edge carries a [Provenance], and the zero
//     Provenance is refused by Validate.
//   - Whether a therapy works is a [Claim] or an [Outcome] with a source, never an edge. There is no TREATS.
//
// Read in this order: id.go (what a thing is called), node.go (what all nodes share), provenance.go (where a
// fact stands), quantity.go (what a number is), predicate.go (which edges there may be), then any node type.
//
// The package imports the standard library, google/uuid, x/text (to fold names) and the codec; never the store, never the network.
package kg
