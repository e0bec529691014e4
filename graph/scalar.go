package graph

import (
	"fmt"
	"io"
	"strconv"

	"github.com/99designs/gqlgen/graphql"

	"github.com/stemma-kg/stemma/storage"
)

// MarshalString writes a String, an ID or an enum. An empty string is silence, and silence is null in the API: no field of the
// domain has a meaning for "".
func MarshalString(s string) graphql.Marshaler {
	if s == "" {
		return graphql.Null
	}
	return graphql.MarshalString(s)
}

// UnmarshalString reads a String, an ID or an enum.
func UnmarshalString(v any) (string, error) {
	if v == nil {
		return "", nil
	}
	return graphql.UnmarshalString(v)
}

// A Certainty says how a filter treats a number that is only a bound or a range.
type Certainty string

// The certainties.
const (
	Certain  Certainty = "CERTAIN"
	Possible Certainty = "POSSIBLE"
)

// MarshalGQL writes the certainty.
func (c Certainty) MarshalGQL(w io.Writer) { io.WriteString(w, strconv.Quote(string(c))) }

// UnmarshalGQL reads the certainty.
func (c *Certainty) UnmarshalGQL(v any) error {
	s, ok := v.(string)
	if !ok || s != string(Certain) && s != string(Possible) {
		return fmt.Errorf("%v is neither CERTAIN nor POSSIBLE", v)
	}
	*c = Certainty(s)
	return nil
}

// MarshalRevisionNumber writes a revision as an Int.
func MarshalRevisionNumber(r storage.Revision) graphql.Marshaler {
	return graphql.MarshalUint64(uint64(r))
}

// UnmarshalRevisionNumber reads a revision.
func UnmarshalRevisionNumber(v any) (storage.Revision, error) {
	n, err := graphql.UnmarshalUint64(v)
	return storage.Revision(n), err
}
