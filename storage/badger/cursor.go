package badger

import (
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/stemma-kg/stemma/kg"
	"github.com/stemma-kg/stemma/storage"
)

// A cursor is the tail of a key behind the prefix of its list, so that it holds a place in the order and no item; in front
// stand four bytes that name the list and four that prove the whole, all in base64url.
const cursorHead = 8

// maxCursor bounds the length of a cursor: three escaped strings and an id, in base64url.
const maxCursor = 1 << 14

// A listName stands for a list within its cursors.
type listName uint32

func nameList(parts ...string) listName {
	h := fnv.New32a()
	h.Write([]byte(strings.Join(parts, "\x00")))
	return listName(h.Sum32())
}

// hopName ignores the order of predicates: they are merged in one order anyway.
func hopName(id kg.ID, ways []way) listName {
	var b strings.Builder
	for _, w := range ways {
		b.WriteByte(w.direction)
		b.WriteByte(w.predicate)
	}
	return nameList("hop", string(id), b.String())
}

func findName(f storage.Find) listName {
	order := "up"
	if f.Descending {
		order = "down"
	}
	return nameList("find", string(f.Category), f.Term, order)
}

func (l listName) cursor(tail []byte) string {
	b := make([]byte, cursorHead, cursorHead+len(tail))
	b = append(b, tail...)
	binary.BigEndian.PutUint32(b, uint32(l))
	binary.BigEndian.PutUint32(b[4:], checksum(b[:4], tail))
	return base64.RawURLEncoding.EncodeToString(b)
}

// place returns the tail that a cursor holds.
func (l listName) place(cursor string) ([]byte, error) {
	if len(cursor) <= maxCursor {
		b, err := base64.RawURLEncoding.Strict().DecodeString(cursor)
		if err == nil && len(b) > cursorHead && binary.BigEndian.Uint32(b) == uint32(l) && binary.BigEndian.Uint32(b[4:]) == checksum(b[:4], b[cursorHead:]) {
			return b[cursorHead:], nil
		}
	}
	return nil, fmt.Errorf("%w: %.40q", storage.ErrBadCursor, cursor)
}

// cut takes the page out of what was read: up to limit+1 items in the direction of reading.
func cut[T any](items []T, w storage.Window) (page []T, hasNext, hasPrev bool) {
	limit := max(w.Limit, 0)
	more := len(items) > limit
	if more {
		items = items[:limit]
	}
	if w.Backward {
		slices.Reverse(items)
		return items, false, more
	}
	return items, more, false
}
