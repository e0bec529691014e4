package bench

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"
)

// BenchmarkStart starts the built program as a user does, and takes the time until it has answered a query from its graph: in a new
// directory, which it seeds first, and in one that exists. Then it lets the program rest for a second and looks at its memory.
func BenchmarkStart(b *testing.B) {
	program := filepath.Join(b.TempDir(), "stemma")
	if out, err := exec.Command("go", "build", "-o", program, "github.com/stemma-kg/stemma/cmd/stemma").CombinedOutput(); err != nil {
		b.Fatalf("build the program: %v\n%s", err, out)
	}
	existing := filepath.Join(b.TempDir(), "existing")
	first, _ := startProgram(b, program, existing)
	b.Logf("made the existing directory in %v", first)
	b.Run("existing", func(b *testing.B) {
		measureStart(b, program, func() string { return existing })
	})
	b.Run("fresh", func(b *testing.B) {
		base := b.TempDir()
		n := 0
		measureStart(b, program, func() string {
			n++
			return filepath.Join(base, fmt.Sprint(n))
		})
	})
}

func measureStart(b *testing.B, program string, dir func() string) {
	var took []time.Duration
	var resident int64
	for range b.N {
		t, rss := startProgram(b, program, dir())
		took, resident = append(took, t), max(resident, rss)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(percentile(took, 50), "first-answer-ms")
	b.ReportMetric(took[len(took)-1].Seconds()*1000, "slowest-ms")
	b.ReportMetric(float64(resident)/(1<<20), "idle-rss-MiB")
}

// startProgram runs the server until its first answer, and then for a second.
func startProgram(b *testing.B, program, dir string) (time.Duration, int64) {
	b.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		b.Fatal(err)
	}
	addr := l.Addr().String()
	l.Close()
	var log bytes.Buffer
	c := exec.Command(program, "serve", "--addr", addr, "--data", dir)
	c.Stderr = &log
	begin := time.Now()
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	for !answers(addr) {
		if time.Since(begin) > 30*time.Second {
			c.Process.Kill()
			c.Wait()
			b.Fatalf("no answer in 30 s:\n%s", log.String())
		}
		time.Sleep(time.Millisecond)
	}
	took := time.Since(begin)
	time.Sleep(time.Second)
	rss := memoryOf(c.Process.Pid, "VmRSS")
	if err := c.Process.Signal(os.Interrupt); err != nil {
		b.Fatal(err)
	}
	if err := c.Wait(); err != nil {
		b.Fatalf("the server ended with %v:\n%s", err, log.String())
	}
	return took, rss
}

// answers tells whether the server knows of a disease.
func answers(addr string) bool {
	r, err := http.Post("http://"+addr+"/graphql", "application/json", bytes.NewReader([]byte(`{"query":"{ diseases(first: 1) { nodes { id } } }"}`)))
	if err != nil {
		return false
	}
	defer r.Body.Close()
	var a struct {
		Data struct {
			Diseases struct{ Nodes []struct{ ID string } }
		}
	}
	return json.NewDecoder(r.Body).Decode(&a) == nil && len(a.Data.Diseases.Nodes) == 1
}
