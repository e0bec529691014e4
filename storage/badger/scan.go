package badger

import (
	"bytes"
	"slices"
	"sync"

	badgerdb "github.com/dgraph-io/badger/v4"
)

// A scanner walks over ranges of keys that begin alike, up or down, an update's own writes included. One scanner serves many ranges:
// opening an iterator costs more than seeking.
type scanner struct {
	overlay *overlay // nil in a view
	spare   *spare   // takes the iterator back; nil closes it
	it      *badgerdb.Iterator
	down    bool

	lo, hi []byte // the range: lo ≤ key < hi
	over   []string
	next   int  // of over, the first that is not yet passed
	onOver bool // the current entry is over[next]
	done   bool
}

// scanner opens a scanner of what begins with the prefix: the longer it is, the fewer of Badger's tables are opened. Close it
// before the reader ends.
func (r *reader) scanner(prefix []byte, down bool) *scanner {
	opt := badgerdb.IteratorOptions{Prefix: prefix, Reverse: down}
	s := &scanner{it: r.txn.NewIterator(opt), down: down}
	if r.writer != nil {
		s.overlay = r.writer.overlay
	}
	return s
}

// edgeScanner opens a scanner of all edges. In a view its iterator is one that an earlier call has left, if there is one: an answer
// takes dozens of short lists from one snapshot.
func (r *reader) edgeScanner(down bool) *scanner {
	prefix := []byte{tableEdge}
	if r.writer != nil {
		return r.scanner(prefix, down)
	}
	spare := &r.up
	if down {
		spare = &r.down
	}
	if it := spare.take(); it != nil {
		return &scanner{it: it, down: down, spare: spare}
	}
	s := r.scanner(prefix, down)
	s.spare = spare
	return s
}

// A spare holds the iterators over all edges, in one direction, that no call uses now: at most as many as calls have run at once.
type spare struct {
	mu        sync.Mutex
	iterators []*badgerdb.Iterator
}

func (s *spare) take() *badgerdb.Iterator {
	s.mu.Lock()
	defer s.mu.Unlock()
	n := len(s.iterators)
	if n == 0 {
		return nil
	}
	it := s.iterators[n-1]
	s.iterators = s.iterators[:n-1]
	return it
}

func (s *spare) put(it *badgerdb.Iterator) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.iterators = append(s.iterators, it)
}

func (s *spare) close() {
	for it := s.take(); it != nil; it = s.take() {
		it.Close()
	}
}

func (s *scanner) close() {
	if s.spare != nil {
		s.spare.put(s.it)
		return
	}
	s.it.Close()
}

// start puts the scanner at the first entry of lo ≤ key < hi, the last when it goes down. All keys of the range are of the list.
func (s *scanner) start(list, lo, hi []byte) {
	s.lo, s.hi, s.onOver, s.done = lo, hi, false, bytes.Compare(lo, hi) >= 0
	if s.done {
		return
	}
	if s.overlay != nil {
		s.over = s.overlay.list(list)
		// Whether it goes up or down, over[:next] is what has been passed.
		if s.down {
			s.over = slices.Clone(s.over)
			slices.Reverse(s.over)
			s.next, _ = slices.BinarySearchFunc(s.over, hi, func(k string, hi []byte) int {
				if k >= string(hi) {
					return -1
				}
				return 1
			})
		} else {
			s.next, _ = slices.BinarySearch(s.over, string(lo))
		}
	}
	if s.down {
		s.it.Seek(hi)
		for s.it.Valid() && bytes.Compare(s.it.Item().Key(), hi) >= 0 {
			s.it.Next()
		}
	} else {
		s.it.Seek(lo)
	}
	s.settle()
}

// advance goes on to the following entry.
func (s *scanner) advance() {
	if s.onOver {
		s.next++
	} else {
		s.it.Next()
	}
	s.settle()
}

// settle finds the entry to stand on: the nearer of what the snapshot has and what the update wrote.
func (s *scanner) settle() {
	s.onOver = false
	var base []byte
	for {
		base = nil
		if s.it.Valid() {
			if k := s.it.Item().Key(); s.inside(k) {
				base = k
			}
		}
		if base == nil || s.overlay == nil {
			break
		}
		if _, hidden := s.overlay.entries[string(base)]; !hidden {
			break
		}
		s.it.Next()
	}
	for s.next < len(s.over) && s.overlay.entries[s.over[s.next]].now == nil {
		s.next++
	}
	if s.next < len(s.over) && s.insideString(s.over[s.next]) {
		k := s.over[s.next]
		if base == nil || (k < string(base)) != s.down {
			s.onOver = true
			return
		}
	}
	s.done = base == nil
}

func (s *scanner) inside(k []byte) bool {
	if s.down {
		return bytes.Compare(k, s.lo) >= 0
	}
	return bytes.Compare(k, s.hi) < 0
}

func (s *scanner) insideString(k string) bool {
	if s.down {
		return k >= string(s.lo)
	}
	return k < string(s.hi)
}

// valid tells whether the scanner stands on an entry.
func (s *scanner) valid() bool { return s.onOver || !s.done }

// key returns the entry's key, which is the scanner's own until it moves on.
func (s *scanner) key() []byte {
	if s.onOver {
		return []byte(s.over[s.next])
	}
	return s.it.Item().Key()
}

// payload calls fn with the entry's payload, which is fn's only while it runs.
func (s *scanner) payload(fn func([]byte) error) error {
	if s.onOver {
		return fn(s.overlay.entries[s.over[s.next]].now)
	}
	return payloadOf(s.it.Item(), fn)
}

// payloadOf opens the envelope of an item.
func payloadOf(item *badgerdb.Item, fn func([]byte) error) error {
	var failed error
	err := item.Value(func(v []byte) error {
		p, err := unseal(item.Key(), v)
		if err == nil {
			err = fn(p)
		}
		failed = err
		return nil
	})
	if err != nil {
		return corrupt(item.Key(), "its value can't be read: %v", err)
	}
	return failed
}
