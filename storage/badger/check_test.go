package badger

import (
	"strings"
	"testing"

	badgerdb "github.com/dgraph-io/badger/v4"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
	"github.com/stemma-kg/stemma/storage/storagetest"
)

// A stored entry is a raw value with its timestamp.
type storedEntry struct {
	value []byte
	ts    uint64
}

// put writes behind the engine's back: a raw value, or a deletion when it is nil.
func (s *Store) put(t *testing.T, key, value []byte, ts uint64) {
	t.Helper()
	txn := s.db.NewTransactionAt(ts, true)
	defer txn.Discard()
	var err error
	if value == nil {
		err = txn.Delete(key)
	} else {
		err = txn.Set(key, value)
	}
	if err == nil {
		err = txn.CommitAt(ts, nil)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// dump returns every entry of the newest state.
func (s *Store) dump(t *testing.T) map[string]storedEntry {
	t.Helper()
	out := map[string]storedEntry{}
	txn, _ := s.latest()
	defer txn.Discard()
	it := txn.NewIterator(badgerdb.IteratorOptions{})
	defer it.Close()
	for it.Rewind(); it.Valid(); it.Next() {
		v, err := it.Item().ValueCopy(nil)
		if err != nil {
			t.Fatal(err)
		}
		out[string(it.Item().KeyCopy(nil))] = storedEntry{v, it.Item().Version()}
	}
	return out
}

func (s *Store) problems(t *testing.T) int {
	t.Helper()
	n := 0
	if _, err := s.Check(bg, func(storage.Problem) { n++ }); err != nil {
		t.Fatal(err)
	}
	return n
}

// Whatever single entry is lost, damaged or added, Check says so.
func TestCheckFindsEveryDamage(t *testing.T) {
	s := openAt(t, t.TempDir(), tiny)
	defer closed(t, s)
	update(t, s, graph(2, 4))
	update(t, s, func(w storage.Writer) error { return w.DeleteNodes(bg, trialID(3)) })
	if _, err := s.Release(bg, storage.Commit{Author: "test"}, "one"); err != nil {
		t.Fatal(err)
	}
	if n := s.problems(t); n != 0 {
		t.Fatalf("an undamaged store has %d problems", n)
	}
	entries := s.dump(t)
	for k, e := range entries {
		key, v := []byte(k), e.value
		if key[0] == tableMeta {
			continue // without a head there is no store: Open's business
		}
		if key[0] != tableRelease { // a name that is gone was never known to anything else
			s.put(t, key, nil, e.ts)
			if s.problems(t) == 0 {
				t.Errorf("lost and not missed: %s", describe(key))
			}
		}
		for _, at := range []int{0, 1, len(v) - 1} {
			bad := append([]byte{}, v...)
			bad[at] ^= 0x10
			s.put(t, key, bad, e.ts)
			if s.problems(t) == 0 {
				t.Errorf("damaged at byte %d and not noticed: %s", at, describe(key))
			}
		}
		s.put(t, key, v, e.ts)
		// A node that was replaced behind the engine's back is still in the cache of decoded nodes.
		s.cache.nodes.InvalidateAll()
	}
	if _, err := s.Check(bg, func(p storage.Problem) { t.Errorf("after all was put back: %s", p) }); err != nil {
		t.Fatal(err)
	}
	d0, d1, t0 := kg.ID("condition:d0"), kg.ID("condition:d1"), trialID(0)
	trial := storagetest.Trial(t0, "Trial 0", "1990")
	for _, e := range []struct {
		key, payload []byte
	}{
		{nameKey("alias:nobody"), []byte(d0)},
		{termKey(kg.CategoryDisease, "", "", "another rank", d0), nil},
		{termKey(kg.CategoryDisease, "name", "another", "disease 0", d0), nil},
		{termKey(kg.CategoryDisease, "", "", "nobody", "condition:nobody"), nil},
		{keyed(tableDegree, kg.ID("condition:nobody").Key()), degrees{{forward, 1}: 1}.encode()},
		{keyed(tableDegree, d0.Key()), degrees{{forward, 1}: 1}.encode()},
		{keyed(tableUse, kg.ID("source:nobody").Key()), uses{1, 1}.encode()},
		{keyed(tableUse, storagetest.Source.Key()), uses{1, 1}.encode()},
		{countKey(kg.CategoryAgent), encodeCount(1)},
		{countKey(kg.CategoryDisease), encodeCount(1)},
		{edgeKey(d0.Key(), way{forward, kg.SubtypeOf.Code()}, "disease 1", d1), []byte{0x80}},
		{edgeKey(d1.Key(), way{reverse, kg.Investigates.Code()}, trial.Rank(), t0), []byte{0x80}},
		{revisionKey(tableRevision, 3), entries[string(revisionKey(tableRevision, 2))].value[envelopeLength:]},
		{changeKey(2, 1), entries[string(changeKey(2, 0))].value[envelopeLength:]},
		{changeKey(2, 0), entries[string(changeKey(1, 0))].value[envelopeLength:]},
		{revisionKey(tableRelease, 9), []byte("nine")},
		{[]byte("zz"), nil},
		{nodeKey("condition:nobody"), entries[string(nodeKey(d0))].value[envelopeLength:]},
	} {
		head := s.head.Load().last()
		was := entries[string(e.key)]
		s.put(t, e.key, seal(e.key, e.payload), max(was.ts, head))
		if s.problems(t) == 0 {
			t.Errorf("added and not noticed: %s", describe(e.key))
		}
		s.put(t, e.key, was.value, max(was.ts, head))
	}
}

// A damaged value is an error that names what is damaged, never an empty node.
func TestDamagedValueIsNotServed(t *testing.T) {
	dir := t.TempDir()
	s := openAt(t, dir, tiny)
	update(t, s, graph(1, 3))
	key := nodeKey(trialID(1))
	edge := string(edgeList(kg.ID("condition:d0").Key(), way{reverse, kg.Investigates.Code()}))
	for k, e := range s.dump(t) {
		if strings.HasPrefix(k, edge) {
			e.value[len(e.value)-1] ^= 1
			s.put(t, []byte(k), e.value, e.ts)
		}
	}
	s.put(t, key, []byte{}, 1)
	closed(t, s)
	s = openAt(t, dir, tiny)
	defer closed(t, s)
	err := s.View(bg, storage.At{}, func(r storage.Reader) error {
		if n, err := r.Nodes(bg, trialID(1)); err == nil {
			t.Errorf("a damaged node is served as %v", n)
		} else {
			wantError(t, err, storage.ErrCorrupt, trialID(1).Key().UUID())
		}
		_, err := r.Neighbors(bg, []kg.ID{"condition:d0"}, storage.Hop{Predicates: []kg.Predicate{kg.Investigates}, Reverse: true, Window: storage.Window{Limit: 5}})
		wantError(t, err, storage.ErrCorrupt, "INVESTIGATES")
		n, err := r.Nodes(bg, trialID(2))
		if err != nil || n[0] == nil {
			t.Errorf("what is whole is not served: %v, %v", n, err)
		}
		return nil
	})
	if err != nil {
		t.Error(err)
	}
}
