package endpoint

import (
	"runtime"
	"time"
)

// Limits bound what one client, and all of them together, may ask for. In each field zero means the default and
// a negative number means no limit, unless the field says otherwise.
type Limits struct {
	MaxBodyBytes  int64 // of a POST body or a websocket message; default 1 MiB
	MaxBodyValues int   // JSON values, commas and colons in it, which bound what it takes in memory; default 50,000

	MaxTokens     int // of a document; default 2,000
	MaxDepth      int // nested fields, fragments followed; default 15; introspection has a limit of its own
	MaxAliases    int // written in a document; default 100
	MaxRootFields int // of an operation, fragments followed; default 20
	MaxDirectives int // written in a document; default 50
	MaxCost       int // nodes that an operation may visit, by estimate (see cost.go); default 200,000
	MaxBatch      int // operations in one POST, whose costs count together; default 10, negative refuses batches
	MaxErrors     int // in one answer; default 20

	Timeout       time.Duration // of a query or mutation; default 10 s
	MaxConcurrent int           // dear operations running at once, three quarters of them one client's, and four times as many cheap ones (see lightCost); default 2 per CPU, at least 4
	MaxWaiting    int           // for a slot of one kind, a quarter of them one client's; who comes then is UNAVAILABLE at once; default 400
	QueueWait     time.Duration // for a slot, then the answer is UNAVAILABLE; default 2 s

	RatePerSecond int // nodes, by estimate, that a client may ask for each second, and at least one with each request and operation; default no limit
	RateBurst     int // nodes that one which has been still may ask for at once, at least 2; default RatePerSecond for four seconds

	BodyTimeout  time.Duration // to send a body; default 15 s
	WriteTimeout time.Duration // to take a quarter megabyte of an answer or one event of a stream; default 10 s
	InitTimeout  time.Duration // from websocket to connection_init; default 5 s
	PingInterval time.Duration // between signs of life on a stream; default 15 s

	MaxStreams    int // websockets and event streams open at once, a quarter of them one client's; default 2,000
	MaxOperations int // open on one websocket; default 50

	CacheEntries int // prepared documents kept, which are also the persisted queries; default 1,000
	CacheBytes   int // of their text, each at most 64 KiB; default 2 MiB
}

// DefaultLimits are what a zero Limits stands for.
func DefaultLimits() Limits {
	return Limits{
		MaxBodyBytes: 1 << 20, MaxBodyValues: 50_000,
		MaxTokens: 2_000, MaxDepth: 15, MaxAliases: 100, MaxRootFields: 20, MaxDirectives: 50,
		MaxCost: 200_000, MaxBatch: 10, MaxErrors: 20,
		Timeout: 10 * time.Second, MaxConcurrent: max(4, 2*runtime.GOMAXPROCS(0)), MaxWaiting: 400, QueueWait: 2 * time.Second,
		BodyTimeout: 15 * time.Second, WriteTimeout: 10 * time.Second,
		InitTimeout: 5 * time.Second, PingInterval: 15 * time.Second,
		MaxStreams: 2_000, MaxOperations: 50,
		CacheEntries: 1_000, CacheBytes: 2 << 20,
	}
}

// unlimited stands for a limit that was switched off; small enough that sums with it don't overflow.
const unlimited = 1 << 30

// withDefaults fills in what is zero and makes what is negative so large that no check needs to ask.
func (l Limits) withDefaults() Limits {
	d := DefaultLimits()
	fill(&l.MaxBodyBytes, d.MaxBodyBytes)
	for _, f := range []struct {
		v *int
		d int
	}{
		{&l.MaxBodyValues, d.MaxBodyValues}, {&l.MaxTokens, d.MaxTokens}, {&l.MaxDepth, d.MaxDepth},
		{&l.MaxAliases, d.MaxAliases}, {&l.MaxRootFields, d.MaxRootFields}, {&l.MaxDirectives, d.MaxDirectives},
		{&l.MaxCost, d.MaxCost}, {&l.MaxErrors, d.MaxErrors}, {&l.MaxConcurrent, d.MaxConcurrent}, {&l.MaxWaiting, d.MaxWaiting},
		{&l.MaxStreams, d.MaxStreams}, {&l.MaxOperations, d.MaxOperations},
	} {
		fill(f.v, f.d)
	}
	for _, f := range []struct{ v, d *time.Duration }{
		{&l.Timeout, &d.Timeout}, {&l.QueueWait, &d.QueueWait}, {&l.BodyTimeout, &d.BodyTimeout},
		{&l.WriteTimeout, &d.WriteTimeout}, {&l.InitTimeout, &d.InitTimeout}, {&l.PingInterval, &d.PingInterval},
	} {
		switch {
		case *f.v == 0:
			*f.v = *f.d
		case *f.v < 0:
			*f.v = 10 * 365 * 24 * time.Hour
		}
	}
	if l.RateBurst <= 0 {
		l.RateBurst = 4 * min(l.RatePerSecond, unlimited/4)
	}
	l.RateBurst = max(2, l.RateBurst)
	// Here a negative number is a meaning of its own: no batches, no cache.
	if l.MaxBatch == 0 {
		l.MaxBatch = d.MaxBatch
	}
	if l.CacheEntries == 0 {
		l.CacheEntries = d.CacheEntries
	}
	if l.CacheBytes == 0 {
		l.CacheBytes = d.CacheBytes
	}
	return l
}

func fill[T ~int | ~int64](v *T, d T) {
	switch {
	case *v == 0:
		*v = d
	case *v < 0:
		*v = unlimited
	}
}
