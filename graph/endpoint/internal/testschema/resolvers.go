package testschema

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/99designs/gqlgen/graphql"
	"github.com/vektah/gqlparser/v2/gqlerror"
)

// People is how many there are.
const People = 1000

// New returns the schema with its resolvers.
func New() graphql.ExecutableSchema {
	return NewExecutableSchema(Config{Resolvers: root{}})
}

type (
	root         struct{}
	query        struct{}
	mutation     struct{}
	subscription struct{}
	person       struct{}
	moody        struct{}
)

func (root) Query() QueryResolver               { return query{} }
func (root) Mutation() MutationResolver         { return mutation{} }
func (root) Subscription() SubscriptionResolver { return subscription{} }
func (root) Person() PersonResolver             { return person{} }
func (root) Moody() MoodyResolver               { return moody{} }

func (query) Hello(_ context.Context, name *string, tone *Tone) (string, error) {
	greeting := "hello"
	if tone != nil && *tone == ToneCold {
		greeting = "yes"
	}
	if name == nil {
		return greeting, nil
	}
	return greeting + ", " + *name, nil
}

func (query) Wait(ctx context.Context) (*string, error) {
	<-ctx.Done()
	return nil, ctx.Err()
}

func (query) Fail(_ context.Context, how Failure) (*string, error) {
	switch how {
	case FailurePanic:
		panic("secret in a panic")
	case FailureCoded:
		return nil, &gqlerror.Error{Message: "no such disease", Extensions: map[string]any{"code": "NOT_FOUND"}}
	default:
		return nil, errors.New("secret in an error: /var/lib/data")
	}
}

func (query) Moody(_ context.Context, n int) ([]*Moody, error) {
	list := make([]*Moody, n)
	for i := range list {
		list[i] = &Moody{}
	}
	return list, nil
}

func (moody) Mood(context.Context, *Moody) (*string, error) { return nil, errors.New("bad mood") }

func newPerson(n int) *Person {
	return &Person{ID: fmt.Sprint(n), Name: fmt.Sprintf("person %d", n), Tags: []*Tag{{Name: "a"}, {Name: "b"}}}
}

func (query) Node(_ context.Context, id string) (Node, error) {
	var n int
	if _, err := fmt.Sscan(id, &n); err != nil || n < 0 || n >= People {
		return nil, nil
	}
	return newPerson(n), nil
}

func (q query) Nodes(ctx context.Context, ids []string) ([]Node, error) {
	list := make([]Node, len(ids))
	for i, id := range ids {
		list[i], _ = q.Node(ctx, id)
	}
	return list, nil
}

func (query) People(_ context.Context, first *int, _ *string, last *int, _ *PersonFilter) (*PersonConnection, error) {
	return page(first, last), nil
}

func (query) Search(context.Context, string) ([]Found, error) {
	return []Found{newPerson(1), &Place{ID: "p", Name: "here"}}, nil
}

func (person) Friends(_ context.Context, _ *Person, first *int, _ *string, last *int) (*PersonConnection, error) {
	return page(first, last), nil
}

func (person) Best(_ context.Context, obj *Person) (*Person, error) { return newPerson(7), nil }

func page(first, last *int) *PersonConnection {
	n := 25
	if last != nil {
		n = *last
	} else if first != nil {
		n = *first
	}
	c := &PersonConnection{PageInfo: &PageInfo{HasNextPage: n < People}, TotalCount: People}
	for i := range min(max(n, 0), People) {
		p := newPerson(i)
		c.Nodes = append(c.Nodes, p)
		c.Edges = append(c.Edges, &PersonEdge{Cursor: p.ID, Node: p})
	}
	return c
}

func (mutation) Add(_ context.Context, n int) (int, error) { return n + 1, nil }

func (subscription) Count(ctx context.Context, to, everyMs int) (<-chan int, error) {
	ch := make(chan int)
	go func() {
		defer close(ch)
		for i := 1; i <= to; i++ {
			select {
			case <-time.After(time.Duration(everyMs) * time.Millisecond):
			case <-ctx.Done():
				return
			}
			select {
			case ch <- i:
			case <-ctx.Done():
				return
			}
		}
	}()
	return ch, nil
}

func (subscription) Flood(ctx context.Context, bytes int) (<-chan string, error) {
	text := strings.Repeat("x", bytes)
	ch := make(chan string)
	go func() {
		defer close(ch)
		for {
			select {
			case ch <- text:
			case <-ctx.Done():
				return
			}
		}
	}()
	return ch, nil
}

func (subscription) Fail(context.Context) (<-chan int, error) {
	return nil, errors.New("secret: no feed")
}
