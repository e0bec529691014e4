package memory

import (
	"encoding/base64"
	"fmt"
	"hash/fnv"
	"slices"
	"strings"

	"github.com/stemma-kg/stemma/storage"
)

// An entry is an item of a list with its place in the order.
type entry[T any] struct {
	key  []string
	item T
}

func sorted[T any](list []entry[T]) []entry[T] {
	slices.SortFunc(list, func(a, b entry[T]) int { return slices.Compare(a.key, b.key) })
	return list
}

// cut returns the window of a whole list that runs up or down.
func cut[T any](list []entry[T], name string, w storage.Window, down bool) (storage.Page[T], error) {
	page := storage.Page[T]{}
	if w.Count {
		page.Total = int64(len(list))
	}
	order := func(e entry[T], key []string) int {
		if down {
			return slices.Compare(key, e.key)
		}
		return slices.Compare(e.key, key)
	}
	from, to := 0, len(list)
	if w.After != "" {
		key, err := place(name, w.After)
		if err != nil {
			return page, err
		}
		i, there := slices.BinarySearchFunc(list, key, order)
		if from = i; there {
			from++
		}
	}
	if w.Before != "" {
		key, err := place(name, w.Before)
		if err != nil {
			return page, err
		}
		to, _ = slices.BinarySearchFunc(list, key, order)
	}
	list = list[from:max(from, to)]
	switch {
	case len(list) <= w.Limit:
	case w.Backward:
		page.HasPrev = true
		list = list[len(list)-max(w.Limit, 0):]
	default:
		page.HasNext = true
		list = list[:max(w.Limit, 0)]
	}
	for _, e := range list {
		page.Items = append(page.Items, e.item)
		page.Cursors = append(page.Cursors, cursor(name, e.key))
	}
	return page, nil
}

// digest stands at the head of a cursor, so that a cursor of another list is known.
func digest(name string) string {
	h := fnv.New64a()
	h.Write([]byte(name))
	return string(h.Sum(nil))
}

func cursor(name string, key []string) string {
	return base64.RawURLEncoding.EncodeToString([]byte(digest(name) + strings.Join(key, "\x00")))
}

func place(name, cursor string) ([]string, error) {
	b, err := base64.RawURLEncoding.DecodeString(cursor)
	if err == nil && strings.HasPrefix(string(b), digest(name)) {
		if key := strings.Split(string(b[len(digest(name)):]), "\x00"); len(key) == 3 {
			return key, nil
		}
	}
	return nil, fmt.Errorf("%w: %q", storage.ErrBadCursor, cursor)
}
