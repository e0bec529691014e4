package main

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// startAndStop runs `stemma serve` as one that is told to stop at once, and returns what it says and its status.
func startAndStop(t *testing.T, args ...string) (stderr string, status int) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	stop()
	var out, errs bytes.Buffer
	args = append([]string{"serve", "--addr=127.0.0.1:0", "--no-seed"}, args...)
	status = run(ctx, args, &host{stdin: strings.NewReader(""), stdout: &out, stderr: &errs, now: time.Now, random: randomReader})
	return errs.String(), status
}

// A number that can't be meant is refused by name, on the command line, in the environment and in the file.
func TestLimitsAreRefused(t *testing.T) {
	for flag, values := range map[string]string{
		"max-depth": "0 -2", "max-cost": "0 -7", "max-looks": "0 -2", "max-aliases": "0 -2", "max-root-fields": "0 -2", "max-tokens": "0 -2",
		"max-body-bytes": "0 -2", "max-batch": "0 -2", "max-concurrent": "-2", "max-streams": "0 -2", "rate-limit": "-2", "node-cache-mib": "0 -1 1048577",
		"timeout": "0 0s -1s -2 10 soon", "drain": "-1s -1", "grace": "-1s -1",
	} {
		for _, value := range strings.Fields(values) {
			refused := func(where, errs string, status int) {
				t.Helper()
				if status != statusError || !strings.Contains(errs, flag) || !strings.Contains(errs, strings.TrimSuffix(value, "s")) {
					t.Errorf("%s %s=%s: status %d, %s", where, flag, value, status, errs)
				}
			}
			errs, status := startAndStop(t, "--ephemeral", "--"+flag+"="+value)
			refused("command line", errs, status)
			file := filepath.Join(t.TempDir(), "stemma.yaml")
			if err := os.WriteFile(file, []byte(flag+": "+value+"\n"), 0o600); err != nil {
				t.Fatal(err)
			}
			errs, status = startAndStop(t, "--ephemeral", "--config", file)
			refused("file", errs, status)
			t.Run("environment", func(t *testing.T) {
				t.Setenv("STEMMA_"+strings.ToUpper(strings.ReplaceAll(flag, "-", "_")), value)
				errs, status := startAndStop(t, "--ephemeral")
				refused("environment", errs, status)
			})
		}
	}
}

func TestLimitsAreTaken(t *testing.T) {
	for flag, values := range map[string]string{
		"max-depth": "1 -1", "max-cost": "1 -1", "max-looks": "1 -1", "max-aliases": "1 -1", "max-root-fields": "1 -1", "max-tokens": "1 -1",
		"max-body-bytes": "1 -1", "max-batch": "1 -1", "max-concurrent": "1 0 -1", "max-streams": "1 -1", "rate-limit": "1 0 -1", "node-cache-mib": "1",
		"timeout": "1ms 1h -1", "drain": "0s 1ms", "grace": "0s 1ms",
	} {
		for _, value := range strings.Fields(values) {
			if errs, status := startAndStop(t, "--ephemeral", "--"+flag+"="+value); status != statusGood {
				t.Errorf("--%s=%s: status %d, %s", flag, value, status, errs)
			}
		}
	}
	// What another command is started with is none of its business.
	t.Setenv("STEMMA_MAX_DEPTH", "0")
	if _, errs, status := command(t, "version"); status != statusGood {
		t.Errorf("version: status %d, %s", status, errs)
	}
}

// Flags that contradict each other are refused when they come from one place. Else the command line comes before the environment,
// and that before the file.
func TestContradictions(t *testing.T) {
	dir := t.TempDir()
	write := func(name, text string) string {
		t.Helper()
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		return path
	}
	document := write("document.graphql", "{ __typename }")
	missing, backup := filepath.Join(dir, "missing"), filepath.Join(dir, "backup")
	const url = "http://127.0.0.1:1"
	for _, c := range []struct {
		name string
		env  map[string]string
		file string
		args []string
		says []string
	}{
		{"query", nil, "", []string{"query", document, "--data", missing, "--url", url}, []string{"--data", "--url", "one of them"}},
		{"backup", nil, "", []string{"backup", backup, "--data", missing, "--url", url}, []string{"--data", "--url", "one of them"}},
		{"both in the environment", map[string]string{"STEMMA_DATA": missing, "STEMMA_URL": url}, "", []string{"query", document}, []string{"--data", "--url", "one of them"}},
		{"both in the file", nil, "data: " + missing + "\nurl: " + url, []string{"query", document}, []string{"--data", "--url", "one of them"}},
		{"environment before file", map[string]string{"STEMMA_DATA": missing}, "url: " + url, []string{"query", document}, []string{"no store in " + missing}},
		{"command line before environment", map[string]string{"STEMMA_URL": url}, "", []string{"query", document, "--data", missing}, []string{"no store in " + missing}},
		{"the other way round", map[string]string{"STEMMA_DATA": missing}, "", []string{"query", document, "--url", url}, []string{"is it running"}},
		{"backup: command line before environment", map[string]string{"STEMMA_URL": url}, "", []string{"backup", backup, "--data", missing}, []string{"no store in " + missing}},
		{"command line before both", map[string]string{"STEMMA_DATA": missing, "STEMMA_URL": url}, "", []string{"query", document, "--url", url}, []string{"is it running"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			for name, value := range c.env {
				t.Setenv(name, value)
			}
			_, errs, status := command(t, append(c.args, "--config", write("config.yaml", c.file))...)
			if status != statusError {
				t.Errorf("status %d", status)
			}
			for _, want := range c.says {
				if !strings.Contains(errs, want) {
					t.Errorf("it does not say %q: %s", want, errs)
				}
			}
		})
	}
	t.Run("serve", func(t *testing.T) {
		data := filepath.Join(dir, "data")
		errs, status := startAndStop(t, "--ephemeral", "--data", data)
		if status != statusError || !strings.Contains(errs, "--ephemeral") || !strings.Contains(errs, "--data") {
			t.Errorf("status %d, %s", status, errs)
		}
		if errs, status := startAndStop(t, "--ephemeral", "--config", write("keep.yaml", "data: "+data)); status != statusGood || !strings.Contains(errs, "nothing is kept") {
			t.Errorf("--ephemeral before a file: status %d, %s", status, errs)
		}
		if _, err := os.Stat(data); err == nil {
			t.Error("a server that keeps nothing has made a directory")
		}
		for _, text := range []string{"ephemeral: true", "ephemeral: false"} {
			if errs, status := startAndStop(t, "--data", data, "--config", write("forget.yaml", text)); status != statusGood || strings.Contains(errs, "nothing is kept") {
				t.Errorf("--data before %s: status %d, %s", text, status, errs)
			}
		}
		if errs, status := startAndStop(t, "--config", write("no.yaml", "ephemeral: false\ndata: "+data)); status != statusGood || strings.Contains(errs, "nothing is kept") {
			t.Errorf("ephemeral: false contradicts nothing: status %d, %s", status, errs)
		}
	})
}
