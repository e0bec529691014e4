package torture

import (
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// A bank is a claim, and its accounts are the edges from it: the balance of each is the edge's remark. A transfer puts the claim and
// two of its edges in one mutation, if nobody has changed the claim since its balances were read. So the sum is the same at every
// revision, unless a write is seen in part, or one that should have conflicted did not.

const (
	bankAccounts = 8
	bankStart    = 1000
	readBank     = `($id: ID!) { meta { revision } claim(id: $id) { about(first: 20) { edges { evidence { remark } node { id } } } } }`
	transfer     = `mutation ($id: ID!, $tag: String!, $edges: [EdgeInput!], $if: Int) { w: putClaim(input: {reason: $tag, ifRevision: $if,
		claim: {id: $id, label: $tag, kind: BACKGROUND, text: $tag, modality: ASSERTED}, edges: $edges}) { revision } }`
)

type balances struct {
	revision int
	of       map[string]int
}

func (b balances) sum() (n int) {
	for _, v := range b.of {
		n += v
	}
	return n
}

// balancesOf reads a bank, as of a revision unless it is 0.
func balancesOf(s *server, bank string, at int) (b balances, err error) {
	document := "query " + readBank
	if at > 0 {
		document = fmt.Sprintf("query ($id: ID!) @asOf(revision: %d) %s", at, readBank[len("($id: ID!)"):])
	}
	a, err := s.ask("", document, map[string]any{"id": bank})
	if err == nil {
		err = a.err()
	}
	if err != nil {
		return b, err
	}
	var data struct {
		Meta  struct{ Revision int }
		Claim struct {
			About struct {
				Edges []struct {
					Evidence []struct{ Remark string }
					Node     struct{ ID string }
				}
			}
		}
	}
	if err := json.Unmarshal(a.Data, &data); err != nil {
		return b, err
	}
	b = balances{data.Meta.Revision, map[string]int{}}
	for _, e := range data.Claim.About.Edges {
		for _, ev := range e.Evidence {
			v, err := strconv.Atoi(ev.Remark)
			if err != nil {
				return b, err
			}
			b.of[e.Node.ID] += v
		}
	}
	return b, nil
}

func account(n int) string { return fmt.Sprintf("agent:account-%d", n) }

func edgeTo(account string, balance int) map[string]any {
	return map[string]any{"predicate": "ABOUT", "object": account, "remark": strconv.Itoa(balance)}
}

func TestBank(t *testing.T) {
	trials(t, "bank", 1, 10, func(t *trial) {
		p := newPlace(t, t.TempDir())
		copySeeded(t, p.data)
		s := p.start(t)
		for n := range bankAccounts {
			if l := newLedger(); !l.send(s, p.write, write{tag: account(n), id: account(n)}, 0) || len(l.acked) != 1 {
				t.stop("make an account: %v", l.last)
			}
		}
		banks := []string{"claim:bank-a", "claim:bank-b"}
		for _, bank := range banks {
			var edges []map[string]any
			for n := range bankAccounts {
				edges = append(edges, edgeTo(account(n), bankStart))
			}
			a, err := s.ask(p.write, transfer, map[string]any{"id": bank, "tag": "opened", "edges": edges})
			t.must(err)
			t.must(a.err())
		}
		opened, err := balancesOf(s, banks[0], 0)
		t.must(err)

		length := 700 * time.Millisecond
		if settings.long {
			length = 30 * time.Second
		}
		var transfers, conflicts, reads atomic.Int64
		failed := make(chan error, 16)
		var all sync.WaitGroup
		end := time.Now().Add(length)
		worker := func(n int, fn func(r *rand.Rand, bank string) error) {
			all.Go(func() {
				r := rand.New(rand.NewPCG(uint64(t.seed), uint64(n)))
				for time.Now().Before(end) {
					if err := fn(r, banks[r.IntN(len(banks))]); err != nil {
						failed <- err
						return
					}
				}
			})
		}
		for n := range 4 {
			worker(n, func(r *rand.Rand, bank string) error {
				b, err := balancesOf(s, bank, 0)
				if err != nil {
					return err
				}
				from, to, amount := r.IntN(bankAccounts), r.IntN(bankAccounts), r.IntN(100)
				if from == to {
					return nil
				}
				a, err := s.ask(p.write, transfer, map[string]any{"id": bank, "tag": fmt.Sprint(r.Int64()), "if": b.revision,
					"edges": []any{edgeTo(account(from), b.of[account(from)]-amount), edgeTo(account(to), b.of[account(to)]+amount)}})
				switch {
				case err != nil:
					return err
				case a.code() == "CONFLICT":
					conflicts.Add(1)
					return nil
				}
				transfers.Add(1)
				return a.err()
			})
		}
		for n := range 2 {
			worker(100+n, func(r *rand.Rand, bank string) error {
				b, err := balancesOf(s, bank, 0)
				if err == nil && r.IntN(2) == 0 && b.revision > opened.revision {
					b, err = balancesOf(s, bank, opened.revision+r.IntN(b.revision-opened.revision+1))
				}
				reads.Add(1)
				if err == nil && (b.sum() != bankAccounts*bankStart || len(b.of) != bankAccounts) {
					err = fmt.Errorf("WRONG: %s at revision %d sums to %d in %d accounts", bank, b.revision, b.sum(), len(b.of))
				}
				return err
			})
		}
		all.Wait()
		close(failed)
		for err := range failed {
			t.fails("%v", err)
		}
		if transfers.Load() == 0 || conflicts.Load() == 0 {
			t.fails("%d transfers and %d conflicts: the trial proves nothing", transfers.Load(), conflicts.Load())
		}
		t.count("transfers", int(transfers.Load()))
		t.count("conflicts", int(conflicts.Load()))
		t.count("sums read", int(reads.Load()))
		newest, err := balancesOf(s, banks[0], 0)
		t.must(err)
		step := 1
		if !settings.long {
			step = 1 + (newest.revision-opened.revision)/100
		}
		for at := opened.revision; at <= newest.revision; at += step {
			for _, bank := range banks {
				if b, err := balancesOf(s, bank, at); err != nil || b.sum() != bankAccounts*bankStart {
					t.stop("WRONG: %s as of revision %d sums to %d: %v", bank, at, b.sum(), err)
				}
			}
		}
		s.stop(t)
		checked(t, p.data)
	})
}
