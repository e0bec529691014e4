package endpoint_test

import (
	"testing"
	"time"

	"github.com/stemma-kg/stemma/graph/endpoint"
	"github.com/stemma-kg/stemma/internal/conformance"
)

func TestConformance(t *testing.T) {
	at, _ := serve(t, endpoint.Options{Limits: endpoint.Limits{InitTimeout: 500 * time.Millisecond}})
	t.Run("graphql over http", func(t *testing.T) { conformance.Run(t, "audit.mjs", at) })
	t.Run("graphql-transport-ws", func(t *testing.T) {
		conformance.Run(t, "protocol.mjs", at, "subscription{count(to:1000000)}", "500")
	})
	t.Run("clients", func(t *testing.T) { conformance.Run(t, "clients.mjs", at) })
}
