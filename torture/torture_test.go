package torture

import (
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// program is the path of the built program, scratch a directory for as long as the tests run.
var program, scratch string

// settings are what the environment asks for.
var settings = struct {
	long   bool
	rounds int   // of each kind, 0 for the default
	seed   int64 // of the first trial
	soak   time.Duration
}{soak: 2 * time.Second}

func TestMain(m *testing.M) { os.Exit(run(m)) }

func run(m *testing.M) int {
	flag.Parse()
	if testing.Short() {
		fmt.Println("torture: skipped by -short: the program that it tests is built apart, and gains nothing from this run's settings")
		return 0
	}
	settings.long = os.Getenv("STEMMA_TORTURE") == "long"
	settings.seed = 1
	if settings.long {
		settings.seed, settings.soak = time.Now().Unix(), time.Hour
	}
	var err error
	if s := os.Getenv("STEMMA_TORTURE_SEED"); s != "" {
		settings.seed, err = strconv.ParseInt(s, 10, 64)
	}
	if s := os.Getenv("STEMMA_TORTURE_ROUNDS"); s != "" && err == nil {
		settings.rounds, err = strconv.Atoi(s)
	}
	if s := os.Getenv("SOAK"); s != "" && err == nil {
		settings.soak, err = time.ParseDuration(s)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "torture:", err)
		return 2
	}
	scratch, err = os.MkdirTemp("", "stemma-torture-")
	if err != nil {
		fmt.Fprintln(os.Stderr, "torture:", err)
		return 2
	}
	defer os.RemoveAll(scratch)
	program, err = filepath.Abs(os.Getenv("STEMMA_TORTURE_PROGRAM"))
	if os.Getenv("STEMMA_TORTURE_PROGRAM") == "" {
		program = filepath.Join(scratch, "stemma")
		var out []byte
		if out, err = exec.Command("go", "build", "-o", program, "../cmd/stemma").CombinedOutput(); err != nil {
			err = fmt.Errorf("build the program: %w: %s", err, out)
		}
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "torture:", err)
		return 2
	}
	status := m.Run()
	if theReport.written != nil {
		fmt.Fprintln(os.Stderr, "torture: the report:", theReport.written)
		return 2
	}
	return status
}

// A trial is one thing that is done to the program. What it finds goes to the test and to the report.
type trial struct {
	*testing.T
	kind     string
	seed     int64
	random   *rand.Rand
	outcome  string // what came of it, for the counts of the report
	failures []string
}

// trials runs trials of a kind, each with a seed of its own.
func trials(t *testing.T, kind string, short, long int, fn func(*trial)) {
	n := short
	if settings.long {
		n = long
	}
	if settings.rounds > 0 {
		n = settings.rounds
	}
	for i := range n {
		seed := settings.seed + int64(i)
		t.Run(fmt.Sprintf("%d", seed), func(t *testing.T) {
			tr := &trial{T: t, kind: kind, seed: seed, random: rand.New(rand.NewPCG(uint64(seed), 0)), outcome: "passed"}
			defer theReport.add(tr)
			fn(tr)
		})
	}
}

// fails reports a broken promise; the trial goes on.
func (t *trial) fails(format string, args ...any) {
	t.Helper()
	t.failures = append(t.failures, fmt.Sprintf(format, args...))
	t.Errorf("seed %d: "+format, append([]any{t.seed}, args...)...)
}

// must ends the trial when something else than the promise goes wrong.
func (t *trial) must(err error) {
	t.Helper()
	if err != nil {
		t.stop("%v", err)
	}
}

// stop reports a broken promise after which the trial can't go on.
func (t *trial) stop(format string, args ...any) {
	t.Helper()
	t.fails(format, args...)
	t.FailNow()
}

// skips ends all trials of a kind aloud.
func skips(t *testing.T, kind, why string) {
	t.Helper()
	theReport.skip(kind, why)
	t.Skip(why)
}

// between returns a time in [low, high), as the seed has it.
func (t *trial) between(low, high time.Duration) time.Duration {
	return low + time.Duration(t.random.Int64N(int64(high-low)))
}
