package endpoint

import (
	"container/list"
	"math"
	"sync"
	"time"

	"github.com/vektah/gqlparser/v2/gqlerror"
)

// maxBuckets is how many clients a rate limit remembers. Of more, the one that asked longest ago is forgotten, with
// what it owes.
const maxBuckets = 20_000

// A rate limits what each client spends: a bucket of burst nodes, into which perSecond flow. A nil rate limits nothing.
type rate struct {
	perSecond, burst float64
	now              func() time.Time

	mu    sync.Mutex
	order *list.List // of *bucket; the one used last is first
	by    map[string]*list.Element
}

// A bucket is what one client may spend at the moment at. It is below zero after an operation that cost more than a bucket holds.
type bucket struct {
	client string
	level  float64
	at     time.Time
}

// newRate returns the rate that l asks for.
func newRate(l Limits, now func() time.Time) *rate {
	if l.RatePerSecond <= 0 {
		return nil
	}
	return &rate{perSecond: float64(l.RatePerSecond), burst: float64(l.RateBurst), now: now, order: list.New(), by: map[string]*list.Element{}}
}

// spend takes cost from a client's bucket, or nothing, and then says why not. What costs more than a bucket holds is paid
// for by one that is full but for the node that asking took, and by waiting longer after it.
func (r *rate) spend(client string, cost int) *gqlerror.Error {
	if r == nil || cost <= 0 {
		return nil
	}
	r.mu.Lock()
	defer r.mu.Unlock()
	now := r.now()
	el := r.by[client]
	if el == nil {
		el = r.order.PushFront(&bucket{client: client, level: r.burst, at: now})
		r.by[client] = el
		if r.order.Len() > maxBuckets {
			last, _ := r.order.Remove(r.order.Back()).(*bucket)
			delete(r.by, last.client)
		}
	}
	r.order.MoveToFront(el)
	b, _ := el.Value.(*bucket)
	b.level = min(r.burst, b.level+r.perSecond*max(0, now.Sub(b.at).Seconds()))
	b.at = now
	if lacks := min(float64(cost), r.burst-1) - b.level; lacks > 0 {
		seconds := int(math.Ceil(lacks / r.perSecond))
		err := Errorf(CodeRateLimited, "you have asked for more than %.0f nodes a second, which is what one client may: this costs %d, and can be asked for in %d s", r.perSecond, cost, seconds)
		err.Extensions["cost"], err.Extensions["limit"], err.Extensions["retryAfter"] = cost, int(r.perSecond), seconds
		return err
	}
	b.level -= float64(cost)
	return nil
}
