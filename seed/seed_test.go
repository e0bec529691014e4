package seed_test

import (
	"testing"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/seed"
)

func load(t *testing.T) *seed.Graph {
	t.Helper()
	g, err := seed.Load()
	if err != nil {
		t.Fatal(err)
	}
	return g
}

func TestLoadCounts(t *testing.T) {
	g := load(t)
	count := map[kg.Category]int{}
	for _, n := range g.Nodes {
		count[n.Category()]++
	}
	t.Log(count, len(g.Nodes), len(g.Edges))
}
