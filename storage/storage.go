// Package storage says how a graph is kept, at the level of the graph: nodes, edges, one hop, one page, one revision.
// It knows nothing of GraphQL above it and shows nothing of bytes below it.
//
// The engines are packages of their own: memory is the reference, badger the embedded default. Every engine passes
// storagetest.Run, which is the law; a doc comment here that the law does not test is a defect of the law.
package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"time"

	"github.com/stemma-kg/stemma/kg"
)

// A Revision names a state of the graph. Revisions count from 1 without gaps, one for each commit that changed something;
// 0 is the empty graph.
type Revision uint64

// At chooses the snapshot that a View reads: the newest, or the graph as it was.
type At struct {
	Revision Revision // 0: the newest
}

// A Store keeps a graph. Its methods may be called from many goroutines. Every engine passes storagetest.Run.
type Store interface {
	// View calls fn with one snapshot: the newest, or the one that at names. What fn reads stays as it is while fn runs,
	// whatever is committed meanwhile. It returns fn's error, or [ErrNoRevision] for a revision that is not there yet.
	// The Reader may be used from many goroutines, and not after fn has returned.
	View(ctx context.Context, at At, fn func(Reader) error) error

	// Update calls fn in a transaction: readers see all of its writes, or none. Writers take turns; fn may be called again
	// after a conflict, so it must not have effects of its own. When fn returns nil and changed something, the new
	// revision is durable when Update returns it; when nothing changed, Update returns the current revision and writes
	// nothing. An error of fn, or of a write that fn ignored, rolls everything back.
	Update(ctx context.Context, c Commit, fn func(Writer) error) (Revision, error)

	// Changes yields every commit after rev, oldest first and without gaps, then waits for more until ctx is done, and ends
	// without an error then. It may be resumed with the last revision received.
	Changes(ctx context.Context, rev Revision) iter.Seq2[Change, error]

	// Revisions returns the commits in (after, upto], oldest first, at most limit of them; 0 for upto means the newest.
	Revisions(ctx context.Context, after, upto Revision, limit int) ([]RevisionInfo, error)

	// RevisionAt returns the newest revision that was committed at or before t, 0 when there was none.
	RevisionAt(ctx context.Context, t time.Time) (Revision, error)

	// Close releases the store. Views that still run keep their snapshot until they end; whatever is called later
	// returns [ErrClosed].
	Close() error
}

// A Reader reads one snapshot. Results are in the order of what was asked for.
type Reader interface {
	Revision() Revision

	// Nodes returns the nodes with these ids, in any of their names (canonical id, alias, exact and verified xref), in the
	// order asked; a missing node is nil, not an error. The nodes are shared: they must not be changed.
	Nodes(ctx context.Context, ids ...kg.ID) ([]kg.Node, error)

	// Neighbors returns, for each canonical id, a page of the nodes one hop away, with the edges that lead there. An
	// unknown id has an empty page.
	Neighbors(ctx context.Context, ids []kg.ID, hop Hop) ([]Page[Neighbor], error)

	// Scan returns a page of the nodes that find describes.
	Scan(ctx context.Context, find Find) (Page[kg.Node], error)

	// Count returns how many nodes find describes, whatever its page. Without Term it costs the same for any size.
	Count(ctx context.Context, find Find) (int64, error)

	// History returns the revisions at which the node changed, newest first, as far as this snapshot knows.
	History(ctx context.Context, id kg.ID) ([]Version, error)
}

// A Writer reads its own writes. It refuses what Validate refuses, with a [kg.InvalidError].
type Writer interface {
	Reader

	// PutNodes creates nodes or replaces them whole. A name that another node has is refused with [ErrTaken], another category than
	// the node has with a [kg.InvalidError]. So is, when the update ends, a source of its facts, labels or mappings that is no node
	// of category Reference then; a Reference may name itself.
	PutNodes(ctx context.Context, nodes ...kg.Node) error

	// PutEdges creates edges or replaces those with the same [kg.EdgeKey]. Both ends and the source must exist
	// ([ErrNoNode]), under their canonical ids; the predicate must fit their categories, and the source must be a Reference
	// ([kg.InvalidError]).
	PutEdges(ctx context.Context, edges ...kg.Edge) error

	// DeleteNodes removes nodes and their edges. A missing one is no error. A Reference that nodes or edges still
	// name as their source is refused with [ErrInUse].
	DeleteNodes(ctx context.Context, ids ...kg.ID) error

	// DeleteEdges removes edges. A missing one is no error.
	DeleteEdges(ctx context.Context, keys ...kg.EdgeKey) error
}

// A Commit says who changes the graph, and why. It is kept with the revision.
type Commit struct {
	Author string // who: the name of a token, of an importer
	Reason string // why, in a sentence
	Token  string // the id of the token, for the audit log alone
	From   string // the writer's network address, for the audit log alone
}

// A RevisionInfo is what is known of one commit.
type RevisionInfo struct {
	Revision Revision
	Time     time.Time // of the commit, UTC, never before that of an earlier revision
	Author   string
	Reason   string
	Release  string // the name given to this revision, "" for most
	Nodes    int    // put and deleted
	Edges    int
}

// A Change is one commit with all that it changed.
type Change struct {
	RevisionInfo
	Changed []Changed
}

// An Op is what happened to a node or an edge.
type Op string

// The operations.
const (
	Put    Op = "PUT"
	Delete Op = "DELETE"
)

