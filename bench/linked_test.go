package bench

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"testing"
	"time"

	"github.com/stemma-kg/stemma/bench/internal/synth"
	"github.com/stemma-kg/stemma/storage/badger"
)

// dirEnv names a directory where generated stores are kept between runs.
const dirEnv = "STEMMA_BENCH_DIR"

// filled returns the directory of a store that holds the graph of a size: one of an earlier run, or one that it fills now.
func filled(b *testing.B, size synth.Size) string {
	b.Helper()
	base := os.Getenv(dirEnv)
	if base == "" {
		base = b.TempDir()
	}
	dir := filepath.Join(base, fmt.Sprintf("%s-v%d", size.Name, synth.Version))
	done := dir + ".done" // written when the store is whole
	if _, err := os.Stat(done); err == nil {
		s, err := badger.Open(dir, badger.Options{})
		if err == nil {
			err = s.Close()
		}
		if err != nil {
			b.Fatalf("the store of an earlier run can't be opened: %v; delete %s", err, dir)
		}
		return dir
	} else if !errors.Is(err, os.ErrNotExist) {
		b.Fatal(err)
	}
	if err := os.RemoveAll(dir); err != nil {
		b.Fatal(err)
	}
	// What is written refers to what was written before: with all of it in memory, nothing is read back.
	s, err := badger.Open(dir, badger.Options{NodeCacheBytes: 2 << 30, MemTableBytes: 64 << 20})
	if err != nil {
		b.Fatal(err)
	}
	start := time.Now()
	n, err := synth.New(size).Load(b.Context(), s)
	if err = errors.Join(err, s.Close()); err != nil {
		b.Fatal(err)
	}
	took := time.Since(start)
	fmt.Printf("filled %s: %d nodes, %d edges in %.1f s, %.0f records/s\n", size.Name, n.Nodes, n.Edges, took.Seconds(), float64(n.Nodes+n.Edges)/took.Seconds())
	if err := os.WriteFile(done, nil, 0o600); err != nil {
		b.Fatal(err)
	}
	return dir
}

// busy is how many diseases have at least 20 trials, also in the smallest graph.
const busy = 40

// BenchmarkLinkedEvidence asks Stemma the linked-evidence query over HTTP, beside a handler that writes the same bytes, gqlgen over maps,
// and a handler without GraphQL over the same store. All of them give equal answers before any is timed.
func BenchmarkLinkedEvidence(b *testing.B) {
	size, diseases := synth.M, synth.M.Diseases
	if testing.Short() {
		size, diseases = synth.S, busy
	}
	store := filled(b, size)
	stemma := start(b, "stemma", store)
	maps := start(b, "gqlgen", size.Name)
	contenders := []contender{
		{"stemma", stemma, "/graphql"},
		{"store-by-hand", stemma, "/hand"},
		{"gqlgen-over-maps", maps, "/graphql"},
	}
	answers := map[string]string{}
	for _, q := range []question{plain, withEvidence} {
		for i, body := range q.bodies(diseases) {
			first := ask(b, contenders[0], body)
			answers[string(body)] = string(first)
			want := data(b, contenders[0], first)
			if n := trialsOf(want); n != 20 {
				b.Fatalf("disease %d has %d trials, and each is to have 20 or more: %.200s", i, n, first)
			}
			for _, c := range contenders[1:] {
				if got := data(b, c, ask(b, c, body)); !reflect.DeepEqual(got, want) {
					b.Fatalf("%s answers otherwise about disease %d:\n%.600s\n%.600s", c.name, i, ask(b, c, body), first)
				}
			}
		}
	}
	file := filepath.Join(b.TempDir(), "answers.json")
	text, err := json.Marshal(answers)
	if err != nil {
		b.Fatal(err)
	}
	if err := os.WriteFile(file, text, 0o600); err != nil {
		b.Fatal(err)
	}
	contenders = append(contenders, contender{"same-bytes", start(b, "bytes", file), "/graphql"})

	for _, q := range []question{plain, withEvidence} {
		bodies := q.bodies(diseases)
		results := map[string]result{}
		for _, c := range contenders {
			b.Run(q.name+"/"+c.name, func(b *testing.B) { results[c.name] = c.measure(b, bodies) })
		}
		ours, ok := results["stemma"]
		if !ok {
			continue // left out by -bench
		}
		for _, c := range contenders[1:] {
			if r, ok := results[c.name]; ok {
				fmt.Printf("%s: stemma / %s: %.2f of the requests per second, %.2f times the processor time, %.2f times the p50\n",
					q.name, c.name, ours.perSecond/r.perSecond, ours.cpu/r.cpu, ours.p50/r.p50)
			}
		}
	}
}

func ask(b *testing.B, c contender, body []byte) []byte {
	b.Helper()
	conn, err := dial(c.server, c.path)
	if err != nil {
		b.Fatal(err)
	}
	defer conn.conn.Close()
	var out bytes.Buffer
	if err := conn.post(body, &out); err != nil {
		b.Fatalf("%s: %v", c.name, err)
	}
	return out.Bytes()
}

// data is the answer without its extensions, which only Stemma has.
func data(b *testing.B, c contender, response []byte) map[string]any {
	b.Helper()
	var r struct {
		Data   map[string]any
		Errors []any
	}
	if err := json.Unmarshal(response, &r); err != nil || len(r.Errors) > 0 || r.Data == nil {
		b.Fatalf("%s: %v %.600s", c.name, err, response)
	}
	return r.Data
}

func trialsOf(data map[string]any) int {
	disease, _ := data["disease"].(map[string]any)
	trials, _ := disease["trials"].(map[string]any)
	for _, list := range trials {
		items, _ := list.([]any)
		return len(items)
	}
	return 0
}
