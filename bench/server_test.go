package bench

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"runtime/pprof"
	"strings"
	"testing"

	"github.com/stemma-kg/stemma/bench/internal/synth"
	"github.com/stemma-kg/stemma/bench/peer"
	"github.com/stemma-kg/stemma/graph"
	"github.com/stemma-kg/stemma/storage/badger"
)

// Each server that is measured is a process of its own, so that its memory and its processor time are its own: this test binary, started
// again with these set.
const (
	serveEnv   = "STEMMA_BENCH_SERVE"   // which server
	fromEnv    = "STEMMA_BENCH_FROM"    // what it answers from: a store's directory, a size, a file
	profileEnv = "STEMMA_BENCH_PROFILE" // a directory for profiles of the Stemma server
)

func TestMain(m *testing.M) {
	if kind := os.Getenv(serveEnv); kind != "" {
		if err := serve(kind, os.Getenv(fromEnv)); err != nil {
			fmt.Fprintln(os.Stderr, "bench server:", err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// serve is the life of such a process: it says where it listens, and ends with its input.
func serve(kind, from string) error {
	mux := http.NewServeMux()
	switch kind {
	case "stemma", "stemma without a cache":
		var o badger.Options
		if kind != "stemma" {
			o.NodeCacheBytes = 1
		}
		store, err := badger.Open(from, o)
		if err != nil {
			return err
		}
		defer store.Close()
		e, err := graph.New(graph.Options{Store: store, Version: "bench", Log: slog.New(slog.DiscardHandler)})
		if err != nil {
			return err
		}
		mux.Handle("/graphql", e)
		mux.Handle("/hand", hand{store})
	case "gqlgen":
		for _, size := range []synth.Size{synth.S, synth.M, synth.L} {
			if size.Name == from {
				mux.Handle("/graphql", peer.Load(synth.New(size)).Handler())
			}
		}
	case "bytes":
		b, err := os.ReadFile(from)
		if err != nil {
			return err
		}
		var answers map[string]string
		if err := json.Unmarshal(b, &answers); err != nil {
			return err
		}
		mux.HandleFunc("/graphql", func(w http.ResponseWriter, r *http.Request) {
			body, err := io.ReadAll(r.Body)
			if err != nil {
				return
			}
			w.Header().Set("Content-Type", "application/json")
			_, _ = io.WriteString(w, answers[string(body)])
		})
	default:
		return fmt.Errorf("there is no server %q", kind)
	}
	mux.HandleFunc("/usage", func(w http.ResponseWriter, _ *http.Request) { _ = json.NewEncoder(w).Encode(usageNow()) })
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return err
	}
	runtime.GC()
	if dir := os.Getenv(profileEnv); dir != "" && kind == "stemma" {
		stop, err := profile(filepath.Join(dir, filepath.Base(from)))
		if err != nil {
			return err
		}
		defer stop()
	}
	fmt.Println(l.Addr())
	go http.Serve(l, mux)
	_, err = io.Copy(io.Discard, os.Stdin)
	return err
}

// profile writes where the processor's time goes, and what is allocated, until stop is called.
func profile(path string) (stop func(), err error) {
	cpu, err := os.Create(path + ".cpu.pprof")
	if err != nil {
		return nil, err
	}
	if err := pprof.StartCPUProfile(cpu); err != nil {
		return nil, err
	}
	return func() {
		pprof.StopCPUProfile()
		cpu.Close()
		if f, err := os.Create(path + ".allocs.pprof"); err == nil {
			_ = pprof.Lookup("allocs").WriteTo(f, 0)
			f.Close()
		}
	}, nil
}

// A usage is what a process has used since it began.
type usage struct {
	Allocs, AllocBytes uint64
	CPUSeconds         float64 // 0 where the system doesn't tell
	ResidentBytes      int64   // now; 0 where the system doesn't tell
	AnonymousBytes     int64   // of those, what is not a mapped file that the system may drop
}

func usageNow() usage {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return usage{Allocs: m.Mallocs, AllocBytes: m.TotalAlloc, CPUSeconds: cpuSeconds(),
		ResidentBytes: memoryOf(os.Getpid(), "VmRSS"), AnonymousBytes: memoryOf(os.Getpid(), "RssAnon")}
}

// memoryOf reads a figure of a process from Linux's /proc, in bytes.
func memoryOf(pid int, figure string) int64 {
	b, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0
	}
	var kib int64
	if _, rest, ok := strings.Cut(string(b), "\n"+figure+":"); ok {
		fmt.Sscan(rest, &kib)
	}
	return kib << 10
}

// A server is such a process, seen from the benchmark.
type server struct{ addr string }

// start starts a server and waits until it listens. It ends with the benchmark.
func start(b *testing.B, kind, from string) server {
	b.Helper()
	self, err := os.Executable()
	if err != nil {
		b.Fatal(err)
	}
	c := exec.Command(self)
	c.Env = append(os.Environ(), serveEnv+"="+kind, fromEnv+"="+from)
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		in.Close()
		if err := c.Wait(); err != nil {
			b.Errorf("server %s: %v", kind, err)
		}
	})
	addr, err := bufio.NewReader(out).ReadString('\n')
	if err != nil {
		b.Fatalf("server %s did not start: %v", kind, err)
	}
	return server{strings.TrimSpace(addr)}
}

func (s server) usage(b *testing.B) usage {
	b.Helper()
	r, err := http.Get("http://" + s.addr + "/usage")
	if err != nil {
		b.Fatal(err)
	}
	defer r.Body.Close()
	var u usage
	if err := json.NewDecoder(r.Body).Decode(&u); err != nil {
		b.Fatal(err)
	}
	return u
}
