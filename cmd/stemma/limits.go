package main

import (
	"errors"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"github.com/stemma-kg/stemma/graph/endpoint"
)

// off switches a limit off.
const off = -1

// limitFlags are the limits of the endpoint that are worth turning, each above 0 or off, and what it answers at all.
type limitFlags struct {
	MaxDepth      int       `help:"Fields within fields." default:"${max_depth}" group:"Limits of one request (-1: none)"`
	MaxCost       int       `help:"Nodes that an operation may visit, by estimate before it runs." default:"${max_cost}" group:"Limits of one request (-1: none)"`
	MaxLooks      int64     `help:"Nodes that its filters, orders and totals may look at." default:"${max_looks}" group:"Limits of one request (-1: none)"`
	MaxAliases    int       `help:"Aliases in a document." default:"${max_aliases}" group:"Limits of one request (-1: none)"`
	MaxRootFields int       `help:"Root fields of an operation." default:"${max_root_fields}" group:"Limits of one request (-1: none)"`
	MaxTokens     int       `help:"Tokens of a document: its words and signs." default:"${max_tokens}" group:"Limits of one request (-1: none)"`
	MaxBody       int64     `name:"max-body-bytes" help:"Bytes of a request." default:"${max_body}" group:"Limits of one request (-1: none)"`
	MaxBatch      int       `help:"Operations in one request; -1 refuses batches." default:"${max_batch}" group:"Limits of one request (-1: none)"`
	Timeout       timeLimit `help:"Time for an operation." default:"${timeout}" group:"Limits of one request (-1: none)"`
	MaxConcurrent int       `help:"Dear operations that run at once, and four times as many cheap ones; 0 is two for each CPU." default:"0" group:"Limits of one request (-1: none)"`
	MaxStreams    int       `help:"Websockets and event streams that are open at once, a quarter of them one client's." default:"${max_streams}" group:"Limits of one request (-1: none)"`
	RateLimit     int       `help:"Nodes, by estimate, that one client may ask for each second; 0 is 50,000 for those who are not on this machine." default:"0" group:"Limits of one request (-1: none)"`

	TrustedDocuments string `help:"Answer only the documents in this file: a JSON object of id and text, as Relay writes it, or a persisted query manifest of Apollo." placeholder:"FILE" group:"Who may do what"`
	NoIntrospection  bool   `help:"Don't tell what types and fields there are; the schema is at /schema.graphqls all the same." group:"Who may do what"`
	NoSuggestions    bool   `help:"Don't say which name a mistaken one may have meant." group:"Who may do what"`
}

// defaultRateLimit is for clients on other machines.
const defaultRateLimit = 50_000

// trustedDocuments are the only ones that are answered, nil if all are.
func (f limitFlags) trustedDocuments() (*endpoint.TrustedDocuments, error) {
	if f.TrustedDocuments == "" {
		return nil, nil
	}
	return endpoint.ReadTrusted(f.TrustedDocuments)
}

// rateExempt says who is not held to the rate limit: who is on this machine, unless a limit was given.
func (f limitFlags) rateExempt() func(*http.Request) bool {
	if f.RateLimit != 0 {
		return nil
	}
	return fromThisMachine
}

// fromThisMachine tells whether a request began on this machine: a proxy here passes on those of others, and says so.
func fromThisMachine(r *http.Request) bool {
	addr, err := netip.ParseAddrPort(r.RemoteAddr)
	if err != nil || !addr.Addr().Unmap().IsLoopback() {
		return false
	}
	for _, name := range []string{"Forwarded", "X-Forwarded-For", "X-Real-Ip", "Via"} {
		if r.Header.Get(name) != "" {
			return false
		}
	}
	return true
}

func (f limitFlags) limits() endpoint.Limits {
	rate := f.RateLimit
	if rate == 0 {
		rate = defaultRateLimit
	}
	return endpoint.Limits{
		MaxDepth: f.MaxDepth, MaxCost: f.MaxCost, MaxAliases: f.MaxAliases, MaxRootFields: f.MaxRootFields, MaxTokens: f.MaxTokens,
		MaxBodyBytes: f.MaxBody, MaxBatch: f.MaxBatch, Timeout: time.Duration(f.Timeout), MaxConcurrent: f.MaxConcurrent, MaxStreams: f.MaxStreams,
		RatePerSecond: rate,
	}
}

// A timeLimit is a time above 0, or off.
type timeLimit time.Duration

// UnmarshalText reads a time as Go writes it, such as 10s, or -1.
func (l *timeLimit) UnmarshalText(text []byte) error {
	if string(text) == fmt.Sprint(off) {
		*l = off
		return nil
	}
	d, err := time.ParseDuration(string(text))
	if err != nil || d <= 0 {
		return fmt.Errorf("%q: give a time above 0, such as 10s, or %d to switch the limit off", text, off)
	}
	*l = timeLimit(d)
	return nil
}

// maxScrubMiB is more than any device delivers.
const maxScrubMiB = 1 << 20

// maxNodeCacheMiB is a tebibyte.
const maxNodeCacheMiB = 1 << 20

// Validate refuses numbers that can't be meant, wherever they were given. The parser of the command line calls it.
func (c *serveCommand) Validate() error {
	var errs []error
	for _, f := range []struct {
		name  string
		value int64
	}{
		{"max-depth", int64(c.MaxDepth)}, {"max-cost", int64(c.MaxCost)}, {"max-looks", c.MaxLooks}, {"max-aliases", int64(c.MaxAliases)},
		{"max-root-fields", int64(c.MaxRootFields)}, {"max-tokens", int64(c.MaxTokens)}, {"max-body-bytes", c.MaxBody},
		{"max-batch", int64(c.MaxBatch)}, {"max-streams", int64(c.MaxStreams)},
	} {
		if f.value < 1 && f.value != off {
			errs = append(errs, fmt.Errorf("--%s=%d: give a number above 0, or %d to switch it off", f.name, f.value, off))
		}
	}
	if c.MaxConcurrent < off {
		errs = append(errs, fmt.Errorf("--max-concurrent=%d: give a number above 0, 0 for two for each CPU, or %d to switch it off", c.MaxConcurrent, off))
	}
	if c.RateLimit < off {
		errs = append(errs, fmt.Errorf("--rate-limit=%d: give a number above 0, 0 for %d for those who are not on this machine, or %d to switch it off", c.RateLimit, defaultRateLimit, off))
	}
	for _, f := range []struct {
		name  string
		value time.Duration
	}{{"drain", c.Drain}, {"grace", c.Grace}} {
		if f.value < 0 {
			errs = append(errs, fmt.Errorf("--%s=%v: give a time such as 10s, or 0s for none", f.name, f.value))
		}
	}
	if c.Scrub < 0 || c.Scrub > maxScrubMiB {
		errs = append(errs, fmt.Errorf("--scrub-mib-per-second=%d: give 0 to %d", c.Scrub, maxScrubMiB))
	}
	if c.NodeCache < 1 || c.NodeCache > maxNodeCacheMiB {
		errs = append(errs, fmt.Errorf("--node-cache-mib=%d: give 1 to %d", c.NodeCache, maxNodeCacheMiB))
	}
	return errors.Join(errs...)
}