// A Changed is one node or edge that a commit put or deleted: Edge is nil for a node.
type Changed struct {
	Op       Op          `cbor:"1,keyasint"`
	Node     kg.ID       `cbor:"2,keyasint,omitempty"`
	Category kg.Category `cbor:"3,keyasint,omitempty"`
	Edge     *kg.EdgeKey `cbor:"4,keyasint,omitempty"`
}

// A Version is one state of a node: put at a revision, or deleted there.
type Version struct {
	Revision Revision
	Deleted  bool
}

// A Window chooses a page of a totally ordered list: the first Limit items after a cursor, or, Backward, the last Limit
// before one. A cursor marks a place in the order, so it stays valid when its item is gone.
type Window struct {
	After    string // "": from the start; otherwise a cursor of the same list
	Before   string // "": to the end
	Limit    int    // at most so many items; 0 counts and returns none
	Backward bool   // take the last Limit items of the range, not the first; the items stay in the list's order
	Count    bool   // fill Page.Total
}

// A Hop describes the nodes one edge away from a node.
type Hop struct {
	Predicates []kg.Predicate // one or several, merged in one order
	Reverse    bool           // from object to subject
	Window
}

// A Find describes the nodes of a category, in the order of the category or of one of its terms. Nodes that have the same value
// are in the order of the category; a node that has several values stands at each of them.
type Find struct {
	Category kg.Category
	Term     string // "": all, in the default order; otherwise those that have the term, in the order of its values
	// From and To bound the term's values: From inclusive, To exclusive; "" is open. Equal is both, and wins.
	From, To string
	Equal    *string
	// Descending turns the order round.
	Descending bool
	Window
}

// A Page is a part of a list.
type Page[T any] struct {
	Items   []T
	Cursors []string // of the items, opaque outside of the engine
	HasNext bool     // there are items after the last one, within the window
	HasPrev bool     // there are items before the first one, within the window
	Total   int64    // of the whole list, whatever the window's cursors; filled when Window.Count
}

// A Neighbor is a node one hop away, and the edges that lead there: one for each source and role that states it.
type Neighbor struct {
	Node      kg.Node
	Predicate kg.Predicate
	// Edges decodes the edges, at least one.
	Edges func() ([]kg.Edge, error)
}

// Errors that callers tell apart. Engines wrap them with what they know.
var (
	ErrClosed     = errors.New("the store is closed")
	ErrNoRevision = errors.New("no such revision")
	ErrNoNode     = errors.New("no such node")
	ErrTaken      = errors.New("the name belongs to another node")
	ErrInUse      = errors.New("still in use")
	ErrBadCursor  = errors.New("not a cursor of this list")
	ErrReadOnly   = errors.New("the store is read-only")
	ErrLocked     = errors.New("the store is in use by another process")
	ErrForeign    = errors.New("not a Stemma store")
	ErrNewer      = errors.New("the store was written by a newer Stemma")
	ErrCorrupt    = errors.New("the store is damaged")
	ErrFull       = errors.New("no space is left on the device")
	ErrNetwork    = errors.New("the directory is on a network file system")
)

// A TakenError names the node that has the name already.
type TakenError struct {
	Name  kg.ID
	Owner kg.ID
	For   kg.ID
}

func (e *TakenError) Error() string {
	return fmt.Sprintf("%s can't be a name of %s: it is one of %s", e.Name, e.For, e.Owner)
}

// Unwrap returns [ErrTaken].
func (e *TakenError) Unwrap() error { return ErrTaken }

// A Checker proves that nodes, edges, indexes, counters and history agree.
type Checker interface {
	// Check reads the whole store and calls report for each disagreement. It returns what it read.
	Check(ctx context.Context, report func(Problem)) (CheckResult, error)
}

// A Problem is one disagreement within a store.
type Problem struct {
	Where string // the key, node or edge
	What  string
}

func (p Problem) String() string { return p.Where + ": " + p.What }

// A CheckResult says what was checked.
type CheckResult struct {
	Revision Revision
	Nodes    int64
	Edges    int64
	Entries  int64 // index entries, counters, names and changes compared
	Problems int64
}

// A Snapshotter writes a store to a stream, history included; the engine's Restore reads it back.
type Snapshotter interface {
	// Backup writes what was written after a revision, up to the newest one, which it returns, while others read and write: everything
	// after 0. For a revision that is not there yet it returns [ErrNoRevision] and writes nothing.
	Backup(ctx context.Context, w io.Writer, since Revision) (Revision, error)
}

// A Gauge tells whether a store can be written to.
type Gauge interface {
	// Writable says why an Update would be refused now, whatever it writes: it is nil, or wraps [ErrFull], [ErrReadOnly] or [ErrCorrupt].
	Writable() error
}

// A Releaser names revisions.
type Releaser interface {
	// Release gives the newest revision a name; c says who does. A name that another revision has is refused with [ErrTaken].
	Release(ctx context.Context, c Commit, name string) (Revision, error)
	// Releases returns the named revisions, oldest first.
	Releases(ctx context.Context) ([]RevisionInfo, error)
}

// As finds an optional ability of a store, through decorators that have an Unwrap method.
func As[T any](s Store) (T, bool) {
	for {
		if t, ok := s.(T); ok {
			return t, true
		}
		u, ok := s.(interface{ Unwrap() Store })
		if !ok {
			var none T
			return none, false
		}
		s = u.Unwrap()
	}
}
